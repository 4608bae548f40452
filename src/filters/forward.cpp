// The last filter: has the balancer choose a deployment, calls it, and relays the answer.
//
// The sink's head() is called only once an upstream has answered usefully, so whatever is tried
// before that is invisible to the client and to the other filters.
#include "balancer/choose.hpp"
#include "filters/filters.hpp"
#include "filters/relay.hpp"
#include "filters/reply.hpp"
#include "http/text.hpp"
#include "openai/edit.hpp"
#include "openai/reasoning.hpp"
#include "openai/request_scan.hpp"
#include "upstream/answer_policy.hpp"
#include "upstream/call.hpp"

#include <string>
#include <vector>

namespace tollgate::filters {

namespace {

// An error answer larger than this is not looked into.
constexpr std::size_t max_error_body = 64 * 1024;

// stream_options.include_usage is refused as an unknown argument by older dated versions
// (azure-openai: chat streaming). Versions are dates and compare as text.
bool takes_include_usage(const Route& route) {
  if (route.operation != Operation::chat_completions && route.operation != Operation::completions) return false;
  if (route.surface == Surface::v1) return true;
  return http::query_parameter(route.query, "api-version").value_or("") >= "2024-09-01";
}

// What the operation calls the bound on its answer. Chat has two names: reasoning models refuse the
// old one, older dated versions do not know the new one (azure-openai: chat parameters).
std::string_view bound_field(const Route& route, std::string_view base_model) {
  if (route.operation == Operation::responses) return "max_output_tokens";
  if (route.operation == Operation::completions) return "max_tokens";
  const bool is_new = route.surface == Surface::v1 ||
                      http::query_parameter(route.query, "api-version").value_or("") >= "2024-09-01";
  return is_new || openai::is_reasoning_model(base_model) ? "max_completion_tokens" : "max_tokens";
}

// The body as it goes upstream: the client's bytes with our few changes, as pieces.
struct UpstreamBody {
  openai::BodyEdits edits;
  std::vector<std::string_view> pieces;
  std::optional<std::uint64_t> length;
  bool asked_for_usage = false;

  UpstreamBody(const Exchange& ex, const Deployment& deployment) {
    const auto bytes = ex.body.bytes();
    if (ex.facts) {
      const bool body_names_model = ex.route.surface != Surface::deployment && ex.route.names_model;
      if (body_names_model && ex.facts->model != deployment.deployment) {
        edits.set_model(*ex.facts, deployment.deployment);
      }
      if (ex.is_stream && !ex.facts->include_usage && takes_include_usage(ex.route)) {
        edits.ask_for_usage(*ex.facts);
        asked_for_usage = true;
      }
      if (ex.answer_cap >= 0) {
        edits.set_max_tokens(*ex.facts, bound_field(ex.route, deployment.model), ex.answer_cap);
      }
      edits.pieces(bytes, pieces);
      length = edits.size_after(bytes);
      return;
    }
    length = ex.body.source ? ex.body.length : bytes.size();
    if (ex.body.model_end == 0) {
      if (!bytes.empty()) pieces.push_back(bytes);
      return;
    }
    pieces = {bytes.substr(0, ex.body.model_begin), deployment.deployment,
              bytes.substr(ex.body.model_end)};
    if (length) *length += deployment.deployment.size() - (ex.body.model_end - ex.body.model_begin);
  }
};

class Forward final : public Filter {
 public:
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next) const override {
    const Deployment* deployment = balancer::choose(ex);
    if (!deployment) co_return co_await refuse_without_deployment(ex, out);
    ex.deployment = deployment;
    ++ex.attempts;
    upstream::Call call(ex, *deployment);
    RelayOptions options;
    const std::optional<Outcome> refused = co_await send(call, ex, out, options);
    if (refused) co_return *refused;
    note_head(ex, call.head());
    if (call.head().status >= 400) co_return co_await relay_error(call, ex, out);
    // Nothing will be sent again: the prompt is let go of before a long answer begins.
    ex.body.release();
    const bool is_plain = call.head().content_encoding.empty();
    if (is_plain && http::is_media_type(call.head().content_type, "text/event-stream")) {
      co_return co_await relay_events(call, ex, out, options);
    }
    co_return co_await relay_body(call, ex, out);
  }

 private:
  // Until the answer's head is there; what this took is given back before a long answer begins. An
  // outcome: it failed and the client has been told.
  static awaitable<std::optional<Outcome>> send(upstream::Call& call, Exchange& ex, ResponseSink& out,
                                                RelayOptions& options) {
    const UpstreamBody body(ex, *ex.deployment);
    options.drop_usage = body.asked_for_usage;
    Error error = co_await call.open(body.pieces, body.length);
    if (error.kind == ErrorKind::none) co_return std::nullopt;
    co_return co_await refuse(ex, out, std::move(error), call.client_failure());
  }

  static awaitable<Outcome> refuse_without_deployment(Exchange& ex, ResponseSink& out) {
    Error error;
    error.kind = ErrorKind::no_deployment;
    error.message = "No deployment serves this request.";
    if (ex.subscription && !ex.subscription->product->residency.is_anywhere()) {
      error.kind = ErrorKind::region_not_allowed;
      error.message = "No deployment in the regions that your product allows serves this request.";
    }
    return reply_error(ex, out, std::move(error));
  }

  static void note_head(Exchange& ex, const http::ResponseHead& head) {
    ex.upstream_status = head.status;
    ex.upstream_request_id = head.apim_request_id.empty() ? head.x_request_id : head.apim_request_id;
  }

  static awaitable<Outcome> refuse(Exchange& ex, ResponseSink& out, Error error,
                                   BodySource::State client_failure) {
    switch (client_failure) {
      case BodySource::State::ok: break;
      case BodySource::State::client_gone: {
        Outcome outcome;
        outcome.end = End::client_gone;
        outcome.source = ErrorSource::client;
        co_return outcome;
      }
      case BodySource::State::too_large:
        error.kind = ErrorKind::request_too_large;
        error.message = "The request body is larger than this gateway takes.";
        break;
      case BodySource::State::timeout:
        error.kind = ErrorKind::request_timeout;
        error.message = "The request body did not arrive in time.";
        break;
      default: error.message = "The request body is not framed correctly."; break;
    }
    co_return co_await reply_error(ex, out, std::move(error));
  }

  static awaitable<Outcome> relay_error(upstream::Call& call, Exchange& ex, ResponseSink& out) {
    const http::ResponseHead head = call.head();
    Collected body = co_await collect(call, max_error_body);
    if (body.is_whole && upstream::is_callers_affair(head.status, body.bytes)) {
      std::vector<Header> headers;
      upstream::pick_headers(head, headers);
      ResponseHead told;
      told.status = head.status;
      told.content_type = head.content_type;
      told.content_length = body.bytes.size();
      told.headers = headers;
      Chunk chunk;
      chunk.bytes = body.bytes;
      Outcome outcome;
      outcome.source = ErrorSource::client;
      outcome.error = ErrorKind::bad_request;
      Flow flow = co_await out.head(told);
      if (flow == Flow::go_on) flow = co_await out.chunk(chunk);
      if (flow == Flow::stop) outcome.end = End::client_gone;
      call.finish();
      co_return outcome;
    }
    Error error = upstream::error_for(head);
    if (body.is_whole) call.finish();
    co_return co_await reply_error(ex, out, std::move(error));
  }
};

}  // namespace

std::shared_ptr<const Filter> make_forward(const Config&, const Services&) { return std::make_shared<Forward>(); }

}  // namespace tollgate::filters
