#include "filters/held_answer.hpp"

#include <utility>

namespace tollgate::filters {

HeldAnswer::HeldAnswer(const ResponseHead& head, std::size_t longest)
    : longest_(longest), status_(head.status), content_type_(head.content_type), content_length_(head.content_length) {
  for (const Header& field : head.headers) {
    fields_.push_back({std::string(field.name), std::string(field.value), field.known});
  }
}

bool HeldAnswer::add(std::string_view bytes) {
  if (body_.size() + bytes.size() > longest_) return false;
  body_ += bytes;
  return true;
}

void HeldAnswer::replace_body(std::string body) {
  body_ = std::move(body);
  content_length_ = body_.size();
}

awaitable<Flow> HeldAnswer::tell(ResponseSink& out) const {
  std::vector<Header> headers;
  for (const Field& field : fields_) headers.push_back({field.name, field.value, field.known});
  ResponseHead head;
  head.status = status_;
  head.content_type = content_type_;
  head.content_length = content_length_;
  head.headers = headers;
  if (co_await out.head(head) == Flow::stop) co_return Flow::stop;
  if (body_.empty()) co_return Flow::go_on;
  Chunk chunk;
  chunk.bytes = body_;
  co_return co_await out.chunk(chunk);
}

}  // namespace tollgate::filters
