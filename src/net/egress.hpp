// One way out: who connects, and the rule for it. connect() cannot be called without one.
//
// The rule looks at each address after the name has been resolved, and what it lets pass is the very
// address that is connected to, so an answer that changes in between changes nothing.
// Thread safety: immutable; admit() may be called from any thread.
#pragma once

#include "base/ip.hpp"
#include "net/address.hpp"
#include "net/connect_trace.hpp"
#include "net/perimeter.hpp"
#include "tollgate/config.hpp"

#include <string>
#include <vector>

namespace tollgate::net {

// An address that a connection may be made to. Only Egress makes one.
class Allowed {
 public:
  const Address& address() const noexcept { return address_; }

 private:
  friend class Egress;
  explicit Allowed(const Address& address) : address_(address) {}
  Address address_;
};

struct Admitted {
  std::vector<Allowed> addresses;  // in the order given
  std::string refusal;             // why some were not let pass: host, address, what to do; "" none
  std::vector<RefusedAddress> refused;
};

class Egress {
 public:
  // `perimeter` outlives it.
  Egress(Perimeter& perimeter, Caller caller, Network network);

  // To a deployment: by its own `network`, and to its pinned addresses if it has some.
  static Egress to(Perimeter& perimeter, const Deployment& deployment);

  // To the endpoint that hands out the tokens of a managed identity, which may be at a link-local address
  // (169.254.169.254 and its like) or on loopback, whatever the ranges. For the code that fetches these tokens
  // and nobody else.
  static Egress to_identity_endpoint(Perimeter& perimeter, Caller caller, Network network);

  Perimeter& perimeter() const noexcept { return *perimeter_; }

  // Used in place of what the name resolves to; empty: the name is resolved.
  const std::vector<std::string>& pinned() const noexcept { return pinned_; }

  // Counts and tells what it refuses.
  Admitted admit(const std::string& host, const std::vector<Address>& addresses) const;

  // The same decision about a connection that is there already; tells nobody.
  bool admits(const Address& address) const;

 private:
  base::IpFault fault_of(const Address& address, const NetworkConfig& rules) const;

  Perimeter* perimeter_;
  Caller caller_;
  Network network_;
  bool reaches_identities_ = false;
  std::vector<std::string> pinned_;
};

}  // namespace tollgate::net
