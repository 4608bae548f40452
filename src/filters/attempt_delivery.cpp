// The second half of an attempt: what the client gets of its answer.
#include "filters/attempt.hpp"

#include "filters/realtime_relay.hpp"
#include "upstream/answer_policy.hpp"

#include <algorithm>
#include <vector>

namespace tollgate::filters {

namespace {

using upstream::Call;

Outcome ended(End end, ErrorKind error = ErrorKind::none, ErrorSource source = ErrorSource::none) {
  Outcome outcome;
  outcome.end = end;
  outcome.error = error;
  outcome.source = source;
  return outcome;
}

Outcome client_gone() { return ended(End::client_gone, ErrorKind::none, ErrorSource::client); }

Error cut_error(bool is_timeout) {
  Error error;
  error.source = ErrorSource::upstream;
  error.kind = is_timeout ? ErrorKind::deadline_exceeded : ErrorKind::upstream_failed;
  error.message = is_timeout ? "The model deployment stopped sending; the answer is incomplete."
                             : "The model deployment broke off; the answer is incomplete.";
  return error;
}

StoredEnd end_of(std::string_view status) {
  if (status == "completed" || status == "incomplete") return StoredEnd::done;
  if (status == "cancelled") return StoredEnd::cancelled;
  return status == "failed" ? StoredEnd::failed : StoredEnd::none;
}

// The head as the client gets it. Its views point into itself and the call.
struct ToldHead {
  std::vector<Header> headers;
  ResponseHead head;

  ToldHead(const Call& call, std::optional<std::uint64_t> length, bool is_event_stream) {
    upstream::pick_headers(call.head(), headers);
    head.status = call.head().status;
    head.content_type = call.head().content_type;
    head.content_length = length;
    head.is_event_stream = is_event_stream;
    head.headers = headers;
  }
  ToldHead(const ToldHead&) = delete;
};

}  // namespace

awaitable<Outcome> Attempt::deliver(ResponseSink& out) {
  ex_.upstream_status = status_;
  const http::ResponseHead& head = call_.head();
  ex_.upstream_request_id = head.apim_request_id.empty() ? head.x_request_id : head.apim_request_id;
  // Nothing will be sent again: the prompt is let go of before a long answer begins. An error may be held
  // back, and the request sent to where its object is.
  if (kind_ != Kind::error) ex_.body.release();
  switch (kind_) {
    case Kind::events: return deliver_events(out);
    case Kind::parts: return deliver_parts(out);
    case Kind::session: return relay_session(call_, ex_, out);
    default: return deliver_whole(out);
  }
}

// The head, and what was held of the events.
awaitable<Flow> Attempt::tell_beginning(ResponseSink& out) {
  {
    const ToldHead told(call_, std::nullopt, true);
    if (co_await out.head(told.head) == Flow::stop) co_return Flow::stop;
  }
  call_.release_head();
  Events& events = *events_;
  events.watcher.adopt();
  for (std::size_t i = 0; i < events.held->size(); ++i) {
    const Chunk chunk = events.held->at(i);
    if (co_await out.chunk(chunk) == Flow::stop) co_return Flow::stop;
  }
  events.held.reset();
  co_return Flow::go_on;
}

// The next event for the client, taken from the front of `in`. False: there is none (yet).
bool Attempt::next_event(std::string_view& in, TimePoint now, Chunk& chunk) {
  Events& events = *events_;
  http::SseEvent event;
  for (;;) {
    const auto status = events.reader.next(in, event);
    if (status == http::SseReader::Status::too_large) ex_.error_detail = "an event of the stream is too large";
    events.is_unreadable = status == http::SseReader::Status::too_large;
    if (status != http::SseReader::Status::event) return false;
    chunk = {};
    const bool is_told = events.watcher.look_at(event, now, chunk);
    if (events.watcher.is_malformed()) {
      ex_.error_detail = "an event of the stream is not JSON";
      events.is_unreadable = true;
      return false;
    }
    if (is_told) return true;
  }
}

// Lives as long as the stream, so it keeps little while it waits.
awaitable<Outcome> Attempt::deliver_events(ResponseSink& out) {
  if (co_await tell_beginning(out) == Flow::stop) co_return client_gone();
  Events& events = *events_;
  bool is_timeout = false;
  std::string_view in = events.unread;
  for (bool goes_on = true; goes_on;) {
    const auto now = Clock::now();
    Chunk chunk;
    while (next_event(in, now, chunk)) {
      if (co_await out.chunk(chunk) == Flow::stop) co_return client_gone();
    }
    goes_on = !events.is_unreadable;
    while (goes_on) {
      const Call::Piece piece = call_.next();
      if (piece.status == Call::Status::data) {
        in = piece.bytes;
        break;
      }
      if (piece.status == Call::Status::would_block) {
        if (co_await out.flush() == Flow::stop) co_return client_gone();
        events.watcher.rest();
        auto readable = call_.readable(events.watcher.deadline());
        is_timeout = co_await readable == Wake::timeout;
        goes_on = !is_timeout;
        continue;
      }
      goes_on = false;
      if (piece.status == Call::Status::cut) continue;
      call_.finish();
      if (events.watcher.has_failed()) co_return ended(End::truncated, ErrorKind::upstream_failed, ErrorSource::upstream);
      if (events.watcher.is_complete() && events.reader.unfinished().empty()) co_return ended(End::complete);
    }
  }
  co_return co_await tell_cut(out, is_timeout);
}

// Truthful to the end: the client is told that this is not the whole answer.
awaitable<Outcome> Attempt::tell_cut(ResponseSink& out, bool is_timeout) {
  const Error error = cut_error(is_timeout);
  const std::string event = events_->watcher.error_event(error);
  Chunk chunk;
  chunk.kind = Chunk::Kind::event;
  chunk.bytes = event;
  if (co_await out.chunk(chunk) == Flow::stop) co_return client_gone();
  co_return ended(End::truncated, error.kind, ErrorSource::upstream);
}

// A JSON answer, or an error in the provider's words.
awaitable<Outcome> Attempt::deliver_whole(ResponseSink& out) {
  if (kind_ == Kind::whole) ex_.first_token = call_.answered_at();
  const ToldHead told(call_, body_->whole.size(), false);
  Flow flow = co_await out.head(told.head);
  if (flow == Flow::go_on) {
    Chunk chunk;
    chunk.bytes = body_->whole;
    flow = co_await out.chunk(chunk);
  }
  call_.finish();
  if (flow == Flow::stop) co_return client_gone();
  if (kind_ == Kind::error) co_return ended(End::complete, ErrorKind::bad_request, ErrorSource::client);
  co_return ended(End::complete);
}

// Any other body, part by part; usage is read out of JSON.
awaitable<Outcome> Attempt::deliver_parts(ResponseSink& out) {
  const auto framing = call_.head().framing;
  std::optional<std::uint64_t> length;
  if (framing.kind == http::Framing::Kind::length) length = framing.length;
  if (framing.kind == http::Framing::Kind::none) length = 0;
  {
    const ToldHead told(call_, length, false);
    if (co_await out.head(told.head) == Flow::stop) co_return client_gone();
  }
  call_.release_head();
  ex_.first_token = call_.answered_at();
  Body& body = *body_;
  if (!body.held.empty()) {
    Chunk chunk;
    chunk.bytes = body.held;
    if (co_await out.chunk(chunk) == Flow::stop) co_return client_gone();
    std::string().swap(body.held);
  }
  for (;;) {
    const Call::Piece piece = call_.next();
    if (piece.status == Call::Status::data) {
      if (body.scan) body.scan->feed(piece.bytes);
      Chunk chunk;
      chunk.bytes = piece.bytes;
      if (co_await out.chunk(chunk) == Flow::stop) co_return client_gone();
      continue;
    }
    if (piece.status == Call::Status::would_block) {
      if (co_await out.flush() == Flow::stop) co_return client_gone();
      auto readable = call_.readable(std::min(call_.total_deadline(), Clock::now() + deployment_.timeouts.gap));
      if (co_await readable == Wake::timeout) co_return ended(End::truncated, ErrorKind::deadline_exceeded, ErrorSource::upstream);
      continue;
    }
    if (piece.status == Call::Status::cut) co_return ended(End::truncated, ErrorKind::upstream_failed, ErrorSource::upstream);
    call_.finish();
    if (body.scan) {
      auto facts = body.scan->finish();
      if (facts.usage.is_reported) ex_.usage = facts.usage;
      ex_.response_model = std::move(facts.model);
      ex_.stored_end = end_of(facts.status);
    }
    co_return ended(End::complete);
  }
}

}  // namespace tollgate::filters
