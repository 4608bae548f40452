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

// `auto` is what the machine's environment tells.
enum class HostChoice : unsigned char { automatic, imds, app_service, azure_ml };

struct ManagedIdentityDraft {
  HostChoice host = HostChoice::automatic;
  std::string client_id;
  std::string object_id;
  std::string resource_id;
  std::string endpoint;
  Secret secret;
};

struct ApplicationDraft {
  std::string tenant;
  std::string client_id;
};

struct WorkloadIdentityDraft : ApplicationDraft {
  std::string token_file;
};

struct ClientSecretDraft : ApplicationDraft {
  Secret secret;
};

struct ClientCertificateDraft : ApplicationDraft {
  std::string certificate_file;
  std::string key_file;
};

// Exactly one of the kinds is there.
struct CredentialDraft : TokenCredential, Named {
  Secret api_key;
  std::optional<ManagedIdentityDraft> managed_identity;
  std::optional<WorkloadIdentityDraft> workload_identity;
  std::optional<ClientSecretDraft> client_secret;
  std::optional<ClientCertificateDraft> client_certificate;
  std::string cloud;  // whose defaults hold
  std::string scope;
  bool is_used = false;
};

struct DeploymentDraft : Deployment, Named {
  std::optional<UnitCapacity> capacity;  // in place of what the table says
  Reference credential_name;                      // of `credentials`, or ...
  std::optional<CredentialDraft> own_credential;  // ... written here
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

// A region that the gateway does not know by itself.
struct RegionDraft {
  std::string name;  // canonical
  DataZone zone = DataZone::none;
  Location where;
};

struct Draft {
  ServerConfig server;
  NetworkConfig network;
  std::vector<RegionDraft> regions;
  RecordsConfig records;
  LogConfig log;
  LedgerConfig ledger;
  AffinityConfig affinity;
  std::optional<SharingConfig> sharing;
  std::optional<AlertsConfig> alerts;
  TokensDraft tokens;
  IdentityConfig identity;
  std::vector<std::string> filters;
  std::vector<CredentialDraft> credentials;
  std::optional<CredentialDraft> platform_credential;  // what the platform offers, when a deployment uses that
  std::vector<DeploymentDraft> deployments;
  std::vector<ModelDraft> models;
  std::vector<ProductDraft> products;
  std::vector<SubscriptionDraft> subscriptions;
  std::vector<CostCenterDraft> cost_centers;
  std::vector<PriceListDraft> prices;
};

}  // namespace tollgate::config
