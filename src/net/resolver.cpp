#include "net/resolver.hpp"

#include "net/dns_channel.hpp"

#include <netinet/in.h>
#include <sys/stat.h>

#include <algorithm>
#include <list>
#include <utility>

namespace tollgate::net {

namespace {

// How long a request waits for a newer answer while there is an old one (RFC 8767 suggests 1.8 s).
constexpr std::chrono::milliseconds patience{500};

std::vector<Address> with_port(const std::vector<Address>& addresses, std::uint16_t port) {
  std::vector<Address> out = addresses;
  for (Address& address : out) {
    if (address.is_v6()) {
      reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
    } else {
      reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
    }
  }
  return out;
}

std::int64_t last_change(const char* file) {
  struct stat facts {};
  if (::stat(file, &facts) != 0) return 0;
  return facts.st_mtim.tv_sec * 1'000'000'000 + facts.st_mtim.tv_nsec;
}

void count(std::atomic<std::uint64_t>& counter) { counter.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

// One name that is being asked for, and who waits for it.
struct Resolver::Lookup {
  std::string host;
  Perimeter& perimeter;
  std::shared_ptr<DnsChannel> channel;  // which may have been replaced since
  DnsAnswer answer;
  bool is_done = false;
  std::list<Waiter*> waiting;
};

class Resolver::Waiter : private Timer {
 public:
  Waiter(Loop& loop, std::shared_ptr<Lookup> lookup, TimePoint until) : loop_(loop), lookup_(std::move(lookup)) {
    at = until;
  }
  Waiter(const Waiter&) = delete;
  ~Waiter() { leave(); }

  bool await_ready() const noexcept { return lookup_->is_done; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    place_ = lookup_->waiting.insert(lookup_->waiting.end(), this);
    fire = [](Timer& timer) { static_cast<Waiter&>(timer).wake(); };
    loop_.arm(*this);
  }
  void await_resume() const noexcept {}

  void wake() {
    leave();
    caller_.resume();
  }

 private:
  void leave() {
    loop_.disarm(*this);
    if (!caller_ || place_ == lookup_->waiting.end()) return;
    lookup_->waiting.erase(place_);
    place_ = lookup_->waiting.end();
  }

  Loop& loop_;
  std::shared_ptr<Lookup> lookup_;
  std::coroutine_handle<> caller_;
  std::list<Waiter*>::iterator place_;
};

Resolver::Resolver(Loop& loop) : loop_(loop) {}

// What a channel is asked holds the look-up that holds the channel.
Resolver::~Resolver() {
  channel_.reset();
  for (auto& [host, lookup] : lookups_) lookup->channel.reset();
}

awaitable<Resolved> Resolver::resolve(std::string host, std::uint16_t port, Perimeter& perimeter, TimePoint deadline) {
  Resolved result;
  if (const auto literal = parse_address(host, port)) {
    result.addresses.push_back(*literal);
    return result;
  }
  use(*perimeter.rules());
  const auto found = cache_.find(host, Clock::now());
  switch (found.state) {
    case DnsCache::State::fresh:
      count(perimeter.lookups.cached);
      result.addresses = with_port(*found.addresses, port);
      return result;
    case DnsCache::State::negative: 
      result.error = *found.why;
      result.is_unknown_name = found.is_unknown_name;
      return result;
    case DnsCache::State::stale:
      if (found.may_ask) break;
      count(perimeter.lookups.stale);
      result.addresses = with_port(*found.addresses, port);
      return result;
    case DnsCache::State::unknown: break;
  }
  return wait(std::move(host), port, perimeter, deadline);
}

awaitable<Resolved> Resolver::wait(std::string host, std::uint16_t port, Perimeter& perimeter, TimePoint deadline) {
  Resolved result;
  const bool has_old_answer = cache_.find(host, Clock::now()).state == DnsCache::State::stale;
  const auto lookup = ask(host, perimeter);
  Waiter waiter(loop_, lookup, has_old_answer ? std::min(deadline, Clock::now() + patience) : deadline);
  co_await waiter;
  if (lookup->is_done && lookup->answer.kind == DnsAnswer::Kind::addresses) {
    result.addresses = with_port(lookup->answer.addresses, port);
    co_return result;
  }
  const auto found = cache_.find(host, Clock::now());
  if (found.state == DnsCache::State::stale) {
    count(perimeter.lookups.stale);
    result.addresses = with_port(*found.addresses, port);
  } else {
    result.error = lookup->is_done ? lookup->answer.why : "name resolution took too long";
    result.is_unknown_name = lookup->is_done && lookup->answer.kind == DnsAnswer::Kind::no_such_name;
  }
  co_return result;
}

const std::vector<Address>* Resolver::look(const std::string& host, Perimeter& perimeter) {
  use(*perimeter.rules());
  const auto found = cache_.find(host, Clock::now());
  if (found.state == DnsCache::State::fresh) return found.addresses;
  if (found.state != DnsCache::State::negative && found.may_ask) ask(host, perimeter);
  return nullptr;
}

// Another name server may give other answers; other times hold for the answers to come.
void Resolver::use(const ResolverConfig& config) {
  if (config_.name_servers != config.name_servers) {
    channel_.reset();
    cache_.clear();
  }
  if (config_ != config) config_ = config;
}

std::shared_ptr<Resolver::Lookup> Resolver::ask(const std::string& host, Perimeter& perimeter) {
  auto& lookup = lookups_[host];
  if (lookup) return lookup;
  const std::int64_t changed = last_change("/etc/resolv.conf");
  if (!channel_ || changed != resolv_conf_changed_) channel_ = std::make_shared<DnsChannel>(loop_, config_);
  resolv_conf_changed_ = changed;
  lookup = std::make_shared<Lookup>(host, perimeter, channel_);
  const auto asked = lookup;
  // Told from inside the channel, which must not be destroyed there: the rest follows from the event loop.
  channel_->ask(host, [this, asked, from = std::weak_ptr<DnsChannel>(channel_)](DnsAnswer answer) {
    loop_.post([this, asked, from, answer = std::move(answer), alive = std::weak_ptr<int>(alive_)]() mutable {
      if (alive.expired()) return;
      if (!answer.is_rest) {
        asked->answer = std::move(answer);
        finish(*asked);
      } else if (const auto channel = from.lock(); channel && channel == channel_) {
        cache_.store_rest(asked->host, answer.addresses, answer.ttl, Clock::now(), config_);
      }
    });
  });
  return asked;
}

void Resolver::finish(Lookup& lookup) {
  LookupCounts& counts = lookup.perimeter.lookups;
  const TimePoint now = Clock::now();
  const DnsAnswer& answer = lookup.answer;
  const bool is_ours = lookup.channel == channel_;  // not of a name server that is asked no more
  lookup.channel.reset();  // it may still wait for the rest, and must not keep itself alive by that
  switch (answer.kind) {
    case DnsAnswer::Kind::addresses:
      count(counts.answered);
      if (is_ours) cache_.store_answer(lookup.host, answer.addresses, answer.ttl, now, config_);
      break;
    case DnsAnswer::Kind::no_such_name:
      count(counts.no_such_name);
      if (is_ours) cache_.store_no_such_name(lookup.host, answer.why, now, config_);
      break;
    case DnsAnswer::Kind::failed:
      count(counts.failed);
      if (is_ours) cache_.store_failure(lookup.host, answer.why, now, config_);
      break;
  }
  lookup.is_done = true;
  lookups_.erase(lookup.host);
  // Who is woken may destroy others, who then leave the list.
  while (!lookup.waiting.empty()) lookup.waiting.front()->wake();
}

}  // namespace tollgate::net
