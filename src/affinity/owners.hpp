// Who owns objects, each said once: what is remembered of an object is the number of its owner.
// Thread safety: any thread.
#pragma once

#include "tollgate/config.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tollgate::affinity {

// The resource that keeps an object, the deployment that made it there, and for whom.
struct Owner {
  std::string resource;      // resource_of() its endpoint
  std::string deployment;    // its name in the configuration
  std::string subscription;
  bool operator==(const Owner&) const = default;
};

// What tells resources apart: scheme, authority and base path of the deployment's endpoint.
std::string resource_of(const Deployment& deployment);

using OwnerId = std::uint32_t;

class Owners {
 public:
  // The same owner has the same number for the life of the process. As many as there are pairs of
  // deployments and subscriptions with objects, so they are never let go.
  OwnerId number_of(const Owner& owner);

  const Owner& operator[](OwnerId number) const;  // stays where it is

 private:
  mutable std::shared_mutex mutex_;
  std::deque<Owner> owners_;
  std::unordered_map<std::string, OwnerId> numbers_;
};

}  // namespace tollgate::affinity
