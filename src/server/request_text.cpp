#include "server/request_text.hpp"

#include <initializer_list>
#include <utility>

namespace tollgate::server {

http::HeadError RequestText::parse(std::size_t limit, Exchange& ex, Facts& facts, std::string& why) {
  http::Limits limits;
  limits.head_bytes = limit;
  http::RequestHead head;
  if (const auto problem = http::parse_request(bytes, limits, head, why); problem != http::HeadError::none) return problem;
  fields = std::move(head.fields);
  facts = {head.framing, head.minor_version, head.keep_alive, head.expects_continue, !head.upgrade.empty()};
  ex.method = head.method;
  ex.target = head.target;
  ex.headers = fields;
  ex.content_type = head.content_type;
  if (head.framing.kind == http::Framing::Kind::length) ex.body.length = head.framing.length;
  if (head.framing.kind == http::Framing::Kind::none) ex.body.length = 0;
  return http::HeadError::none;
}

void RequestText::shrink(Exchange& ex) {
  const auto is_kept = [](const Header& header) {
    return header.known == HeaderName::x_tollgate_session || header.known == HeaderName::x_tollgate_task;
  };
  RequestText all;  // a head is too long to lie in the string itself, so the exchange's views stay good
  all.bytes.swap(bytes);
  all.fields.swap(fields);
  const auto line = std::string_view(all.bytes).substr(0, all.bytes.find('\r'));
  std::size_t size = line.size();
  for (const Header& header : all.fields) {
    if (is_kept(header)) size += header.name.size() + header.value.size();
  }
  bytes.reserve(size);  // it will not move any more
  const auto take = [&](std::string_view text) {
    const auto at = bytes.size();
    bytes += text;
    return std::string_view(bytes).substr(at);
  };
  const auto new_line = take(line);
  for (const Header& header : all.fields) {
    if (!is_kept(header)) continue;
    Header& copy = fields.emplace_back(header);
    copy.name = take(header.name);
    copy.value = take(header.value);
  }
  for (std::string_view* const view : {&ex.method, &ex.target, &ex.path_prefix, &ex.route.model, &ex.route.tail, &ex.route.query}) {
    const bool is_inside = view->data() >= line.data() && view->data() <= line.data() + line.size();
    if (is_inside) *view = new_line.substr(static_cast<std::size_t>(view->data() - line.data()), view->size());
  }
  ex.content_type = {};
  ex.headers = fields;
}

}  // namespace tollgate::server
