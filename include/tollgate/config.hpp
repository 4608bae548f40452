// The configuration as the gateway uses it: plain data, checked, immutable once loaded.
//
// config::load() makes it from YAML; nothing else writes it. Every cross reference has been resolved
// to a pointer into the same Config, so nobody looks names up on the hot path.
// Thread safety: immutable after load, shared between workers as shared_ptr<const Config>.
#pragma once

#include "tollgate/credential.hpp"
#include "tollgate/identity.hpp"
#include "tollgate/network.hpp"
#include "tollgate/spending.hpp"
#include "tollgate/values.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate {

using Milliseconds = std::chrono::milliseconds;

enum class DeploymentKind : unsigned char { payg, ptu };

// Azure's deployment type: where a request may be processed. Data at rest stay in `region`.
enum class DeploymentScope : unsigned char {
  global,     // anywhere
  data_zone,  // anywhere in the data zone that the region is in
  regional,   // in the region
};

// Groups of regions inside which a data-zone deployment processes.
enum class DataZone : unsigned char { none, eu, us };

// The four clocks of a call to a deployment. Comments, pings and role-only chunks reset none.
struct UpstreamTimeouts {
  Milliseconds connect{5'000};       // name resolution, TCP and TLS together
  Milliseconds first_token{120'000}; // of a stream: request sent until the first meaningful token
  Milliseconds gap{60'000};          // between meaningful tokens of a stream, or parts of a body
  Milliseconds total{600'000};       // the whole call
};

// When a deployment is left alone because it fails, and how it comes back.
struct BreakerRules {
  int consecutive = 5;             // failures in a row that open it
  int failure_percent = 50;        // of the calls of `window` that open it ...
  int least_calls = 20;            // ... once there were that many
  Milliseconds window{10'000};
  Milliseconds open{1'000};        // for how long; twice as long each time in a row, up to open_most
  Milliseconds open_most{30'000};
  int probes = 2;                  // calls at a time, and good answers in all, before it is closed again
  Milliseconds slow_start{10'000}; // from a tenth of its traffic back to all of it
  Milliseconds retry_after_most{60'000};  // longest that a deployment's advice is followed
};

// scheme://host[:port][/base]
struct Endpoint {
  bool is_tls = true;
  std::string host;       // without brackets for IPv6
  std::uint16_t port = 443;
  std::string base_path;  // "" or "/something", no trailing slash
  std::string authority;  // what the Host header says
};

// What a unit of reserved capacity carries. 0: not known, so nothing can be predicted.
struct UnitCapacity {
  std::int64_t input_a_minute = 0;  // tokens
  int answer_weight = 0;            // input tokens that a token of the answer counts as
};

// How full reserved capacity may be predicted to be before a class of traffic goes elsewhere. Percent.
struct SpillRules {
  bool is_predictive = true;  // false: calls go elsewhere only once it refuses
  int interactive = 100;
  int standard = 95;
  int batch = 80;
};

// Waiting for room in reserved capacity, instead of going elsewhere at once.
struct QueueRules {
  Milliseconds max_wait{500};
  int length = 100;  // calls at a time
};

// A certificate with its private key, as PEM files.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

struct Deployment {
  std::string name;
  Location where;
  Endpoint endpoint;
  std::string deployment;  // the name Azure knows; defaults to `name`
  std::string model;       // the base model, for prices and limits
  DeploymentKind kind = DeploymentKind::payg;
  int units = 0;                    // PTU only
  std::int64_t unit_price = 0;      // PTU only: nano-dollars a unit and hour; 0: not stated
  UnitCapacity unit;                // PTU only
  SpillRules spill;                 // PTU only
  std::optional<QueueRules> queue;  // PTU only; absent: nobody waits
  std::optional<Rates> rates;       // this deployment's own, instead of the model's prices
  bool is_global = true;            // false: `regional_percent` of the model's prices
  std::int64_t tokens_per_minute = 0;  // PAYG quota, 0: not stated
  std::string region;               // as written; "": not stated
  DeploymentScope scope = DeploymentScope::global;
  Network network = Network::any;   // private_only: refuse to connect to a public address
  std::vector<std::string> addresses;  // IP addresses to connect to instead of what the host resolves to
  std::optional<CertificateFiles> client_certificate;  // shown to the deployment (mutual TLS)
  Secret api_key;                   // sent as `api-key`; empty: a token is sent
  const TokenCredential* credential = nullptr;  // whose; null: the key is sent
  std::string ca_file;              // PEM bundle to trust instead of the system's; "" = system
  UpstreamTimeouts timeouts;
  BreakerRules breaker;
  int max_connections = 1024;       // per worker, busy and idle together
  std::size_t index = 0;            // position in Config::deployments
};

// Which traffic goes first when reserved capacity gets scarce.
enum class TrafficClass : unsigned char { interactive, standard, batch };
inline constexpr std::size_t traffic_class_count = 3;

// Deployments that share by weight; a route is tried step by step, each one once.
struct RouteChoice {
  const Deployment* deployment = nullptr;
  int weight = 1;  // 1 to 1000
};
using RouteStep = std::vector<RouteChoice>;
inline constexpr std::size_t most_route_choices = 32;  // of all steps together

// A second call when the first is slow to speak; the first meaningful token wins.
struct HedgeRules {
  int percent = 95;                // of the first tokens seen lately that come earlier than the second call
  int cost_percent = 5;            // of the model's money that may go into second calls
  Milliseconds least{200};         // never earlier than this
};

struct Model {
  std::string name;
  Location where;
  std::vector<RouteStep> steps;        // earlier is preferred; no deployment stands in it twice
  const Deployment* deployment = nullptr;  // the first of the first step: says base model and encoding
  Milliseconds deadline{600'000};      // of a call, everything that is tried for it included
  std::optional<HedgeRules> hedge;     // absent: never
  int max_answer_tokens = 16'384;      // the longest answer it gives, for reservations
  std::size_t index = 0;
};

// Where the requests of a product may be processed. Without regions and zones: anywhere.
struct Residency {
  std::vector<std::string> regions;   // as Azure writes them: "swedencentral"
  std::vector<DataZone> zones;
  bool allows_global = false;         // deployments of scope: global count by the region they are in
  bool is_anywhere() const noexcept { return regions.empty() && zones.empty(); }
};

// How long a realtime session may last.
struct RealtimeRules {
  Milliseconds max_session{3'600'000};
  Milliseconds idle{600'000};         // without a message from either side; pings are none
};
// Whose stored objects a subscription may use.
enum class ObjectSharing : unsigned char {
  subscription,  // its own
  product,       // those of the product's subscriptions
  resource,      // all that the resources that serve the product keep, whoever made it
};

struct Product {
  std::string name;
  Location where;
  Residency residency;
  std::vector<bool> allowed;          // by Deployment::index; empty: every deployment may serve it
  std::vector<const Model*> models;   // what its subscriptions may ask for, in file order
  const Deployment* home = nullptr;   // serves calls that name no model: files, batches, ids
  std::vector<RouteStep> home_route;  // `home` alone
  TrafficClass traffic = TrafficClass::standard;
  RealtimeRules realtime;
  ObjectSharing objects = ObjectSharing::subscription;
  std::vector<SpendRule> rules;       // limits, then budgets, in file order
};

// Whether the product's residency lets the deployment process its requests. REQUIRES: both of one Config.
inline bool may_serve(const Product& product, const Deployment& deployment) noexcept {
  return product.allowed.empty() || product.allowed[deployment.index];
}

struct Subscription {
  std::string name;
  Location where;
  const Product* product = nullptr;
  std::string cost_center;
  std::string owner;
  std::string path_prefix;            // "" or "/team-a": accepted in front of every path
  bool is_suspended = false;
  Validity validity;
  std::vector<SubscriptionKey> keys;  // two at most
  std::optional<ClaimRule> claims;    // Entra ID tokens
  std::vector<CertificateRule> certificates;
  std::vector<SpendRule> rules;       // limits, then budgets, in file order; beside the product's
  const CostCenter* cost_center_rules = nullptr;  // null: its cost center has none
  std::size_t index = 0;
};

struct ListenAddress {
  std::string host = "127.0.0.1";  // an IP address; public only when told to
  std::uint16_t port = 8080;       // 0: any free port, printed at start
};

enum class ClientCertificates : unsigned char { optional, required };

struct ServerTls {
  std::string certificate_file;  // PEM chain
  std::string key_file;          // PEM private key
  std::string client_ca_file;    // PEM: whose client certificates are accepted; "": none are asked for
  ClientCertificates client_certificates = ClientCertificates::optional;
};

struct ServerLimits {
  std::size_t header_bytes = 64 * 1024;               // request line and headers together
  std::size_t body_bytes = 32 * 1024 * 1024;          // after any decoding
  std::size_t message_bytes = 16 * 1024 * 1024;       // of a WebSocket, all its fragments together
  Milliseconds header_time{10'000};                   // first byte to end of head
  Milliseconds body_time{60'000};                     // end of head to end of body
  Milliseconds idle{620'000};                         // between requests; above the SDKs' 600 s
  Milliseconds write_stall{60'000};                   // a client that takes no bytes
  Milliseconds worker_wait{50};                       // for a busy worker; longer for a second: some requests are refused
  int connections_per_worker = 9'000;
};

struct ServerConfig {
  ListenAddress listen;
  std::optional<ServerTls> tls;      // absent: plain HTTP
  ListenAddress admin{"127.0.0.1", 8081};
  Secret admin_token;                // for what shows or changes keys; empty: nobody may
  int workers = 0;                   // 0: one a core
  ServerLimits limits;
  Milliseconds drain{30'000};        // hard deadline for streams after SIGTERM
  Milliseconds drain_grace{0};       // not ready, still accepting: lets a load balancer notice
  bool watch_files = true;           // reload when the file changes
};

struct RecordsConfig {
  std::string path = "-";            // JSON lines; "-" is stdout, "off" none
  std::size_t buffer_bytes = 8 * 1024 * 1024;  // bound on what waits for the writer
};

struct LogConfig {
  std::string level = "info";        // error, warn, info, debug
};

// Which resource keeps which stored object (responses, files, batches): docs/affinity.md.
struct AffinityConfig {
  std::string path;                           // "off": nothing is kept over a restart
  std::size_t entries = 1'000'000;            // most objects remembered; 32 bytes each
  std::chrono::hours responses{24 * 32};      // how long responses are remembered; Azure keeps them 30 days
  std::chrono::hours objects{24 * 400};       // files, batches, jobs, vector stores: since they were last used
};

struct IdentityConfig {
  std::optional<EntraConfig> entra;               // absent: no tokens are accepted
  std::string keys_path = "tollgate-keys.json";   // keys made on the admin plane
  std::string audit_path = "tollgate-audit.jsonl";
};

struct Config {
  std::vector<std::string> files;    // what was read, for the watcher
  ServerConfig server;
  RecordsConfig records;
  LogConfig log;
  NetworkConfig network;
  IdentityConfig identity;
  LedgerConfig ledger;
  AffinityConfig affinity;
  SharingConfig sharing;
  AlertsConfig alerts;
  TokensConfig tokens;
  std::vector<Price> prices;         // by model, then by day; the built-in ones included
  std::vector<std::string> filters;  // pipeline order; empty: the default order
  // unique_ptr keeps the addresses that cross references point to.
  std::vector<std::unique_ptr<const TokenCredential>> credentials;  // that deployments use
  std::vector<std::unique_ptr<const Deployment>> deployments;
  std::vector<std::unique_ptr<const Model>> models;
  std::vector<std::unique_ptr<const Product>> products;
  std::vector<std::unique_ptr<const Subscription>> subscriptions;
  std::vector<std::unique_ptr<const CostCenter>> cost_centers;
};

}  // namespace tollgate
