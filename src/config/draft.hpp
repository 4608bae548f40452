// The configuration while it is being read: cross references are still names.
#pragma once

#include "config/amounts.hpp"
#include "config/yaml_tree.hpp"
#include "tollgate/config.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
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

// An allowance as it was written.
struct WrittenAllowance : Allowance {
  std::string text;
  Location where;
};

// One mapping under `limits` or `budgets`: what is counted, and how. What is absent does not apply.
struct SpendItem : Named {
  Location where;
  std::vector<WrittenAllowance> requests;
  std::vector<WrittenAllowance> tokens;
  std::vector<WrittenAllowance> concurrent;
  std::vector<WrittenAllowance> money;
  Scope each = Scope::subscription;
  bool is_audit_only = false;
  std::optional<AtLimit> at_limit;
  std::optional<std::string> zone;
  std::optional<Milliseconds> idle;
  std::vector<int> alert_percent;
  std::optional<Reference> when_spent;
  std::optional<WhenUnshared> when_unshared;
};

// What products, subscriptions and cost centers have in common.
struct SpendDraft {
  std::vector<SpendItem> limits;
  std::vector<SpendItem> budgets;
};

struct LongContextDraft : Rates {
  std::int64_t above = 0;
};

struct PriceDraft : Rates, Named {
  Location where;
  std::optional<std::chrono::sys_days> from;
  int batch_percent = 50;
  int regional_percent = 100;
  std::optional<LongContextDraft> long_context;
};

// The prices of one model.
struct PriceListDraft : Named {
  std::string name;
  Location where;
  std::vector<PriceDraft> prices;
};

struct TokensDraft : TokensConfig {
  std::vector<Location> encoding_places;  // of each of `encodings`
};

struct DeploymentDraft : Deployment, Named {
  bool allow_plain_http = false;
};

// One deployment of a route as written.
struct WeightedReference : Reference {
  int weight = 1;
};
using StepDraft = std::vector<WeightedReference>;

struct ModelDraft : Model, Named {
  std::vector<StepDraft> route;
};

struct ProductDraft : Product, SpendDraft, Named {
  std::vector<Reference> model_names;
  Reference home_name;
  std::vector<Reference> region_names;
  std::vector<DataZone> zones;
  bool allows_global = false;
};

struct SubscriptionDraft : Subscription, SpendDraft, Named {
  Reference product_name;
};

struct CostCenterDraft : CostCenter, SpendDraft, Named {};

struct Draft {
  ServerConfig server;
  RecordsConfig records;
  LogConfig log;
  LedgerConfig ledger;
  std::optional<SharingConfig> sharing;
  std::optional<AlertsConfig> alerts;
  TokensDraft tokens;
  IdentityConfig identity;
  std::vector<std::string> filters;
  std::vector<DeploymentDraft> deployments;
  std::vector<ModelDraft> models;
  std::vector<ProductDraft> products;
  std::vector<SubscriptionDraft> subscriptions;
  std::vector<CostCenterDraft> cost_centers;
  std::vector<PriceListDraft> prices;
};

}  // namespace tollgate::config
