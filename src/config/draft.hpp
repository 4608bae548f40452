// The configuration while it is being read: cross references are still names.
#pragma once

#include "config/yaml_tree.hpp"
#include "tollgate/config.hpp"

#include <string>
#include <vector>

namespace tollgate::config {

struct Reference {
  std::string name;
  Location where;
};

// Common to all that the file gives a name to; `node` points into the tree that was read.
struct Named {
  const Node* node = nullptr;
};

struct DeploymentDraft : Deployment, Named {
  bool allow_plain_http = false;
};

struct ModelDraft : Model, Named {
  Reference route;
};

struct ProductDraft : Product, Named {
  std::vector<Reference> model_names;
  Reference home_name;
};

struct SubscriptionDraft : Subscription, Named {
  Reference product_name;
  std::vector<Location> key_places;  // of each of `keys`
};

struct Draft {
  ServerConfig server;
  RecordsConfig records;
  LogConfig log;
  std::vector<std::string> filters;
  std::vector<DeploymentDraft> deployments;
  std::vector<ModelDraft> models;
  std::vector<ProductDraft> products;
  std::vector<SubscriptionDraft> subscriptions;
};

}  // namespace tollgate::config
