// The first half of an attempt: until it is known whether the answer comes from here.
#include "filters/attempt.hpp"

#include "filters/bearer.hpp"
#include "filters/upstream_body.hpp"
#include "http/text.hpp"
#include "net/group.hpp"
#include "openai/in_band_error.hpp"
#include "upstream/answer_policy.hpp"

#include <algorithm>

namespace tollgate::filters {

namespace {

using balancer::Result;
using upstream::Call;

// An error answer larger than this is not looked into, and one that takes longer is not waited for. Those
// that go to the client are held like any other answer.
constexpr std::size_t most_error_body = 64 * 1024;
constexpr std::chrono::seconds error_body_time{10};

// A beginning that says nothing yet is held up to here; then the answer comes from here, whatever follows.
constexpr std::size_t most_held_events = 256 * 1024;

// A JSON answer is held whole up to here, so that one that breaks off can be had from elsewhere.
constexpr std::size_t most_held_body = 1024 * 1024;

// Operations whose answer is one JSON document when it is no stream, and made for this call.
bool answers_json(Operation operation) noexcept {
  switch (operation) {
    case Operation::chat_completions:
    case Operation::completions:
    case Operation::embeddings:
    case Operation::images:
    case Operation::responses: return true;
    default: return false;
  }
}

}  // namespace

upstream::Problem Attempt::fail(Result result, ErrorKind kind, std::string message, std::string detail) {
  result_ = result;
  auto error = std::make_unique<Error>();
  error->kind = kind;
  error->source = ErrorSource::upstream;
  error->is_retryable = true;
  error->message = std::move(message);
  error->detail = std::move(detail);
  return error;
}

upstream::Problem Attempt::broken(std::string detail) {
  return fail(Result::failed, ErrorKind::upstream_failed, "The model deployment did not give a usable answer.", std::move(detail));
}

upstream::Problem Attempt::too_late() {
  return fail(Result::timeout, ErrorKind::deadline_exceeded, "The model deployment did not answer in time.",
              "timeout before the first token");
}

awaitable<upstream::Problem> Attempt::begin() {
  Problem problem = co_await send();
  if (problem) {
    if (call_.client_failure() == BodySource::State::ok) {
      result_ = !call_.was_reached()                             ? Result::unreachable
                : problem->kind == ErrorKind::deadline_exceeded ? Result::timeout
                                                                  : Result::failed;
      if (problem->kind == ErrorKind::overloaded) result_ = Result::good;  // our own bound, not its fault
    }
    co_return problem;
  }
  note_head();
  const http::ResponseHead& head = call_.head();
  began_at_ = call_.answered_at();
  const bool is_plain = head.content_encoding.empty();
  if (head.status >= 300) {  // a redirect is not followed, and is no answer
    kind_ = Kind::error;
    co_return co_await begin_error();
  }
  if (head.status == 101) {
    kind_ = Kind::session;
    co_return problem;
  }
  if (is_plain && http::is_media_type(head.content_type, "text/event-stream")) {
    kind_ = Kind::events;
    co_return co_await begin_events();
  }
  const bool is_json = is_plain && http::is_media_type(head.content_type, "application/json");
  body_ = std::make_unique<Body>();
  if (is_json) body_->scan.emplace();
  if (answers_json(ex_.route.operation)) {
    if (is_plain && !is_json) co_return broken("the answer is not JSON");
    kind_ = Kind::whole;
    co_return co_await begin_whole();
  }
  kind_ = Kind::parts;
  co_return problem;
}

// Until the answer's head is there. What this takes is given back before a long answer begins.
awaitable<upstream::Problem> Attempt::send() {
  net::Regroup regroup(ex_.loop, ex_.body.size);
  co_await regroup;
  const UpstreamBody body(ex_, deployment_);
  asked_for_usage_ = body.asked_for_usage;
  Bearer bearer(ex_, deployment_, waited_);
  Problem problem = co_await bearer.get();
  if (!problem) problem = co_await call_.open(body.pieces, body.length, bearer.text());
  const bool may_repeat = !problem && !call_.has_taken_body();
  const bool has_other_token = may_repeat && co_await bearer.renew(call_.head());
  if (has_other_token) problem = co_await call_.open(body.pieces, body.length, bearer.text());
  co_return problem;
}

void Attempt::note_head() {
  const http::ResponseHead& head = call_.head();
  status_ = head.status;
  if (deployment_.kind != DeploymentKind::ptu) return;
  utilization_ = upstream::utilization_of(head);
  sent_on_to_ = upstream::spilled_to(head);
}

awaitable<upstream::Problem> Attempt::begin_error() {
  body_ = std::make_unique<Body>();
  const int status = call_.head().status;
  const bool is_about_request = upstream::is_about_request(status);
  const std::size_t most = is_about_request || status == 404 ? most_held_body : most_error_body;
  const auto deadline = std::min(call_.total_deadline(), Clock::now() + error_body_time);
  bool is_whole = false;
  for (bool goes_on = true; goes_on;) {
    const Call::Piece piece = call_.next();
    switch (piece.status) {
      case Call::Status::data:
        goes_on = body_->held.size() + piece.bytes.size() <= most;
        if (goes_on) body_->held += piece.bytes;
        break;
      case Call::Status::would_block: {
        auto readable = call_.readable(deadline);
        goes_on = co_await readable != Wake::timeout;
        break;
      }
      case Call::Status::end:
        is_whole = true;
        goes_on = false;
        break;
      case Call::Status::cut: goes_on = false; break;
    }
  }
  body_->whole = body_->held;
  Problem problem;
  const bool is_not_found = status == 404 && !upstream::is_missing_deployment(status, body_->whole, ex_.route.names_model);
  const bool is_our_token = is_whole && upstream::is_wrong_tenant(status, body_->whole);
  if (is_whole && !is_our_token && (is_about_request || is_not_found)) co_return problem;
  if (is_about_request && !is_our_token) co_return refusal_without_words(status);
  problem = std::make_unique<Error>(upstream::error_for(call_.head()));
  result_ = upstream::is_throttled(call_.head()) ? Result::throttled
            : problem->kind == ErrorKind::deadline_exceeded ? Result::timeout
                                                           : Result::failed;
  if (is_whole) call_.finish();
  co_return problem;
}

awaitable<upstream::Problem> Attempt::begin_events() {
  events_ = std::make_unique<Events>(ex_, deployment_, call_, asked_for_usage_);
  Events& events = *events_;
  for (;;) {
    const Call::Piece piece = call_.next();
    switch (piece.status) {
      case Call::Status::data: {
        const auto now = Clock::now();
        events.unread = piece.bytes;
        http::SseEvent event;
        http::SseReader::Status status;
        while ((status = events.reader.next(events.unread, event)) == http::SseReader::Status::event) {
          Chunk chunk;
          const bool is_told = events.watcher.look_at(event, now, chunk);
          if (events.watcher.has_failed()) {
            const bool is_ours = !is_last_ && !events.watcher.is_callers_affair();
            if (is_ours) co_return in_band_failure(event.data);
          } else if (events.watcher.is_malformed()) {
            co_return broken("an event of the stream is not JSON");
          } else if (events.watcher.is_empty()) {
            co_return broken("the stream ended without a token or a finish reason");
          }
          // Comments keep nobody alive: nothing has been said yet. However many come, the first ones do.
          if (is_told && events.held->bytes() < most_held_events) events.held->add(chunk);
          const bool is_known = events.watcher.has_begun() || events.watcher.has_failed();
          if (!is_known && (event.is_comment_only || events.held->bytes() < most_held_events)) continue;
          began_at_ = now;
          Problem none;
          co_return none;
        }
        if (status == http::SseReader::Status::too_large) co_return broken("an event of the stream is too large");
        break;
      }
      case Call::Status::would_block: {
        auto readable = call_.readable(events.watcher.deadline());
        if (co_await readable == Wake::timeout) co_return too_late();
        break;
      }
      case Call::Status::end:
        // Dialects without a known last event may end here.
        if (events.watcher.is_complete() && events.reader.unfinished().empty()) {
          began_at_ = Clock::now();
          Problem none;
          co_return none;
        }
        co_return broken("the stream ended before the first token");
      case Call::Status::cut: co_return broken("the connection broke off before the first token");
    }
  }
}

// Whatever its words were, it was about what was asked: no other deployment would say more.
upstream::Problem Attempt::refusal_without_words(int status) {
  auto error = std::make_unique<Error>();
  error->kind = ErrorKind::bad_request;
  error->source = ErrorSource::client;
  error->status = status;
  error->message = "The model deployment refused the request; what it said of the reason did not come whole.";
  error->detail = "the upstream answered " + std::to_string(status) + " with a body that was too long, too slow or cut off";
  return error;
}

upstream::Problem Attempt::in_band_failure(std::string_view data) {
  const bool is_throttled = openai::in_band_error(data) == openai::InBandError::throttled;
  if (!is_throttled) return broken("the deployment reported an error inside its answer");
  return fail(Result::throttled, ErrorKind::rate_limited, "The model deployment is at its rate limit. Please retry later.",
              "the deployment reported its limit inside its answer");
}

awaitable<upstream::Problem> Attempt::begin_whole() {
  Body& body = *body_;
  for (;;) {
    const Call::Piece piece = call_.next();
    switch (piece.status) {
      case Call::Status::data:
        if (body.scan) body.scan->feed(piece.bytes);
        if (body.held.empty() && call_.is_at_end()) {
          body.whole = piece.bytes;  // it came in one piece: it is told from where it lies
          co_return note_whole();
        }
        body.held += piece.bytes;
        if (body.held.size() > most_held_body) {
          kind_ = Kind::parts;
          began_at_ = call_.answered_at();
          Problem none;
          co_return none;
        }
        break;
      case Call::Status::would_block: {
        auto readable = call_.readable(std::min(call_.total_deadline(), Clock::now() + deployment_.timeouts.gap));
        if (co_await readable == Wake::timeout) co_return too_late();
        began_at_ = readable.ended();
        break;
      }
      case Call::Status::end:
        body.whole = body.held;
        co_return note_whole();
      case Call::Status::cut: co_return broken("the connection broke off inside the answer");
    }
  }
}

// The body is here. One that is no JSON object, or an object that says it failed, is not an answer.
upstream::Problem Attempt::note_whole() {
  if (!body_->scan) return nullptr;
  auto facts = body_->scan->finish();
  body_->scan.reset();
  if (!facts.is_json_object) return broken("the answer is not a JSON object");
  const bool has_failed = facts.has_error && (ex_.route.operation != Operation::responses || facts.status == "failed");
  if (has_failed && !is_last_ && openai::in_band_error(body_->whole) != openai::InBandError::callers) return in_band_failure(body_->whole);
  if (facts.usage.is_reported) ex_.usage = facts.usage;
  ex_.response_model = std::move(facts.model);
  return nullptr;
}

}  // namespace tollgate::filters
