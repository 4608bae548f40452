#include "filters/relay.hpp"

#include "http/sse_reader.hpp"
#include "http/text.hpp"
#include "openai/body_scan.hpp"
#include "openai/stream_events.hpp"
#include "upstream/answer_policy.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace tollgate::filters {

namespace {

using upstream::Call;

constexpr std::chrono::seconds collect_time{10};

Outcome ended(End end, ErrorKind error = ErrorKind::none, ErrorSource source = ErrorSource::none) {
  Outcome outcome;
  outcome.end = end;
  outcome.error = error;
  outcome.source = source;
  return outcome;
}

Outcome client_gone() { return ended(End::client_gone, ErrorKind::none, ErrorSource::client); }

// Reads a stream's events as they come by: what they mean for the exchange, and what of them the
// client gets.
class EventWatcher {
 public:
  EventWatcher(Exchange& ex, TimePoint sent_at, TimePoint total_deadline, bool drop_usage)
      : ex_(ex),
        dialect_(openai::dialect_of(ex.route.operation)),
        total_deadline_(total_deadline),
        deadline_(std::min(total_deadline, sent_at + ex.deployment->timeouts.first_token)),
        drop_usage_(drop_usage) {}

  // False: the event is not for the client.
  bool look_at(const http::SseEvent& event, TimePoint now, Chunk& chunk) {
    chunk.kind = Chunk::Kind::event;
    chunk.bytes = event.raw;
    chunk.data = event.data;
    chunk.event = event.event;
    if (!event.has_data) return true;
    const bool needs_meaning = ex_.first_token == TimePoint{};
    const auto facts = dialect_ == openai::Dialect::chat
                           ? openai::read_chat_chunk(event.data, needs_meaning)
                           : openai::read_response_event(event.event, event.data, needs_meaning);
    chunk.is_meaningful = facts.is_meaningful || !needs_meaning;
    chunk.text = facts.text;
    if (needs_meaning && facts.is_meaningful) ex_.first_token = now;
    // Comments and role-only chunks do not reset the gap clock; they came and said nothing.
    if (chunk.is_meaningful) {
      deadline_ = std::min(total_deadline_, now + ex_.deployment->timeouts.gap);
    }
    if (facts.has_usage) ex_.usage = facts.usage;
    if (ex_.response_model.empty()) ex_.response_model = facts.response_model;
    if (facts.sequence_number >= 0) sequence_number_ = facts.sequence_number;
    has_ended_ |= facts.is_terminal;
    has_failed_ |= facts.is_error || facts.is_failed;
    if (drop_usage_) {
      if (facts.is_usage_only) return false;
      if (facts.has_null_usage) cut_null_usage(event, chunk);
    }
    return true;
  }

  TimePoint deadline() const noexcept { return deadline_; }
  bool has_failed() const noexcept { return has_failed_; }

  // Whether the stream was brought to its end, now that no more comes. Only dialects with a known
  // last event can be seen to lack it.
  bool is_complete() const noexcept {
    switch (ex_.route.operation) {
      case Operation::chat_completions:
      case Operation::completions:
      case Operation::responses: return has_ended_ || has_failed_;
      default: return true;
    }
  }

  std::string error_event(const Error& error) const {
    return openai::stream_error_event(dialect_, error, sequence_number_ + 1);
  }

 private:
  // `"usage":null` is there only because we asked for usage: the client gets what it would have got
  // without us.
  void cut_null_usage(const http::SseEvent& event, Chunk& chunk) {
    const auto offset = event.data.data() - event.raw.data();
    const bool is_inside = offset >= 0 && offset + event.data.size() <= event.raw.size();
    std::string_view before, after;
    if (!is_inside || !openai::strip_null_usage(event.data, before, after)) return;
    const auto begin = static_cast<std::size_t>(offset);
    edited_.assign(event.raw.substr(0, begin)).append(before).append(after);
    edited_.append(event.raw.substr(begin + event.data.size()));
    chunk.bytes = edited_;
    chunk.data = std::string_view(edited_).substr(begin, before.size() + after.size());
  }

  Exchange& ex_;
  openai::Dialect dialect_;
  TimePoint total_deadline_;
  TimePoint deadline_;
  std::int64_t sequence_number_ = -1;
  bool drop_usage_;
  bool has_ended_ = false;
  bool has_failed_ = false;
  std::string edited_;
};

Error cut_error(bool is_timeout) {
  Error error;
  error.source = ErrorSource::upstream;
  error.kind = is_timeout ? ErrorKind::deadline_exceeded : ErrorKind::upstream_failed;
  error.message = is_timeout ? "The model deployment stopped sending; the answer is incomplete."
                             : "The model deployment broke off; the answer is incomplete.";
  return error;
}

ResponseHead head_of(const Call& call, const std::vector<Header>& headers) {
  ResponseHead head;
  head.status = call.head().status;
  head.content_type = call.head().content_type;
  head.headers = headers;
  return head;
}

}  // namespace

awaitable<Outcome> relay_events(Call& call, Exchange& ex, ResponseSink& out, RelayOptions options) {
  {
    std::vector<Header> headers;
    upstream::pick_headers(call.head(), headers);
    ResponseHead head = head_of(call, headers);
    head.is_event_stream = true;
    if (co_await out.head(head) == Flow::stop) co_return client_gone();
  }
  call.release_head();
  EventWatcher watcher(ex, call.sent_at(), call.total_deadline(), options.drop_usage);
  http::SseReader reader;
  bool is_timeout = false;
  for (bool goes_on = true; goes_on;) {
    const Call::Piece piece = call.next();
    switch (piece.status) {
      case Call::Status::data: {
        const auto now = Clock::now();
        std::string_view in = piece.bytes;
        http::SseEvent event;
        http::SseReader::Status status;
        while ((status = reader.next(in, event)) == http::SseReader::Status::event) {
          Chunk chunk;
          if (!watcher.look_at(event, now, chunk)) continue;
          if (co_await out.chunk(chunk) == Flow::stop) co_return client_gone();
        }
        if (status == http::SseReader::Status::too_large) {
          ex.error_detail = "an event of the stream is too large";
          goes_on = false;
        }
        break;
      }
      case Call::Status::would_block: {
        if (co_await out.flush() == Flow::stop) co_return client_gone();
        if (co_await call.readable(watcher.deadline()) == Wake::timeout) {
          is_timeout = true;
          goes_on = false;
        }
        break;
      }
      case Call::Status::end:
        call.finish();
        if (watcher.has_failed()) co_return ended(End::truncated, ErrorKind::upstream_failed, ErrorSource::upstream);
        if (watcher.is_complete() && reader.unfinished().empty()) co_return ended(End::complete);
        goes_on = false;
        break;
      case Call::Status::cut: goes_on = false; break;
    }
  }
  // Truthful to the end: the client is told that this is not the whole answer.
  const Error error = cut_error(is_timeout);
  const std::string event = watcher.error_event(error);
  Chunk chunk;
  chunk.kind = Chunk::Kind::event;
  chunk.bytes = event;
  if (co_await out.chunk(chunk) == Flow::stop) co_return client_gone();
  co_return ended(End::truncated, error.kind, ErrorSource::upstream);
}

awaitable<Outcome> relay_body(Call& call, Exchange& ex, ResponseSink& out) {
  const bool is_json = http::is_media_type(call.head().content_type, "application/json");
  {
    std::vector<Header> headers;
    upstream::pick_headers(call.head(), headers);
    ResponseHead head = head_of(call, headers);
    const auto& framing = call.head().framing;
    if (framing.kind == http::Framing::Kind::length) head.content_length = framing.length;
    if (framing.kind == http::Framing::Kind::none) head.content_length = 0;
    if (co_await out.head(head) == Flow::stop) co_return client_gone();
  }
  call.release_head();
  ex.first_token = call.answered_at();
  std::optional<openai::BodyScan> scan;
  if (is_json) scan.emplace();
  for (;;) {
    const Call::Piece piece = call.next();
    if (piece.status == Call::Status::data) {
      if (scan) scan->feed(piece.bytes);
      Chunk chunk;
      chunk.bytes = piece.bytes;
      if (co_await out.chunk(chunk) == Flow::stop) co_return client_gone();
      continue;
    }
    if (piece.status == Call::Status::would_block) {
      if (co_await out.flush() == Flow::stop) co_return client_gone();
      const auto deadline = std::min(call.total_deadline(), Clock::now() + ex.deployment->timeouts.gap);
      if (co_await call.readable(deadline) == Wake::timeout) {
        co_return ended(End::truncated, ErrorKind::deadline_exceeded, ErrorSource::upstream);
      }
      continue;
    }
    if (piece.status == Call::Status::cut) {
      co_return ended(End::truncated, ErrorKind::upstream_failed, ErrorSource::upstream);
    }
    call.finish();
    if (scan) {
      auto facts = scan->finish();
      if (facts.usage.is_reported) ex.usage = facts.usage;
      ex.response_model = std::move(facts.model);
    }
    co_return ended(End::complete);
  }
}

awaitable<Collected> collect(Call& call, std::size_t bound) {
  Collected out;
  const auto deadline = std::min(call.total_deadline(), Clock::now() + collect_time);
  for (;;) {
    const Call::Piece piece = call.next();
    switch (piece.status) {
      case Call::Status::data:
        if (out.bytes.size() + piece.bytes.size() > bound) co_return out;
        out.bytes += piece.bytes;
        break;
      case Call::Status::would_block:
        if (co_await call.readable(deadline) == Wake::timeout) co_return out;
        break;
      case Call::Status::end:
        out.is_whole = true;
        co_return out;
      case Call::Status::cut: co_return out;
    }
  }
}

}  // namespace tollgate::filters
