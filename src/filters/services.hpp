// What outlives a configuration and the filters that are made for it.
// Thread safety: that of what it points to. Null: there is none.
#pragma once

#include <memory>

namespace tollgate::identity {
class KeyRing;
struct RuntimeAccess;
}  // namespace tollgate::identity
namespace tollgate::limits {
class Store;
class Estimates;
}  // namespace tollgate::limits
namespace tollgate::balancer {
class Fleet;
}  // namespace tollgate::balancer
namespace tollgate::affinity {
class Directory;
}

namespace tollgate::filters {

struct Services {
  identity::KeyRing* key_ring = nullptr;  // signing keys of token issuers
  std::shared_ptr<const identity::RuntimeAccess> runtime_access;  // keys made on the admin plane
  limits::Store* pots = nullptr;          // with estimates: what limits work with
  limits::Estimates* estimates = nullptr;
  balancer::Fleet* fleet = nullptr;       // what is known of the deployments; never null
  affinity::Directory* directory = nullptr;  // of stored objects
};

}  // namespace tollgate::filters
