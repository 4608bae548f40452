// Names to addresses without blocking the worker, each name asked for once at a time.
//
// An answer is used for as long as the name server said, within bounds; past that while no newer one can be
// had, for a bounded time. "No such name" is believed: then nothing older is used.
// One thread: the loop's.
#pragma once

#include "net/address.hpp"
#include "net/dns_cache.hpp"
#include "net/loop.hpp"
#include "net/perimeter.hpp"
#include "tollgate/awaitable.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace tollgate::net {

class DnsChannel;

struct Resolved {
  std::vector<Address> addresses;  // empty on failure
  std::string error;
  bool is_unknown_name = false;  // the name servers say that there is no such name
};

class Resolver {
 public:
  explicit Resolver(Loop& loop);
  ~Resolver();  // REQUIRES: nobody waits
  Resolver(const Resolver&) = delete;

  // Address literals and localhost answer at once. How names are resolved is asked of the perimeter each time.
  awaitable<Resolved> resolve(std::string host, std::uint16_t port, Perimeter& perimeter, TimePoint deadline);

  // What the name stands for just now, without a port; null: it has to be asked first, which begins with this
  // call. For those who have connections already. Valid until the loop goes on.
  const std::vector<Address>* look(const std::string& host, Perimeter& perimeter);

 private:
  class Waiter;
  struct Lookup;

  void use(const ResolverConfig& config);
  std::shared_ptr<Lookup> ask(const std::string& host, Perimeter& perimeter);
  void finish(Lookup& lookup);
  awaitable<Resolved> wait(std::string host, std::uint16_t port, Perimeter& perimeter, TimePoint deadline);

  Loop& loop_;
  ResolverConfig config_;
  DnsCache cache_;
  std::shared_ptr<DnsChannel> channel_;
  std::int64_t resolv_conf_changed_ = 0;  // when, of the file that channel_ has read
  std::unordered_map<std::string, std::shared_ptr<Lookup>> lookups_;  // under way
  std::shared_ptr<int> alive_ = std::make_shared<int>();  // posted calls look whether it still is
};

}  // namespace tollgate::net
