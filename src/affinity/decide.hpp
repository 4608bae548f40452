// Where a request has to go that names stored objects. Pure.
#pragma once

#include "affinity/owners.hpp"

#include <cstddef>
#include <span>

namespace tollgate::affinity {

struct Decision {
  enum class Kind : unsigned char {
    free,      // nothing is named, or nobody knows whose it is
    owned,     // `owner` keeps what is named; of other objects it is not known
    foreign,   // `first` belongs to somebody else
    apart,     // `first` and `second` are kept by different resources
  };
  Kind kind = Kind::free;
  std::size_t first = 0;
  std::size_t second = 0;
  const Owner* owner = nullptr;
};

// `owners`: of what is named, in order; null: not known. `may_use`: whether a subscription's objects
// are open to the caller. What is somebody else's is said before anything about where things are.
template <class MayUse>
Decision decide(std::span<const Owner* const> owners, MayUse may_use) {
  Decision decision;
  for (std::size_t i = 0; i < owners.size(); ++i) {
    if (owners[i] && !may_use(*owners[i])) return {Decision::Kind::foreign, i, 0, nullptr};
  }
  for (std::size_t i = 0; i < owners.size(); ++i) {
    const Owner* const owner = owners[i];
    if (!owner) continue;
    if (!decision.owner) {
      decision = {Decision::Kind::owned, i, 0, owner};
    } else if (decision.kind == Decision::Kind::owned && decision.owner->resource != owner->resource) {
      decision.kind = Decision::Kind::apart;
      decision.second = i;
    }
  }
  return decision;
}

}  // namespace tollgate::affinity
