// The resources of one configuration, as those see them who look for what a resource keeps.
// Thread safety: const.
#pragma once

#include "affinity/directory.hpp"
#include "tollgate/exchange.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tollgate::filters {

// One endpoint: objects of one are objects of the other.
bool is_same_resource(const Deployment& a, const Deployment& b) noexcept;

class Resources {
 public:
  // The configuration has to outlive it.
  explicit Resources(const Config& config);

  const std::string& of(const Deployment& deployment) const { return all_[deployment.index].resource; }

  // The deployments of the resource that keeps the owner's objects, the one that made them first. A
  // resource that is reached under another name now is found by that one. Empty: none is left.
  std::vector<const Deployment*> of_owner(const affinity::Owner& owner) const;

  // Where a request could be served, one deployment a resource, the usual one first.
  std::vector<const Deployment*> candidates(const Exchange& ex) const;

  // The one of those that the exchange's model has with the resource of `owner`. Null: none.
  const Deployment* with_model(const Exchange& ex, const Deployment& owner) const;

  // Those of the caller's models that the resource of `owner` serves.
  std::vector<const Model*> models_at(const Exchange& ex, const Deployment& owner) const;

  // Whether the caller may use what `owner` has made.
  bool may_use(const Exchange& ex, const affinity::Owner& owner) const;

 private:
  bool reaches(const Product& product, const std::string& resource) const;

  struct Place {
    const Deployment* deployment;
    std::string resource;
  };
  std::vector<Place> all_;  // by index
  std::unordered_map<std::string_view, const Deployment*> by_name_;
  std::unordered_map<std::string_view, const Product*> products_;  // by subscription
};

}  // namespace tollgate::filters
