#include "net/perimeter.hpp"

#include "tollgate/log.hpp"

namespace tollgate::net {

Perimeter::Perimeter(NetworkConfig rules, Tell tell)
    : tell_(std::move(tell)), rules_(std::make_shared<const NetworkConfig>(std::move(rules))) {}

void Perimeter::use(NetworkConfig rules) {
  auto next = std::make_shared<const NetworkConfig>(std::move(rules));
  std::lock_guard lock(mutex_);
  rules_ = std::move(next);
}

std::shared_ptr<const NetworkConfig> Perimeter::rules() const {
  std::lock_guard lock(mutex_);
  return rules_;
}

void Perimeter::refused(Refusal refusal) {
  refusal.at = std::chrono::system_clock::now();
  {
    std::lock_guard lock(mutex_);
    ++refusals_[refusal.caller];
    const std::string kind =
        refusal.caller.service + ' ' + refusal.caller.name + ' ' + refusal.host + ' ' + refusal.address;
    const auto untold = gate_.pass(kind, Clock::now());
    if (!untold) return;
    refusal.untold = *untold;
  }
  const std::string who = refusal.caller.name.empty() ? refusal.caller.service
                                                      : refusal.caller.service + " " + refusal.caller.name;
  log::warn("network", who + ": " + refusal.text);
  if (tell_) tell_(refusal);
}

std::map<Caller, std::uint64_t> Perimeter::refusals() const {
  std::lock_guard lock(mutex_);
  return refusals_;
}

}  // namespace tollgate::net
