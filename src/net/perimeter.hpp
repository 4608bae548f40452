// The process's rule for connections that leave it, and the account of those that were refused.
//
// Thread safety: any thread.
#pragma once

#include "net/refusal_gate.hpp"
#include "tollgate/network.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace tollgate::net {

// On whose behalf a connection is opened; both words are metric labels, so they come from a fixed list and
// from the configuration.
struct Caller {
  std::string service;  // "deployment", "signing_keys", "token", "webhook", "redis"
  std::string name;     // of the deployment, or of the credential whose token it is; "" for services of which there is one
  auto operator<=>(const Caller&) const = default;
};

// One address that was not connected to.
struct Refusal {
  WallTime at{};
  Caller caller;
  std::string host;
  std::string address;
  std::string reason;  // "is a public address"
  std::string zone;    // the private DNS zone that should have answered; "" when none is known
  std::string text;    // a sentence with all of it
  std::uint64_t untold = 0;  // refusals like this one that were not told since the last that was
};

// How names were resolved, of all workers together.
struct LookupCounts {
  std::atomic<std::uint64_t> cached{0};    // answered from memory
  std::atomic<std::uint64_t> answered{0};  // asked and answered with addresses
  std::atomic<std::uint64_t> no_such_name{0};
  std::atomic<std::uint64_t> failed{0};    // no answer in time, or a fault of the name server
  std::atomic<std::uint64_t> stale{0};     // served from memory past its time for want of an answer
  std::atomic<std::uint64_t> retired{0};   // idle connections closed because the address left the answer
};

class Perimeter {
 public:
  // `tell` hears of refusals, not more often than RefusalGate lets through; from the thread that connects.
  using Tell = std::function<void(const Refusal&)>;
  explicit Perimeter(NetworkConfig rules = {}, Tell tell = {});
  Perimeter(const Perimeter&) = delete;

  // Holds for connections that begin from now on.
  void use(NetworkConfig rules);
  std::shared_ptr<const NetworkConfig> rules() const;

  // Counts, and tells when it is time. Fills in `at` and `untold`.
  void refused(Refusal refusal);
  std::map<Caller, std::uint64_t> refusals() const;

  LookupCounts lookups;

 private:
  const Tell tell_;
  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const NetworkConfig> rules_;
  RefusalGate gate_;
  std::map<Caller, std::uint64_t> refusals_;
};

}  // namespace tollgate::net
