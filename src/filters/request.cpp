// What is asked: reads the body as far as needed, picks the model and whether to stream out of it,
// and checks that the subscription may use that model.
#include "filters/filters.hpp"
#include "filters/reply.hpp"
#include "http/text.hpp"
#include "net/group.hpp"
#include "openai/multipart.hpp"
#include "openai/request_scan.hpp"
#include "openai/route.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>

namespace tollgate::filters {

namespace {

// A client error; `none` when all is well.
Error problem(ErrorKind kind, std::string message, std::string param = {}) {
  Error error;
  error.kind = kind;
  error.source = ErrorSource::client;
  error.message = std::move(message);
  error.param = std::move(param);
  return error;
}

Error error_of(BodySource::State state) {
  switch (state) {
    case BodySource::State::too_large:
      return problem(ErrorKind::request_too_large, "The request body is larger than this gateway takes (`server.limits.body`).");
    case BodySource::State::timeout:
      return problem(ErrorKind::request_timeout, "The request body did not arrive in time.");
    case BodySource::State::malformed:
      return problem(ErrorKind::bad_request, "The request body is not framed correctly.");
    default: return problem(ErrorKind::bad_request, "The request body broke off.");
  }
}

// A compressed body can neither be read here nor be told from a plain one by the deployment, which
// does not get the header.
bool is_encoded(const Exchange& ex) {
  return std::any_of(ex.headers.begin(), ex.headers.end(), [](const Header& header) {
    return header.known == HeaderName::content_encoding && !http::iequals(header.value, "identity");
  });
}

class RequestFilter final : public Filter {
 public:
  explicit RequestFilter(const Config& config) : body_limit_(config.server.limits.body_bytes) {
    for (const auto& model : config.models) models_.emplace(model->name, model.get());
  }

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    if (is_encoded(ex)) {
      return reply_error(ex, out, problem(ErrorKind::bad_encoding,
          "The request body is compressed; send it without Content-Encoding."));
    }
    if (ex.route.takes_json) return handle_json(ex, out, next);
    if (ex.route.takes_multipart && ex.route.names_model) return handle_multipart(ex, out, next);
    Error error = choose_model(ex, {});
    if (error.kind != ErrorKind::none) return reply_error(ex, out, std::move(error));
    return next(ex, out);  // the body, if any, streams through
  }

 private:
  awaitable<Outcome> handle_json(Exchange& ex, ResponseSink& out, Next next) const {
    openai::RequestFacts facts;
    const std::optional<Outcome> refused = co_await understand(ex, out, facts);
    if (refused) co_return *refused;
    ex.facts = &facts;
    ex.prefix_hash = facts.prefix_hash;
    ex.is_stream = facts.stream && ex.route.may_stream;
    const Outcome outcome = co_await next(ex, out);
    ex.facts = nullptr;
    co_return outcome;
  }

  // An outcome: the request was refused and the client has been told. A step of its own, so that what
  // it takes is given back before a long answer begins.
  awaitable<std::optional<Outcome>> understand(Exchange& ex, ResponseSink& out,
                                               openai::RequestFacts& facts) const {
    const auto state = co_await ex.body.source->read_whole(ex.body);
    if (state != BodySource::State::ok) co_return co_await fail(ex, out, error_of(state), state);
    net::Regroup regroup(ex.loop, ex.body.size);
    co_await regroup;
    openai::ScanProblem found;
    Error error;
    const bool needs_none = ex.body.bytes().empty() && !ex.route.names_model;  // its fields are all optional
    if (needs_none || openai::scan_request(ex.body.bytes(), ex.route.operation, facts, found)) {
      error = choose_model(ex, ex.route.names_model ? facts.model : std::string_view());
    } else {
      error = problem(ErrorKind::bad_request, std::move(found.message), std::move(found.param));
    }
    if (error.kind == ErrorKind::none) co_return std::nullopt;
    co_return co_await reply_error(ex, out, std::move(error));
  }

  // With the model in the path the body streams through untouched. Else its beginning is held until
  // the `model` field has come: clients may send the file first.
  awaitable<Outcome> handle_multipart(Exchange& ex, ResponseSink& out, Next next) const {
    std::string model;
    if (ex.route.surface != Surface::deployment) {
      const auto boundary = openai::boundary_of(ex.content_type);
      if (!boundary) {
        Error error = problem(ErrorKind::bad_request, "The body must be multipart/form-data with a boundary.");
        co_return co_await reply_error(ex, out, std::move(error));
      }
      openai::ModelField field(*boundary);
      std::string held;
      while (!field.is_found()) {
        const BodySource::Part part = co_await ex.body.source->next_part();
        if (part.state == BodySource::State::end) {
          ex.body.source = nullptr;
          break;
        }
        if (part.state != BodySource::State::ok) {
          co_return co_await fail(ex, out, error_of(part.state), part.state);
        }
        if (held.size() + part.bytes.size() > body_limit_) {
          Error error = error_of(BodySource::State::too_large);
          co_return co_await reply_error(ex, out, std::move(error));
        }
        held += part.bytes;
        if (!field.feed(part.bytes)) break;
      }
      if (!field.is_found()) {
        Error error = problem(ErrorKind::bad_request,
                              field.problem().empty() ? "The form has no `model` field." : field.problem(), "model");
        co_return co_await reply_error(ex, out, std::move(error));
      }
      model = field.model();
      ex.is_stream = field.stream() && ex.route.may_stream;
      ex.body.storage = std::make_unique_for_overwrite<char[]>(held.size());
      std::memcpy(ex.body.storage.get(), held.data(), held.size());
      ex.body.size = held.size();
      ex.body.model_begin = field.value_begin();
      ex.body.model_end = field.value_end();
    }
    Error error = choose_model(ex, model);
    if (error.kind != ErrorKind::none) co_return co_await reply_error(ex, out, std::move(error));
    co_return co_await next(ex, out);
  }

  static awaitable<Outcome> fail(Exchange& ex, ResponseSink& out, Error error,
                                 BodySource::State state) {
    if (state == BodySource::State::client_gone) {
      Outcome outcome;
      outcome.end = End::client_gone;
      outcome.source = ErrorSource::client;
      co_return outcome;
    }
    co_return co_await reply_error(ex, out, std::move(error));
  }

  // On the deployment surface the path counts, whatever the body says (azure-openai: surfaces).
  Error choose_model(Exchange& ex, std::string_view in_body) const {
    if (!ex.route.model.empty()) {
      auto decoded = openai::decode_model(ex.route.model);
      if (!decoded) return problem(ErrorKind::model_not_found, "The URL does not hold a valid model name.", "model");
      ex.model_asked = std::move(*decoded);
    } else {
      ex.model_asked = in_body;
    }
    if (ex.model_asked.empty()) {
      if (!ex.route.names_model) return {};
      if (!ex.upgrade) return problem(ErrorKind::bad_request, "The body must name a `model`.", "model");
      const std::string param = ex.route.surface == Surface::v1 ? "model" : "deployment";
      return problem(ErrorKind::bad_request, "The query must name the model: `?" + param + "=`.", param);
    }
    const auto found = models_.find(ex.model_asked);
    if (found == models_.end()) {
      return problem(ErrorKind::model_not_found, "There is no model `" + ex.model_asked.substr(0, 64) + "`.", "model");
    }
    const auto& allowed = ex.subscription->product->models;
    if (std::find(allowed.begin(), allowed.end(), found->second) == allowed.end()) {
      return problem(ErrorKind::model_not_allowed,
                     "This subscription may not use the model `" + ex.model_asked + "`.", "model");
    }
    ex.model = found->second;
    return {};
  }

  std::size_t body_limit_;
  std::unordered_map<std::string_view, const Model*> models_;  // views into the configuration
};

}  // namespace

std::shared_ptr<const Filter> make_request(const Config& config, const Services&) {
  return std::make_shared<RequestFilter>(config);
}

}  // namespace tollgate::filters
