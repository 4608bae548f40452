#include "net/dns_cache.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tollgate::net {

namespace {

Duration kept(std::chrono::seconds ttl, const ResolverConfig& config) {
  return std::max(config.min_ttl, std::min<std::chrono::milliseconds>(ttl, config.max_ttl));
}

}  // namespace

DnsCache::Found DnsCache::find(const std::string& host, TimePoint now) const {
  const auto known = names_.find(host);
  if (known == names_.end()) return {};
  const Entry& entry = known->second;
  const bool may_ask = now >= entry.ask_again_at;
  if (!entry.addresses.empty() && now < entry.fresh_until) return {State::fresh, &entry.addresses, nullptr, may_ask};
  if (!entry.addresses.empty() && now < entry.stale_until) return {State::stale, &entry.addresses, nullptr, may_ask};
  if (!may_ask) return {State::negative, nullptr, &entry.why, false, entry.is_unknown_name};
  return {};
}

void DnsCache::store_answer(const std::string& host, std::vector<Address> addresses, std::chrono::seconds ttl,
                            TimePoint now, const ResolverConfig& config) {
  Entry& entry = entry_of(host, now);
  entry.addresses = std::move(addresses);
  entry.fresh_until = now + kept(ttl, config);
  entry.stale_until = entry.fresh_until + config.stale;
  entry.ask_again_at = now;
  entry.why.clear();
}

void DnsCache::store_rest(const std::string& host, const std::vector<Address>& addresses, std::chrono::seconds ttl,
                          TimePoint now, const ResolverConfig& config) {
  const auto known = names_.find(host);
  if (known == names_.end()) return;
  Entry& entry = known->second;
  const auto v6 = std::count_if(entry.addresses.begin(), entry.addresses.end(), [](const Address& a) { return a.is_v6(); });
  const bool has_both = v6 != 0 && static_cast<std::size_t>(v6) != entry.addresses.size();
  if (entry.addresses.empty() || has_both) return;
  const bool lacks_v6 = v6 == 0;
  std::copy_if(addresses.begin(), addresses.end(),
               std::inserter(entry.addresses, lacks_v6 ? entry.addresses.end() : entry.addresses.begin()),
               [lacks_v6](const Address& a) { return a.is_v6() == lacks_v6; });
  entry.fresh_until = std::min(entry.fresh_until, now + kept(ttl, config));
}

void DnsCache::store_no_such_name(const std::string& host, std::string why, TimePoint now,
                                  const ResolverConfig& config) {
  Entry& entry = entry_of(host, now);
  entry.addresses.clear();
  store_failure(host, std::move(why), now, config);
  entry.is_unknown_name = true;
}

void DnsCache::store_failure(const std::string& host, std::string why, TimePoint now, const ResolverConfig& config) {
  Entry& entry = entry_of(host, now);
  entry.ask_again_at = now + config.negative_ttl;
  entry.why = std::move(why);
  entry.is_unknown_name = false;
}

DnsCache::Entry& DnsCache::entry_of(const std::string& host, TimePoint now) {
  if (names_.size() >= most_names && !names_.contains(host)) {
    std::erase_if(names_, [now](const auto& name) {
      return now >= name.second.stale_until && now >= name.second.ask_again_at;
    });
    if (names_.size() >= most_names) names_.erase(names_.begin());
  }
  return names_[host];
}

}  // namespace tollgate::net
