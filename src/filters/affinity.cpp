// Responses, files, batches, jobs and vector stores stay with the resource that keeps them: what a
// request names is looked up, and the exchange pinned to its owner; what nobody remembers is asked for,
// resource by resource, before the client has seen anything; what an answer creates is remembered.
//
// Ids are never rewritten. An object belongs to the subscription that made it: to others it does not
// exist, in lists neither (object_list.hpp).
#include "affinity/decide.hpp"
#include "filters/filters.hpp"
#include "filters/object_list.hpp"
#include "filters/object_memory.hpp"
#include "filters/object_watch.hpp"
#include "filters/reply.hpp"
#include "filters/resources.hpp"
#include "net/loop.hpp"
#include "openai/missing_object.hpp"
#include "openai/request_scan.hpp"
#include "openai/route.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace tollgate::filters {

namespace {

using affinity::Lookup;
using affinity::ObjectKey;
using affinity::Owner;

// A resource at times denies a response that it has; a moment later it knows it.
constexpr std::chrono::milliseconds second_look{150};

bool keeps_objects(Operation operation) {
  switch (operation) {
    case Operation::responses:
    case Operation::response_object:
    case Operation::files:
    case Operation::batches:
    case Operation::fine_tuning:
    case Operation::vector_stores: return true;
    default: return false;
  }
}

// Whether an answer may name what was made: by this call, or by the batch, the job or the response that it
// shows, which may have been made in the background. A file's content is the client's and may say anything.
bool may_create(const Exchange& ex, const openai::PathIds& path) {
  const bool is_post = ex.method == "POST";
  switch (ex.route.operation) {
    case Operation::responses: return true;
    case Operation::response_object: return ex.method != "DELETE" && !ex.route.tail.ends_with("/input_items");
    case Operation::files: return is_post;
    case Operation::batches:
    case Operation::fine_tuning: return is_post || (ex.method == "GET" && !path.outer.empty());
    case Operation::vector_stores:
      return is_post && (path.outer.empty() || ex.route.tail.ends_with("/files") || ex.route.tail.ends_with("/file_batches"));
    default: return false;
  }
}

bool is_list(const Exchange& ex, const openai::PathIds& path) {
  if (ex.method != "GET" || !path.outer.empty()) return false;
  switch (ex.route.operation) {
    case Operation::files:
    case Operation::batches:
    case Operation::fine_tuning:
    case Operation::vector_stores: return true;
    default: return false;
  }
}

// Which models could be asked for instead.
std::string usable(const std::vector<const Model*>& models) {
  constexpr std::size_t most_told = 10;
  if (models.empty()) return "it serves no model of this product.";
  std::string text = "it serves ";
  for (std::size_t i = 0; i < models.size() && i < most_told; ++i) text.append(i == 0 ? "`" : ", `").append(models[i]->name).append("`");
  return text + (models.size() > most_told ? " and others." : ".");
}

std::string cited(const Named& named) {
  if (named.field.empty()) return "`" + named.id + "`";
  return "`" + named.id + "` (`" + std::string(named.field) + "`)";
}

// One exchange about what is kept.
class Visit final : private ObjectWatch::Listener {
 public:
  Visit(Exchange& ex, ResponseSink& out, Next next, affinity::Directory& directory, const Resources& resources)
      : ex_(ex), out_(out), next_(next), resources_(resources), memory_(directory, ex), path_(openai::ids_in_path(ex.route)), whose_(ex.subscription->name) {}

  awaitable<Outcome> run() {
    const bool sees_all = ex_.subscription->product->objects == ObjectSharing::resource;
    if (is_list(ex_, path_) && !sees_all) co_return co_await tell_own_list(ex_, out_, next_, memory_, resources_);
    std::vector<Named> named = what_is_named();
    affinity::Decision decision;
    if (!named.empty()) {
      const std::vector<const Owner*> owners = co_await memory_.find(named);
      decision = affinity::decide(owners, [&](const Owner& owner) { return resources_.may_use(ex_, owner); });
    }
    switch (decision.kind) {
      case affinity::Decision::Kind::foreign: co_return co_await deny(named[decision.first]);
      case affinity::Decision::Kind::apart:
        co_return co_await refuse_apart(named[decision.first], named[decision.second]);
      case affinity::Decision::Kind::owned:
        if (!path_.outer.empty() && decision.first == 0) whose_ = decision.owner->subscription;
        co_return co_await serve_at_owner(named[decision.first], *decision.owner);
      case affinity::Decision::Kind::free: break;
    }
    if (named.empty()) co_return co_await attempt_and_tell();
    co_return co_await search(std::move(named));
  }

 private:
  std::vector<Named> what_is_named() const {
    std::vector<Named> named;
    const auto add = [&](std::string_view id, std::string_view field) {
      if (!id.empty()) named.push_back({std::string(id), field, affinity::key_of(id)});
    };
    add(path_.outer, {});
    add(path_.inner, {});
    if (!ex_.facts) return named;
    for (const openai::ObjectReference& reference : ex_.facts->references) add(reference.id, reference.field);
    return named;
  }

  // --- ObjectWatch::Listener ---

  void on_success() override {
    served_by_ = Owner{resources_.of(*ex_.deployment), ex_.deployment->name, std::string(whose_)};
    if (memory_.is_sure()) {
      for (const Named& one : unknown_) memory_.note(one.key, one.id, served_by_, false);
    }
    if (!unknown_.empty()) memory_.count(Lookup::probed);
    unknown_.clear();
  }

  void on_id(const std::string& id) override {
    const bool is_container = id.starts_with("cntr_");  // it may have been there before
    // What is not stored cannot be asked for; thoughts come back, and can be read by who had them, and containers stay.
    if (ex_.facts && !ex_.facts->store && !id.starts_with("rs_") && !is_container) return;
    if (ex_.facts && ex_.facts->background && ex_.background_id.empty() && id.starts_with("resp_")) ex_.background_id = id;
    const bool is_new = ex_.method == "POST" && path_.outer.empty() && !is_container;
    if (is_new || memory_.is_sure()) memory_.note(affinity::key_of(id), id, served_by_, is_new);
  }

  // --- calling ---

  // An error is kept back and returned in `error`.
  awaitable<Outcome> attempt(std::optional<HeldAnswer>& error) {
    ObjectWatch watch(out_, *this, may_create(ex_, path_));
    const Outcome outcome = co_await next_(ex_, watch);
    status_ = watch.status();
    error = watch.take_error();
    if (error) error->outcome = outcome;
    co_return outcome;
  }

  awaitable<Outcome> tell(const HeldAnswer& error) {
    Outcome outcome = error.outcome;
    if (co_await error.tell(out_) == Flow::stop || co_await out_.flush() == Flow::stop) outcome.end = End::client_gone;
    co_return outcome;
  }

  awaitable<Outcome> attempt_and_tell() {
    std::optional<HeldAnswer> error;
    const Outcome outcome = co_await attempt(error);
    if (!error) co_return outcome;
    co_return co_await tell(*error);
  }

  awaitable<Outcome> serve_at_owner(const Named& named, const Owner& owner) {
    const std::vector<const Deployment*> there = resources_.of_owner(owner);
    if (there.empty()) co_return co_await refuse_gone(named);
    const auto allowed = std::ranges::find_if(
        there, [&](const Deployment* deployment) { return may_serve(*ex_.subscription->product, *deployment); });
    if (allowed == there.end()) co_return co_await refuse_region(named);
    ex_.pinned = resources_.with_model(ex_, **allowed);
    if (!ex_.pinned) co_return co_await refuse_model(named, **allowed);
    memory_.count(Lookup::known);
    ex_.route_reason = "affinity";
    const bool is_alone = !path_.outer.empty() && path_.inner.empty();
    const ObjectKey key = named.key;
    std::optional<HeldAnswer> error;
    Outcome outcome = co_await attempt(error);
    if (error && openai::is_missing_previous_response(error->status(), error->body())) {
      net::Sleep moment(ex_.loop, Clock::now() + second_look);
      co_await moment;
      outcome = co_await attempt(error);
    }
    // What was deleted is remembered until its owner says that it is gone: nobody else need be asked.
    const bool is_missing = error && error->status() == 404 && openai::is_missing_object(404, error->body());
    if (is_alone && status_ != 0 && is_missing) memory_.forget(key);
    if (!error) co_return outcome;
    co_return co_await tell(*error);
  }

  // Nobody remembers it: the resources are asked, the one that would serve anyway first.
  awaitable<Outcome> search(std::vector<Named> named) {
    unknown_ = std::move(named);
    std::vector<const Deployment*> left = resources_.candidates(ex_);
    std::optional<HeldAnswer> missing, failure;
    for (;;) {
      std::optional<HeldAnswer> error;
      const Outcome outcome = co_await attempt(error);
      if (!error) {
        ex_.error_detail.clear();  // of the attempts before
        co_return outcome;
      }
      const bool is_missing = openai::is_missing_object(error->status(), error->body());
      const bool has_failed = outcome.end == End::refused && outcome.source != ErrorSource::client;
      if (!is_missing && !has_failed) co_return co_await tell(*error);
      std::optional<HeldAnswer>& kept = is_missing ? missing : failure;
      if (!kept) kept = std::move(error);
      if (ex_.deployment) {
        const std::string& tried = resources_.of(*ex_.deployment);
        std::erase_if(left, [&](const Deployment* other) { return resources_.of(*other) == tried; });
      }
      const bool can_repeat = ex_.body.is_whole() || ex_.body.length == 0u;
      if (left.empty() || !can_repeat) break;
      ex_.pinned = left.front();
      left.erase(left.begin());
      ex_.route_reason = "affinity:search";
    }
    // It must not be called missing while one that may have it could not be asked.
    if (!failure) memory_.count(Lookup::unknown);
    co_return co_await tell(failure ? *failure : *missing);
  }

  // --- refusals ---

  awaitable<Outcome> deny(const Named& named) {
    memory_.count(Lookup::foreign);
    ex_.error_detail = "the object belongs to another subscription";
    openai::MissingObject missing = openai::missing_object(ex_.route, named.id, named.field);
    Outcome outcome = co_await reply_json(ex_, out_, missing.status, std::move(missing.body));
    if (outcome.end == End::complete) outcome.end = End::refused;
    outcome.error = missing.status == 404 ? ErrorKind::not_found : ErrorKind::bad_request;
    outcome.source = ErrorSource::client;
    co_return outcome;
  }

  awaitable<Outcome> refuse_apart(const Named& first, const Named& second) {
    memory_.count(Lookup::conflict);
    Error error;
    error.kind = ErrorKind::bad_request;
    error.source = ErrorSource::client;
    error.message = cited(first) + " and " + cited(second) +
                    " are kept by different resources, so no deployment can use them together.";
    error.param = second.field;
    co_return co_await reply_error(ex_, out_, std::move(error));
  }

  awaitable<Outcome> refuse_gone(const Named& named) {
    memory_.count(Lookup::gone);
    Error error;
    error.kind = ErrorKind::not_found;
    error.source = ErrorSource::client;
    error.message = cited(named) + " is kept by a resource that this gateway does not serve any more.";
    error.param = named.field;
    error.detail = "the owner of the object is not in the configuration";
    co_return co_await reply_error(ex_, out_, std::move(error));
  }

  awaitable<Outcome> refuse_region(const Named& named) {
    memory_.count(Lookup::gone);
    Error error;
    error.kind = ErrorKind::region_not_allowed;
    error.source = ErrorSource::client;
    error.message = cited(named) + " is kept in a region that this product may not use.";
    error.param = named.field;
    co_return co_await reply_error(ex_, out_, std::move(error));
  }

  awaitable<Outcome> refuse_model(const Named& named, const Deployment& keeper) {
    memory_.count(Lookup::conflict);
    Error error;
    error.kind = ErrorKind::bad_request;
    error.source = ErrorSource::client;
    error.message = cited(named) + " is kept by a resource that does not serve the model `" + ex_.model_asked + "`; " +
                    usable(resources_.models_at(ex_, keeper));
    error.param = "model";
    co_return co_await reply_error(ex_, out_, std::move(error));
  }

  Exchange& ex_;
  ResponseSink& out_;
  Next next_;
  const Resources& resources_;
  ObjectMemory memory_;
  openai::PathIds path_;
  std::string_view whose_;  // what the answer names: the caller's, or theirs who made what it shows
  std::vector<Named> unknown_;  // what the one that serves turns out to have
  Owner served_by_;
  int status_ = 0;  // of the last attempt
};

class Affinity final : public Filter {
 public:
  Affinity(const Config& config, const Services& services) : directory_(services.directory), resources_(config) {}

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    const bool names_objects = ex.facts && !ex.facts->references.empty();
    if (!directory_ || (!keeps_objects(ex.route.operation) && !names_objects)) return next(ex, out);
    return visit(ex, out, next);
  }

 private:
  awaitable<Outcome> visit(Exchange& ex, ResponseSink& out, Next next) const {
    Visit visit(ex, out, next, *directory_, resources_);
    co_return co_await visit.run();
  }

  affinity::Directory* directory_;
  Resources resources_;
};

}  // namespace

std::shared_ptr<const Filter> make_affinity(const Config& config, const Services& services) {
  return std::make_shared<Affinity>(config, services);
}

}  // namespace tollgate::filters
