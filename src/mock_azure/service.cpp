#include "mock_azure/service.hpp"

#include <algorithm>

#include "mock_azure/api_error.hpp"
#include "mock_azure/json.hpp"
#include "mock_azure/object_store.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t most_custom_headers = 10;

struct Operation {
  std::string_view name;
  Reply (*answer)(Call&);
};

constexpr Operation surfaces[] = {
    {"chat/completions", chat_completions},
    {"completions", completions},
    {"embeddings", embeddings},
    {"responses", responses},
    {"images/generations", image_generations},
    {"images/edits", image_edits},
    {"audio/transcriptions", transcriptions},
    {"audio/translations", transcriptions},
    {"audio/speech", speech},
    {"files", files},
    {"batches", batches},
    {"fine_tuning/jobs", fine_tuning_jobs},
    {"vector_stores", vector_stores},
    {"models", models},
    {"realtime", realtime},
};

constexpr std::string_view standard_headers[] = {
    "host", "user-agent", "connection", "keep-alive", "transfer-encoding", "te", "trailer",
    "authorization", "api-key", "traceparent", "tracestate", "expect", "date", "via", "forwarded",
    "origin", "referer", "cookie", "cache-control", "pragma", "upgrade", "range", "max-forwards",
    "from", "priority", "dnt", "warning", "proxy-authorization", "proxy-connection", "baggage",
};

// Of a call that chooses no deployment; the others take what is planted when they do.
bool is_without_deployment(const Route& route) {
  constexpr std::string_view kept[] = {"files", "batches", "fine_tuning/jobs", "vector_stores", "models"};
  return std::find(std::begin(kept), std::end(kept), route.operation) != std::end(kept) ||
         (route.operation == "responses" && !route.segments.empty());
}

bool has_prefix(std::string_view name, std::string_view prefix) {
  return name.size() >= prefix.size() && iequals(name.substr(0, prefix.size()), prefix);
}

bool is_custom(std::string_view name) {
  for (const std::string_view standard : standard_headers) {
    if (iequals(name, standard)) return false;
  }
  for (const std::string_view prefix : {"accept", "content-", "x-mock-", "if-", "sec-"}) {
    if (has_prefix(name, prefix)) return false;
  }
  return true;
}

bool has_too_many_headers(const HttpRequest& request) {
  std::size_t count = 0;
  for (const Header& h : request.headers) count += is_custom(h.name) ? 1 : 0;
  return count > most_custom_headers;
}

Reply early_reply(const Fault& fault) {
  Fault status = fault;
  if (status.status == 0) status.status = 503;
  Reply reply = fault_status_reply(status);
  reply.closes = true;
  reply.fault = fault;
  return reply;
}

Reply json_reply(std::string body) {
  Reply reply;
  reply.body = std::move(body);
  return reply;
}

}  // namespace

Service::Service(const Config& config)
    : config_(config),
      deployments_(config_),
      entra_(config_.entra, !config_.tls_certificate.empty()),
      journal_(config_),
      objects_(std::make_unique<ObjectStore>()),
      world_{config_, deployments_, faults_, *objects_} {}

Service::~Service() = default;

Service::Access Service::access_of(const HttpRequest& request) const {
  Access access;
  const Accepts accepts = entra_.accepts();
  std::string_view key = request.header("api-key");
  const std::string_view authorization = request.header("authorization");
  if (key.empty() && has_prefix(authorization, "bearer ")) {
    key = authorization.substr(7);
    const IssuedTokens::Look look = entra_.look(key);
    if (!look.label.empty()) return {look.is_good && accepts != Accepts::keys, look.label, look.challenge};
  }
  // A WebSocket's client may be a browser, which can set no headers.
  std::string in_query;
  if (key.empty() && !request.header("upgrade").empty()) key = in_query = query_value(request.query, "api-key").value_or("");
  if (key.empty()) return access;
  access.credential = "key sha256:" + sha256_hex(key).substr(0, 16);
  access.is_allowed = accepts != Accepts::tokens &&
      (config_.accept_any_key || std::find(config_.keys.begin(), config_.keys.end(), key) != config_.keys.end());
  return access;
}

Reply Service::handle(const HttpRequest& request) {
  if (request.path.starts_with("/mock/")) return admin(request);
  if (auto reply = entra_.handle(request)) return std::move(*reply);
  stats_.requests.fetch_add(1, std::memory_order_relaxed);
  stats_.in_flight.fetch_add(1, std::memory_order_relaxed);
  auto entry = journal_.open(request);

  Call call(request, world_);
  const Access access = access_of(request);
  Reply reply = answer(call, access);
  if (reply.events != nullptr) {
    reply.content_type = "text/event-stream; charset=utf-8";
    reply.headers += "x-accel-buffering: no\r\n";
    stats_.streams.fetch_add(1, std::memory_order_relaxed);
  }
  if (call.fault.kind == FaultKind::early) {
    const std::uint64_t meaning = reply.meaning;
    reply = early_reply(call.fault);
    reply.meaning = meaning;
  } else {
    reply.fault = call.fault;
  }
  decorate(call, reply);
  reply.deployment = call.deployment;
  if (call.admission) reply.charged = call.admission->charged;
  if (entry != nullptr) {
    if (call.deployment != nullptr) entry->deployment = call.deployment->config().name;
    entry->credential = access.credential;
    entry->model = call.model_asked;
    entry->stream = call.stream;
    entry->status = reply.status;
    reply.entry = std::move(entry);
  }
  return reply;
}

Reply Service::answer(Call& call, const Access& access) {
  const HttpRequest& request = call.http;
  if (has_too_many_headers(request)) return too_many_headers();
  if (!access.is_allowed) {
    Reply refusal = access_denied();
    if (!access.challenge.empty()) refusal.headers += "www-authenticate: " + access.challenge + "\r\n";
    return refusal;
  }
  const Routing routing = find_route(request, call.route);
  if (routing != Routing::found) return resource_not_found();
  // What the path names is looked for before the body is read.
  const bool is_named = !call.route.deployment.empty() && call.route.operation != "batches";
  if (is_named && deployments_.find(call.route.deployment) == nullptr) return deployment_not_found();

  call.directives = parse_directives(request.body);
  call.fault = call.directives.fault;
  if (const std::string_view wish = request.header("x-mock-fault"); !wish.empty()) {
    const auto fault = parse_fault(wish);
    if (!fault) return invalid_request("x-mock-fault names no known fault: " + std::string(wish));
    call.fault = *fault;
  }
  if (!call.fault && is_without_deployment(call.route)) call.fault = faults_.take({});
  if (call.fault.kind == FaultKind::status) return fault_status_reply(call.fault);
  for (const Operation& operation : surfaces) {
    if (operation.name == call.route.operation) return operation.answer(call);
  }
  return resource_not_found();
}

// Before the body is read only the header and the plan are known, and on v1 not the deployment.
std::optional<Reply> Service::handle_early(const HttpRequest& request) {
  Fault fault;
  Route route;
  if (const std::string_view wish = request.header("x-mock-fault"); !wish.empty()) {
    fault = parse_fault(wish).value_or(Fault{});
  } else if (find_route(request, route) == Routing::found) {
    if (faults_.peek(route.deployment).kind == FaultKind::early) {
      fault = faults_.take(route.deployment);
    }
  }
  if (fault.kind != FaultKind::early) return std::nullopt;
  stats_.requests.fetch_add(1, std::memory_order_relaxed);
  stats_.in_flight.fetch_add(1, std::memory_order_relaxed);
  Reply reply = early_reply(fault);
  reply.entry = journal_.open(request);
  if (reply.entry != nullptr) {
    reply.entry->deployment = route.deployment;
    reply.entry->status = reply.status;
  }
  return reply;
}

void Service::decorate(const Call& call, Reply& reply) const {
  std::string& h = reply.headers;
  h.reserve(h.size() + 640);
  if (reply.meaning == 0) {
    reply.meaning = hash_bytes(hash_bytes(1, call.http.path), call.http.body);
  }
  h += "apim-request-id: ";
  h += guid(reply.meaning);
  h += "\r\nx-request-id: ";
  h += guid(reply.meaning + 1);
  h += "\r\nstrict-transport-security: max-age=31536000; includeSubDomains; preload\r\n"
       "x-content-type-options: nosniff\r\n";
  if (const std::string_view id = call.http.header("x-ms-client-request-id"); !id.empty()) {
    h += "x-ms-client-request-id: ";
    h += id;
    h += "\r\n";
  }
  if (call.deployment == nullptr) {
    h += "x-ms-region: " + config_.region + "\r\n";
    return;
  }
  h += call.deployment->headers();
  h += "openai-processing-ms: " + std::to_string(reply.first_delay.count() / 1000) + "\r\n";
  if (!call.admission) return;
  const Admission& a = *call.admission;
  const DeploymentConfig& c = call.deployment->config();
  if (call.deployment->is_ptu()) {
    if (!c.utilization_header) return;
    const auto tenths = static_cast<std::int64_t>(a.utilization * 10.0);
    h += "azure-openai-deployment-utilization: " + std::to_string(tenths / 10) + '.' +
         std::to_string(tenths % 10) + "%\r\n";
    return;
  }
  const auto limit = [](std::int64_t value) { return value > 0 ? value : 2'147'483'647; };
  const auto line = [&h](std::string_view name, std::int64_t value) {
    h += "x-ratelimit-";
    h += name;
    h += std::to_string(value);
    h += "\r\n";
  };
  line("limit-requests: ", limit(c.requests_per_minute));
  line("limit-tokens: ", limit(c.tokens_per_minute));
  line("remaining-requests: ", a.remaining_requests);
  line("remaining-tokens: ", a.remaining_tokens);
  line("reset-requests: ", a.reset_requests_s);
  line("reset-tokens: ", a.reset_tokens_s);
}

void Service::finished(Reply& reply, End end, std::int64_t tokens_sent) {
  if (reply.meaning == 0 && reply.entry == nullptr && reply.fault.kind != FaultKind::early) {
    return;  // admin answers and protocol errors are no API calls
  }
  // A stream that ended early is charged for what left, as far as tokens show it.
  if (reply.events != nullptr && end != End::complete) {
    reply.usage.completion =
        std::min(reply.usage.completion, reply.usage.reasoning + tokens_sent);
  }
  const Usage& usage = reply.usage;
  if (reply.deployment != nullptr && reply.charged > 0) {
    reply.deployment->settle(reply.charged, usage.prompt, usage.cached, usage.completion);
  }
  const auto relaxed = std::memory_order_relaxed;
  stats_.in_flight.fetch_sub(1, relaxed);
  stats_.by_class[static_cast<std::size_t>(reply.status / 100)].fetch_add(1, relaxed);
  stats_.by_end[static_cast<std::size_t>(end)].fetch_add(1, relaxed);
  stats_.prompt_tokens.fetch_add(static_cast<std::uint64_t>(usage.prompt), relaxed);
  stats_.completion_tokens.fetch_add(static_cast<std::uint64_t>(usage.completion), relaxed);
  if (reply.entry == nullptr) return;
  reply.entry->prompt_tokens = usage.prompt;
  reply.entry->completion_tokens = usage.completion;
  reply.entry->end = end_name(end);
  if (reply.fault) reply.entry->fault = fault_name(reply.fault.kind);
  journal_.record(std::move(reply.entry));
}

Reply Service::admin(const HttpRequest& request) {
  const std::string_view path = request.path.substr(5);
  const bool reads = request.method == "GET";
  const bool deletes = request.method == "DELETE";
  if (path == "/entra" || path.starts_with("/entra/")) return entra_.admin(request);
  if (path == "/health" && reads) return json_reply(R"({"status":"ok"})");
  if (path == "/stats" && reads) return json_reply(stats_json());
  if (path == "/ptu" && reads) return json_reply(ptu_json());
  if (path == "/journal" && reads) {
    const auto since = to_integer(query_value(request.query, "since").value_or("0"));
    if (!since || *since < 0) return invalid_request("'since' must be a number", "since");
    return json_reply(journal_.to_json(static_cast<std::uint64_t>(*since)));
  }
  if (path == "/journal" && deletes) {
    journal_.clear();
    return json_reply(R"({"cleared":true})");
  }
  if (path == "/faults" && request.method == "POST") return plant_fault(request);
  if (path == "/faults" && reads) {
    return json_reply("{\"planted\":" + std::to_string(planted()) + '}');
  }
  if (path == "/faults" && deletes) {
    faults_.clear();
    entra_.token_faults().clear();
    return json_reply(R"({"cleared":true})");
  }
  if (path == "/objects" && deletes) {
    objects_->clear();
    return json_reply(R"({"cleared":true})");
  }
  return resource_not_found();
}

Reply Service::plant_fault(const HttpRequest& request) {
  const Json body = parse_json(request.body);
  if (!body.is_object()) return bad_json();
  const auto fault = parse_fault(string_member(body, "fault"));
  if (!fault) return invalid_request("'fault' names no known fault", "fault");
  const std::string deployment = string_member(body, "deployment", "*");
  constexpr std::string_view token = "token:";
  const bool is_token = deployment.starts_with(token);
  FaultPlan& plan = is_token ? entra_.token_faults() : faults_;
  plan.plant(is_token ? deployment.substr(token.size()) : deployment, *fault, int_member(body, "times", -1));
  return json_reply("{\"planted\":" + std::to_string(planted()) + '}');
}

std::string Service::ptu_json() {
  Json all = Json::object();
  deployments_.for_each([&all](Deployment& deployment) {
    if (!deployment.is_ptu()) return;
    const PtuTotals totals = deployment.ptu_totals();
    all[deployment.config().name] = Json{{"utilization", totals.utilization},
                                         {"admitted", totals.admitted},
                                         {"refused", totals.refused},
                                         {"used", totals.used}};
  });
  return dump_json(all);
}
std::size_t Service::planted() { return faults_.size() + entra_.token_faults().size(); }

std::string Service::stats_json() const {
  const auto get = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  return dump_json(Json{{"requests", get(stats_.requests)},
                        {"streams", get(stats_.streams)},
                        {"in_flight", get(stats_.in_flight)},
                        {"prompt_tokens", get(stats_.prompt_tokens)},
                        {"completion_tokens", get(stats_.completion_tokens)},
                        {"status_2xx", get(stats_.by_class[2])},
                        {"status_4xx", get(stats_.by_class[4])},
                        {"status_5xx", get(stats_.by_class[5])},
                        {"complete", get(stats_.by_end[0])},
                        {"client_gone", get(stats_.by_end[1])},
                        {"fault", get(stats_.by_end[2])}});
}

}  // namespace tollgate::mock
