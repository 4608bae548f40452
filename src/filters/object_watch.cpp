#include "filters/object_watch.hpp"

#include "http/text.hpp"

namespace tollgate::filters {

namespace {

// Where events without a name say their type.
constexpr std::size_t type_within = 96;

bool is_event(const Chunk& chunk, std::string_view type) {
  if (!chunk.event.empty()) return chunk.event == type;
  return chunk.data.substr(0, type_within).find(type) != chunk.data.npos;
}

}  // namespace

awaitable<Flow> ObjectWatch::head(const ResponseHead& head) {
  status_ = head.status;
  if (head.status >= 400) {
    held_.emplace(head);
    return Flow::go_on;
  }
  is_event_stream_ = head.is_event_stream;
  learns_ = learns_ && head.status < 300 &&
            (is_event_stream_ || http::is_media_type(head.content_type, "application/json"));
  if (head.status < 300) listener_.on_success();
  return out_.head(head);
}

awaitable<Flow> ObjectWatch::chunk(const Chunk& chunk) {
  if (held_) {
    if (held_->add(chunk.bytes)) return Flow::go_on;
    return let_go(chunk);
  }
  if (learns_) learn(chunk);
  return out_.chunk(chunk);
}

awaitable<Flow> ObjectWatch::flush() {
  if (held_) return Flow::go_on;
  return out_.flush();
}

awaitable<Flow> ObjectWatch::let_go(Chunk chunk) {
  const HeldAnswer told = std::move(*held_);
  held_.reset();
  learns_ = false;
  if (co_await told.tell(out_) == Flow::stop) co_return Flow::stop;
  co_return co_await out_.chunk(chunk);
}

void ObjectWatch::learn(const Chunk& chunk) {
  if (is_event_stream_) return learn_from_event(chunk);
  ids_.feed(chunk.bytes);
  if (!ids_.has_found()) return;
  for (const std::string& id : ids_.take()) listener_.on_id(id);
}

// The response's own id stands in its first event, those of its items in its last.
void ObjectWatch::learn_from_event(const Chunk& chunk) {
  const bool is_first = !knows_response_ && (is_event(chunk, "response.created") || is_event(chunk, "response.queued"));
  if (!is_first && !is_event(chunk, "response.completed") && !is_event(chunk, "response.incomplete")) return;
  for (const std::string& id : openai::object_ids_of_event(chunk.data)) {
    knows_response_ = true;
    listener_.on_id(id);
  }
}

}  // namespace tollgate::filters
