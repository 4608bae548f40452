#include "affinity/owners.hpp"

#include <mutex>

namespace tollgate::affinity {

std::string resource_of(const Deployment& deployment) {
  const Endpoint& endpoint = deployment.endpoint;
  std::string text = endpoint.is_tls ? "https://" : "http://";
  return text.append(endpoint.authority).append(endpoint.base_path);
}

OwnerId Owners::number_of(const Owner& owner) {
  // No name holds a line end.
  std::string text = owner.resource;
  text.append("\n").append(owner.deployment).append("\n").append(owner.subscription);
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = numbers_.find(text); found != numbers_.end()) return found->second;
  }
  const std::unique_lock lock(mutex_);
  const auto [place, is_new] = numbers_.try_emplace(std::move(text), static_cast<OwnerId>(owners_.size()));
  if (is_new) owners_.push_back(owner);
  return place->second;
}

const Owner& Owners::operator[](OwnerId number) const {
  const std::shared_lock lock(mutex_);
  return owners_[number];
}

}  // namespace tollgate::affinity
