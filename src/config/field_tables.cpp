#include "config/field_tables.hpp"

#include "config/affinity_fields.hpp"
#include "config/credential_fields.hpp"
#include "config/identity_fields.hpp"
#include "config/network_fields.hpp"
#include "config/ptu_fields.hpp"
#include "config/route_fields.hpp"
#include "config/spend_codecs.hpp"
#include "config/spend_tables.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace tollgate::config {
namespace {

constexpr std::size_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;
constexpr CountValue connection_count{1, 1'000'000};

// The pipeline's filters, by name and in order.
Field<Draft> filters_field(const LoadOptions& options) {
  std::vector<std::string> known = options.known_filters;
  Field<Draft> field;
  field.name = "filters";
  field.meaning =
      "The steps that every request passes, outermost first. Leave it out for the "
      "default order.";
  field.schema = [known] {
    nlohmann::ordered_json item = {{"enum", known}};
    return nlohmann::ordered_json(
               {{"type", "array"}, {"items", item}, {"minItems", 1}, {"uniqueItems", true}})
        .dump();
  };
  field.default_text = nlohmann::json(known).dump();
  field.read = [known, required = options.required_filters](const Node& node, Draft& draft,
                                                            Context& context) {
    if (!expect_list(node, "[route, access, request, limits, models, affinity, forward]", context)) return;
    for (const Node& item_node : node.items) {
      int index = read_choice(item_node, known, context);
      if (index < 0) continue;
      const std::string& name = known[static_cast<std::size_t>(index)];
      if (std::count(draft.filters.begin(), draft.filters.end(), name) > 0)
        context.refuse(item_node.where, cited(name) + " is in this list twice; remove one");
      else
        draft.filters.push_back(name);
    }
    // A misspelt name is the missing one, or stands in its place.
    if (draft.filters.size() != node.items.size()) return;
    for (const std::string& name : required)
      if (std::count(draft.filters.begin(), draft.filters.end(), name) == 0)
        context.refuse(node.where, cited(name) + " is missing; no request can do without it");
    for (std::size_t i = 1; i < required.size(); ++i) {
      const auto before = std::find(draft.filters.begin(), draft.filters.end(), required[i - 1]);
      const auto after = std::find(draft.filters.begin(), draft.filters.end(), required[i]);
      if (before != draft.filters.end() && after != draft.filters.end() && after < before)
        context.refuse(node.where, cited(required[i - 1]) + " must come before " + cited(required[i]) +
                                       ", which relies on it");
    }
    if (!draft.filters.empty() && draft.filters.back() != known.back())
      context.refuse(node.where, cited(known.back()) +
                                     " must come last; what stands behind it would never run");
  };
  field.show = [known](const Node* given, const Draft&, YamlWriter& out) {
    given ? out.given("filters", *given) : out.by_default("filters", known);
  };
  return field;
}


Fields<ServerTls> tls_fields() {
  Fields<ServerTls> f;
  f.required("certificate", &ServerTls::certificate_file, FileValue{"/etc/tollgate/tls.crt"},
             "PEM file with the certificate chain, the server's own certificate first.");
  f.required("key", &ServerTls::key_file, FileValue{"/etc/tollgate/tls.key"},
             "PEM file with the private key.");
  add_client_certificate_fields(f);
  return f;
}

Fields<ServerLimits> server_limit_fields() {
  Fields<ServerLimits> f;
  f.optional("headers", &ServerLimits::header_bytes, SizeValue{kib, 16 * mib},
             "Largest request line and headers together; more is a 431.");
  f.optional("body", &ServerLimits::body_bytes, SizeValue{kib, gib},
             "Largest request body; more is a 413.");
  f.optional("message", &ServerLimits::message_bytes, SizeValue{kib, gib},
             "Largest message of a WebSocket, its fragments together; more closes it with 1009.");
  f.optional("header_time", &ServerLimits::header_time, DurationValue{},
             "Longest time from a request's first byte to the end of its headers.");
  f.optional("body_time", &ServerLimits::body_time, DurationValue{},
             "Longest time from the end of the headers to the end of the body.");
  f.optional("idle", &ServerLimits::idle, DurationValue{},
             "How long a connection may wait for its next request; keep it above the clients' own "
             "keep-alive time.");
  f.optional("write_stall", &ServerLimits::write_stall, DurationValue{},
             "How long a client may take no bytes before its connection is closed.");
  f.optional("worker_wait", &ServerLimits::worker_wait, DurationValue{},
             "How long requests may wait for a busy worker. When they have waited longer for a second, what "
             "is more than it can do is refused at once with a 503.");
  f.optional("connections", &ServerLimits::connections_per_worker, connection_count,
             "Most client connections a worker.");
  return f;
}

Fields<ServerConfig> server_fields() {
  Fields<ServerConfig> f;
  f.optional("listen", &ServerConfig::listen, ListenValue{},
             "Address of the data plane. 0.0.0.0 and [::] serve every network.");
  f.optional_group("tls", &ServerConfig::tls, tls_fields(),
                   "Certificate of the data plane; without it, plain HTTP.");
  f.optional("admin", &ServerConfig::admin, ListenValue{},
             "Address of the admin plane: metrics, health, status and keys.");
  add_admin_token_field(f);
  f.optional("workers", &ServerConfig::workers, CountValue{0, 256},
             "Threads that serve requests; 0 is one a core.");
  f.optional("drain", &ServerConfig::drain, DurationValue{Milliseconds(0)},
             "How long running requests may go on after SIGTERM.");
  f.optional("drain_grace", &ServerConfig::drain_grace, DurationValue{Milliseconds(0)},
             "How long to stay not ready but accepting before the drain, so that a load balancer "
             "notices.");
  f.optional("watch_files", &ServerConfig::watch_files, FlagValue{},
             "Reload when a file of the configuration changes.");
  f.group("limits", &ServerConfig::limits, server_limit_fields(),
          "Bounds on what one client can take up.");
  return f;
}

Fields<RecordsConfig> records_fields() {
  Fields<RecordsConfig> f;
  f.optional("path", &RecordsConfig::path, TextValue{"access.jsonl"},
             "File that gets one JSON line a request; \"-\" is standard output, off is none.");
  f.optional("buffer", &RecordsConfig::buffer_bytes, SizeValue{64 * kib, 4 * gib},
             "Most that may wait for the writer; records above it are dropped and counted.");
  return f;
}

Fields<LogConfig> log_fields() {
  Fields<LogConfig> f;
  f.optional("level", &LogConfig::level, WordValue{{"error", "warn", "info", "debug"}},
             "How much the gateway's own log says.");
  return f;
}

Fields<UpstreamTimeouts> timeout_fields() {
  Fields<UpstreamTimeouts> f;
  f.optional("connect", &UpstreamTimeouts::connect, DurationValue{},
             "Name resolution, TCP and TLS together.");
  f.optional("first_token", &UpstreamTimeouts::first_token, DurationValue{},
             "Of a stream: from the request sent to the first meaningful token. A whole answer has "
             "`total`.");
  f.optional("gap", &UpstreamTimeouts::gap, DurationValue{},
             "Between meaningful tokens of a stream; comments and pings do not count.");
  f.optional("total", &UpstreamTimeouts::total, DurationValue{}, "The whole call.");
  return f;
}

Fields<DeploymentDraft> deployment_fields() {
  Fields<DeploymentDraft> f;
  f.required("endpoint", &Deployment::endpoint, EndpointValue{},
             "Address of the Azure resource, up to and without /openai.");
  f.optional("deployment", &Deployment::deployment, NameValue{"gpt-4o"},
             "What Azure calls the deployment. Default: its name here.");
  f.optional("model", &Deployment::model, NameValue{"gpt-4o"},
             "The base model behind it. Default: the value of `deployment`.");
  f.optional("kind", &Deployment::kind, ChoiceValue<DeploymentKind>{{"payg", "ptu"}},
             "payg is paid by the token, ptu is reserved capacity.");
  f.optional("units", &Deployment::units, CountValue{1, 1'000'000},
             "Reserved units (PTU). Required with kind: ptu.");
  f.optional_group("capacity", &DeploymentDraft::capacity, capacity_fields(),
                   "With kind: ptu, what a unit carries, when the base model is not in the table or is there wrongly.");
  f.add(spill_field());
  f.optional_group("queue", &Deployment::queue, queue_fields(),
                   "With kind: ptu, calls wait a little for room instead of going elsewhere at once.");
  f.optional("tokens", &Deployment::tokens_per_minute, RateValue{},
             "The quota that Azure granted, with kind: payg.");
  f.optional("region", &Deployment::region, TextValue{"swedencentral"},
             "Azure region of the resource.");
  add_network_field(f);
  f.add(credential_field());
  f.optional("ca", &Deployment::ca_file, FileValue{"/etc/tollgate/ca.pem"},
             "PEM file with the authorities to trust instead of the system's.");
  add_connection_fields(f);
  f.optional("allow_plain_http", &DeploymentDraft::allow_plain_http, FlagValue{},
             "Allow an http:// endpoint that is not on this machine. Keys and prompts then travel "
             "unencrypted.");
  f.group("timeouts", &Deployment::timeouts, timeout_fields(), "The four clocks of a call.");
  f.group("breaker", &Deployment::breaker, breaker_fields(),
          "When it is left alone because it fails, and how it comes back.");
  f.optional("connections", &Deployment::max_connections, CountValue{1, 65'535},
             "Most connections a worker, busy and idle together.");
  f.optional_group("prices", &Deployment::rates, rate_fields(),
                   "Its own prices for a million tokens, in place of those of its base model.");
  f.optional("unit_price", &Deployment::unit_price, HourlyValue{},
             "With kind: ptu, what a unit costs an hour; its calls share the cost of the units.");
  f.optional("scope", &Deployment::scope,
             ChoiceValue<DeploymentScope>{{"global", "data_zone", "regional"}},
             "Azure's deployment type: requests are processed anywhere, in the data zone of the region, or in "
             "the region. data_zone and regional cost `regional` of the base model's prices.");
  return f;
}

Fields<ModelDraft> model_fields() {
  Fields<ModelDraft> f;
  f.required("route", &ModelDraft::route, RouteValue{},
             "The deployments that serve the model, the preferred ones first; those of one step share by weight.");
  f.optional("deadline", &Model::deadline, DurationValue{},
             "Of a call, with everything that is tried for it.");
  f.optional_group("hedge", &Model::hedge, hedge_fields(),
                   "A second call when the first is slow to speak; without it there is none.");
  f.optional("max_answer", &Model::max_answer_tokens, TokenCountValue{},
             "The longest answer it gives, in tokens; what a call that names no limit may cost.");
  f.later("complexity");
  return f;
}

Fields<RealtimeRules> realtime_fields() {
  constexpr DurationValue length{std::chrono::seconds(1), std::chrono::hours(24)};
  Fields<RealtimeRules> f;
  f.optional("max_session", &RealtimeRules::max_session, length, "Longest that a session may last; then it is closed with 1001.");
  f.optional("idle", &RealtimeRules::idle, length,
             "How long neither side may say anything, pings apart; then the session is closed with 1001.");
  return f;
}

Fields<ProductDraft> product_fields() {
  Fields<ProductDraft> f;
  f.required("models", &ProductDraft::model_names, ReferenceListValue{"[gpt-4o]"},
             "The models that subscriptions of the product may ask for.");
  f.optional("home", &ProductDraft::home_name, ReferenceValue{"gpt-4o-payg"},
             "The deployment for calls that name no model: files, batches, stored responses. "
             "Default: the one of the first model.");
  f.optional("regions", &ProductDraft::region_names, ReferenceListValue{"[swedencentral]"},
             "The Azure regions that may process its requests. Together with `data_zones`: any of both.");
  f.optional("data_zones", &ProductDraft::zones, ChoicesValue<DataZone>{{"eu", "us"}, 1},
             "The data zones that may process its requests: their regions, and deployments of scope data_zone there.");
  f.optional("allow_global", &ProductDraft::allows_global, FlagValue{},
             "With `regions` or `data_zones`: deployments of scope global in these may serve too, although Azure "
             "may process their requests anywhere.");
  f.optional("class", &Product::traffic, ChoiceValue<TrafficClass>{{"interactive", "standard", "batch"}},
             "Whose calls keep reserved capacity when it gets scarce: interactive longest, batch shortest.");
  f.group("realtime", &Product::realtime, realtime_fields(), "How long realtime sessions may last.");
  add_object_sharing(f);
  add_spending(f);
  for (const char* name : {"guards", "cache"}) f.later(name);
  f.refused("classes", "is not a field; write class: interactive, standard or batch");
  return f;
}

Fields<SubscriptionDraft> subscription_fields() {
  Fields<SubscriptionDraft> f;
  f.required("product", &SubscriptionDraft::product_name, ReferenceValue{"standard"},
             "The product that the subscription is to.");
  f.optional("cost_center", &Subscription::cost_center, TextValue{"CC-1042"},
             "Who is charged; stands in every record.");
  f.optional("owner", &Subscription::owner, TextValue{"payments@example.com"}, "Whom to ask.");
  add_credential_fields(f);
  f.optional("suspended", &Subscription::is_suspended, FlagValue{},
             "Refuse every call of this subscription with 403.");
  f.optional("path_prefix", &Subscription::path_prefix, PathPrefixValue{},
             "A path that this subscription's calls may have in front.");
  add_spending(f);
  f.later("overrides");
  return f;
}

}  // namespace

Fields<Draft> all_fields(const LoadOptions& options) {
  Fields<Draft> f;
  f.group("server", &Draft::server, server_fields(), "How clients reach the gateway.");
  f.group("records", &Draft::records, records_fields(), "One record per request.");
  f.group("log", &Draft::log, log_fields(), "The gateway's own log.");
  f.group("network", &Draft::network, network_fields(),
          "Where the gateway may connect to, and how it resolves names.");
  f.group("identity", &Draft::identity, identity_fields(), "Who may call besides those with keys of this file.");
  f.add(filters_field(options));
  f.named("credentials", &Draft::credentials, credential_fields(),
          "What the gateway proves itself with to deployments, by the name that these use.",
          "{azure: {managed_identity: {}}}", false);
  f.named("deployments", &Draft::deployments, deployment_fields(),
          "Model endpoints, by the name that the rest of the file uses.",
          "{gpt-4o-payg: {endpoint: https://contoso.openai.azure.com, ...}}");
  f.named("models", &Draft::models, model_fields(), "What apps ask for.",
          "{gpt-4o: {route: [gpt-4o-payg]}}");
  f.named("products", &Draft::products, product_fields(), "Plans: who may use what.",
          "{standard: {models: [gpt-4o]}}");
  f.named("subscriptions", &Draft::subscriptions, subscription_fields(),
          "Teams and apps, each with its keys.",
          "{payments-web: {product: standard, keys: [env:PAYMENTS_KEY_1]}}");
  f.named("cost_centers", &Draft::cost_centers, cost_center_fields(),
          "What all subscriptions of a cost center may spend together.",
          "{CC-1042: {budgets: [{money: $2000/month}]}}", false);
  f.add(prices_field());
  f.add(regions_field());
  f.group("ledger", &Draft::ledger, ledger_fields(), "Where the books are kept.");
  f.group("affinity", &Draft::affinity, affinity_fields(),
          "What is remembered of responses, files and batches that resources keep.");
  f.optional_group("sharing", &Draft::sharing, sharing_fields(),
                   "Pots that several gateways share through Redis; without it each counts alone.");
  f.optional_group("alerts", &Draft::alerts, alerts_fields(), "Who is told of a budget's alerts.");
  f.group("tokens", &Draft::tokens, tokens_fields(), "How tokens are counted.");
  for (const char* name : {"guards", "caches"}) f.later(name);
  return f;
}

}  // namespace tollgate::config
