#include "filters/event_watcher.hpp"

#include "openai/in_band_error.hpp"

#include <algorithm>

namespace tollgate::filters {

EventWatcher::EventWatcher(Exchange& ex, const Deployment& deployment, TimePoint sent_at, TimePoint total_deadline,
                           bool drop_usage)
    : ex_(ex),
      gap_(deployment.timeouts.gap),
      total_deadline_(total_deadline),
      deadline_(std::min(total_deadline, sent_at + deployment.timeouts.first_token)),
      dialect_(openai::dialect_of(ex.route.operation)),
      drop_usage_(drop_usage) {}

bool EventWatcher::look_at(const http::SseEvent& event, TimePoint now, Chunk& chunk) {
  chunk.kind = Chunk::Kind::event;
  chunk.bytes = event.raw;
  chunk.data = event.data;
  chunk.event = event.event;
  if (!event.has_data) return true;
  const bool needs_meaning = !has_begun_ || first_token() == TimePoint{};
  const auto facts = dialect_ == openai::Dialect::chat
                         ? openai::read_chat_chunk(event.data, needs_meaning)
                         : openai::read_response_event(event.event, event.data, needs_meaning);
  chunk.is_meaningful = facts.is_meaningful || !needs_meaning;
  chunk.text = facts.text;
  if (needs_meaning && facts.is_meaningful) set_first_token(now);
  // Before the first token role-only chunks reset no clock: they came and said nothing. After it whatever has data
  // resets the gap's, for it is not read so closely any more.
  if (chunk.is_meaningful) deadline_ = std::min(total_deadline_, now + gap_);
  if (facts.has_usage) usage() = facts.usage;
  if (response_model().empty()) response_model() = facts.response_model;
  if (facts.sequence_number >= 0) sequence_number_ = facts.sequence_number;
  is_malformed_ |= facts.is_malformed && has_known_end();
  has_ended_ |= facts.is_terminal;
  if (facts.is_terminal) ex_.stored_end = facts.is_failed ? StoredEnd::failed : StoredEnd::done;
  if (facts.is_error || facts.is_failed) {
    has_failed_ = true;
    is_callers_ |= openai::in_band_error(event.data) == openai::InBandError::callers;
  }
  has_begun_ |= chunk.is_meaningful;
  if (drop_usage_) {
    if (facts.is_usage_only) return false;
    if (facts.has_null_usage) cut_null_usage(event, chunk);
  }
  return true;
}

void EventWatcher::adopt() {
  const auto learnt = std::move(early_);
  ex_.usage = learnt->usage;
  ex_.first_token = learnt->first_token;
  ex_.response_model = std::move(learnt->response_model);
}

// Only the dialects of these are known well enough to say that something is missing or wrong.
bool EventWatcher::has_known_end() const noexcept {
  switch (ex_.route.operation) {
    case Operation::chat_completions:
    case Operation::completions:
    case Operation::responses: return true;
    default: return false;
  }
}

bool EventWatcher::is_complete() const noexcept { return !has_known_end() || has_ended_ || has_failed_; }

// `"usage":null` is there only because we asked for usage: the client gets what it would have got
// without us.
void EventWatcher::cut_null_usage(const http::SseEvent& event, Chunk& chunk) {
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

}  // namespace tollgate::filters
