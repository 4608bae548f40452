// Heads of requests and responses: what the parser accepts is unambiguous, lies inside the input,
// and means the same when it is written out again.
#include "http/chunk_writer.hpp"
#include "http/head.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace tollgate::http;

void check(bool is_true) {
  if (!is_true) std::abort();
}

void check_inside(std::string_view text, std::string_view part) {
  if (part.data() == nullptr) return check(part.empty());
  check(part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size());
}

// Every CR has its LF and the other way round, and no other control character but HTAB is there.
void check_bytes(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const auto c = static_cast<unsigned char>(head[i]);
    if (c == '\r') check(i + 1 < head.size() && head[i + 1] == '\n');
    if (c == '\n') check(i > 0 && head[i - 1] == '\r');
    check(c >= 0x20 || c == '\r' || c == '\n' || c == '\t');
    check(c != 0x7f);
  }
}

template <class Head>
void check_fields(std::string_view text, const Head& head, const Limits& limits) {
  check(head.fields.size() <= limits.fields);
  std::size_t lengths = 0;
  std::size_t encodings = 0;
  for (const Field& field : head.fields) {
    check_inside(text, field.name);
    check_inside(text, field.value);
    check(!field.name.empty() && field.known == name_of(field.name));
    check(field.name.find_first_of(" \t\r\n:") == std::string_view::npos);
    check(field.value.empty() || (field.value.front() != ' ' && field.value.back() != ' ' &&
                                  field.value.front() != '\t' && field.value.back() != '\t'));
    lengths += field.known == Name::content_length;
    encodings += field.known == Name::transfer_encoding;
  }
  check(lengths + encodings <= 1);
}

template <class Head>
std::string write_fields(std::string_view first_line, const Head& head) {
  tollgate::base::TextBuilder text;
  text.append(first_line);
  for (const Field& field : head.fields) append_field(text, field.name, field.value);
  text.put("\r\n");
  return std::string(text.text());
}

template <class Head>
void check_same(const Head& a, const Head& b) {
  check(a.framing.kind == b.framing.kind && a.framing.length == b.framing.length);
  check(a.keep_alive == b.keep_alive && a.minor_version == b.minor_version);
  check(std::ranges::equal(a.fields, b.fields, [](const Field& x, const Field& y) {
    return x.name == y.name && x.value == y.value && x.is_hop_by_hop == y.is_hop_by_hop;
  }));
}

std::string version_of(int minor) { return minor == 1 ? "HTTP/1.1" : "HTTP/1.0"; }

void try_request(std::string_view text, const Limits& limits) {
  RequestHead head;
  std::string why;
  if (parse_request(text, limits, head, why) != HeadError::none) return check(!why.empty());
  check_bytes(text);
  check(find_head_end(text) == text.size());
  check_inside(text, head.method);
  check_inside(text, head.target);
  check(head.target.starts_with('/') && !head.method.empty());
  check(head.framing.kind != Framing::Kind::until_close);
  check_fields(text, head, limits);

  std::string first_line(head.method);
  first_line.append(" ").append(head.target).append(" ").append(version_of(head.minor_version));
  const std::string again = write_fields(first_line + "\r\n", head);
  RequestHead second;
  check(parse_request(again, {.head_bytes = again.size()}, second, why) == HeadError::none);
  check_same(head, second);
  check(head.host == second.host && head.expects_continue == second.expects_continue);
}

void try_response(std::string_view text, bool is_answer_to_head, const Limits& limits) {
  ResponseHead head;
  std::string why;
  if (parse_response(text, is_answer_to_head, limits, head, why) != HeadError::none)
    return check(!why.empty());
  check_bytes(text);
  check_inside(text, head.reason);
  check(head.status >= 100 && head.status <= 599);
  check(head.framing.kind != Framing::Kind::until_close || !head.keep_alive);
  check_fields(text, head, limits);

  std::string first_line = version_of(head.minor_version) + " ";
  append_number(first_line, static_cast<std::uint64_t>(head.status));
  first_line.append(" ").append(head.reason).append("\r\n");
  const std::string again = write_fields(first_line, head);
  ResponseHead second;
  check(parse_response(again, is_answer_to_head, {.head_bytes = again.size()}, second, why) ==
        HeadError::none);
  check_same(head, second);
}

}  // namespace

// The first byte chooses what the rest is taken for.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned choice = data[0];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Limits limits{.head_bytes = 65536, .fields = (choice & 4) != 0 ? 4u : 128u};

  const std::size_t end = find_head_end(text);
  for (std::size_t seen = 0; seen < std::min<std::size_t>(end, text.size()); ++seen)
    check(find_head_end(text, seen) == end);

  if ((choice & 8) != 0) {
    text.remove_prefix(leading_empty_lines(text));
    if (const std::size_t cut = find_head_end(text); cut != std::string_view::npos)
      text = text.substr(0, cut);
  }
  if ((choice & 1) != 0)
    try_response(text, (choice & 2) != 0, limits);
  else
    try_request(text, limits);
  return 0;
}
