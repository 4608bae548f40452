#include "http/head.hpp"

#include "http/byte_scan.hpp"
#include "http/text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>
#include <utility>

namespace tollgate::http {
namespace {

// A client that names more options than this is not one; the bound keeps the marking of nominated
// fields (options times fields) cheap.
constexpr std::size_t max_connection_options = 32;

struct Failure {
  HeadError error = HeadError::none;
  const char* why = "";
};

constexpr unsigned char token_char = 1;  // RFC 9110 section 5.6.2
constexpr unsigned char target_char = 2;
constexpr unsigned char host_char = 4;

constexpr auto char_table = [] {
  std::array<unsigned char, 256> table{};
  const auto mark = [&](std::string_view chars, unsigned char kind) {
    for (const char c : chars) table[static_cast<unsigned char>(c)] |= kind;
  };
  const std::string_view letters_and_digits =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  mark(letters_and_digits, token_char | host_char);
  mark("!#$%&'*+-.^_`|~", token_char);
  // RFC 3986 section 3.2 without the comma, which in a Host field looks like two hosts.
  mark("-._~%!$&'()*+;=:[]", host_char);
  // Everything visible but '#', which never belongs into a request, and '\', which some servers
  // behind us would take for '/'.
  for (unsigned c = 0x21; c < 0x7f; ++c)
    if (c != '#' && c != '\\') table[c] |= target_char;
  return table;
}();

bool is_a(char c, unsigned char kind) noexcept {
  return (char_table[static_cast<unsigned char>(c)] & kind) != 0;
}

bool are_all(std::string_view text, unsigned char kind) noexcept {
  return std::ranges::all_of(text, [kind](char c) { return is_a(c, kind); });
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

Failure check_version(std::string_view text, int& minor_version) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7]))
    return {HeadError::malformed, "the first line does not name the HTTP version"};
  if (text[5] != '1' || text[7] > '1')
    return {HeadError::unsupported_version, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  minor_version = text[7] - '0';
  return {};
}

Failure read_start_line(std::string_view line, RequestHead& out) {
  const std::size_t method_end = line.find(' ');
  const std::size_t target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end == method_end)
    return {HeadError::malformed, "the request line is not: method, target, version"};
  if (auto failure = check_version(line.substr(target_end + 1), out.minor_version);
      failure.error != HeadError::none)
    return failure;
  const auto method = line.substr(0, method_end);
  if (method.empty() || !are_all(method, token_char))
    return {HeadError::malformed, "the method is not a token"};
  const auto target = line.substr(method_end + 1, target_end - method_end - 1);
  if (!target.starts_with('/'))
    return {HeadError::malformed, "the request target does not begin with '/'"};
  if (!are_all(target, target_char))
    return {HeadError::malformed, "the request target holds a character that must be encoded"};
  out.method = method;
  out.target = target;
  return {};
}

Failure read_start_line(std::string_view line, ResponseHead& out) {
  if (auto failure =
          check_version(line.substr(0, std::min<std::size_t>(line.size(), 8)), out.minor_version);
      failure.error != HeadError::none)
    return failure;
  if (line.size() < 13 || line[8] != ' ' || line[9] < '1' || line[9] > '5' || !is_digit(line[10]) ||
      !is_digit(line[11]) || line[12] != ' ')
    return {HeadError::malformed, "the status line is not: version, status, reason"};
  out.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  out.reason = line.substr(13);
  return {};
}

// The line at `line`, without its CRLF; nullopt when it holds a control character other than HTAB,
// and so also for a CR or LF without its partner.
std::optional<std::string_view> line_at(const char* line, const char* from, const char* end) {
  const char* at = find_control(from, end);
  while (at != end && *at == '\t') at = find_control(at + 1, end);
  if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return std::nullopt;
  return std::string_view(line, static_cast<std::size_t>(at - line));
}

constexpr Failure bad_byte{HeadError::malformed,
                           "the head holds a control character or a line without CRLF"};

bool parse_length(std::string_view text, std::uint64_t& out) {
  // 18 digits cannot overflow, and no body is that long. A leading zero is refused because someone
  // might read the number as octal.
  if (text.empty() || text.size() > 18 || (text.size() > 1 && text[0] == '0')) return false;
  out = 0;
  for (const char c : text) {
    if (!is_digit(c)) return false;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

// Calls `use` for each element of a comma-separated list.
template <class Use>
void for_each_element(std::string_view list, Use use) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    if (const auto element = trim(list.substr(0, comma)); !element.empty()) use(element);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
}

// What the fields of either kind of message say about the connection and the body.
class MessageRules {
 public:
  MessageRules(Fields& fields, const Limits& limits)
      : fields_(fields), max_fields_(limits.fields) {}

  Failure on_field(const Field& field) {
    if (fields_.size() == max_fields_) return {HeadError::too_large, "there are too many fields"};
    fields_.push_back(field);
    switch (field.known) {
      case Name::content_length:
        if (has_length_) return {HeadError::bad_framing, "there are two Content-Length fields"};
        if (!parse_length(field.value, length_))
          return {HeadError::bad_framing, "Content-Length is not a number"};
        has_length_ = true;
        break;
      case Name::transfer_encoding:
        if (is_chunked_) return {HeadError::bad_framing, "there are two Transfer-Encoding fields"};
        if (!iequals(field.value, "chunked"))
          return {HeadError::bad_framing, "the only Transfer-Encoding known here is chunked"};
        is_chunked_ = true;
        fields_.back().is_hop_by_hop = true;
        break;
      case Name::connection:
        has_connection_ = true;
        fields_.back().is_hop_by_hop = true;
        break;
      case Name::keep_alive:
      case Name::proxy_authenticate:
      case Name::proxy_authorization:
      case Name::proxy_connection:
      case Name::te:
      case Name::trailer:
      case Name::upgrade:
        fields_.back().is_hop_by_hop = true;
        break;
      default:
        break;
    }
    return {};
  }

  // To be called when all fields are there. Marks the fields that Connection nominates.
  Failure finish(int minor_version, Framing& framing, bool& keep_alive) {
    if (is_chunked_ && has_length_)
      return {HeadError::bad_framing, "there are both Content-Length and Transfer-Encoding"};
    if (is_chunked_ && minor_version == 0)
      return {HeadError::bad_framing, "HTTP/1.0 has no Transfer-Encoding"};
    framing = is_chunked_   ? Framing{Framing::Kind::chunked, 0}
              : has_length_ ? Framing{Framing::Kind::length, length_}
                            : Framing{};
    keep_alive = minor_version == 1;
    return has_connection_ ? apply_connection(keep_alive) : Failure{};
  }

 private:
  Failure apply_connection(bool& keep_alive) {
    std::size_t options = 0;
    bool says_close = false;
    bool says_keep_alive = false;
    for (const Field& connection : fields_) {
      if (connection.known != Name::connection) continue;
      for_each_element(connection.value, [&](std::string_view option) {
        if (++options > max_connection_options) return;
        if (iequals(option, "close"))
          says_close = true;
        else if (iequals(option, "keep-alive"))
          says_keep_alive = true;
        else
          nominate(option);
      });
    }
    if (options > max_connection_options)
      return {HeadError::too_large, "Connection holds too many options"};
    keep_alive = !says_close && (keep_alive || says_keep_alive);
    return {};
  }

  void nominate(std::string_view name) {
    for (Field& field : fields_)
      if (iequals(field.name, name)) field.is_hop_by_hop = true;
  }

  Fields& fields_;
  std::size_t max_fields_;
  std::uint64_t length_ = 0;
  bool has_length_ = false;
  bool is_chunked_ = false;
  bool has_connection_ = false;
};

std::string_view* well_known(RequestHead& head, Name name) {
  switch (name) {
    case Name::host:
      return &head.host;
    case Name::content_type:
      return &head.content_type;
    case Name::content_encoding:
      return &head.content_encoding;
    case Name::accept:
      return &head.accept;
    case Name::accept_encoding:
      return &head.accept_encoding;
    case Name::authorization:
      return &head.authorization;
    case Name::api_key:
      return &head.api_key;
    case Name::x_api_key:
      return &head.x_api_key;
    case Name::ocp_apim_subscription_key:
      return &head.ocp_apim_subscription_key;
    case Name::user_agent:
      return &head.user_agent;
    case Name::x_request_id:
      return &head.x_request_id;
    case Name::x_ms_client_request_id:
      return &head.x_ms_client_request_id;
    case Name::traceparent:
      return &head.traceparent;
    case Name::upgrade:
      return &head.upgrade;
    default:
      return nullptr;
  }
}

std::string_view* well_known(ResponseHead& head, Name name) {
  switch (name) {
    case Name::content_type:
      return &head.content_type;
    case Name::content_encoding:
      return &head.content_encoding;
    case Name::retry_after:
      return &head.retry_after;
    case Name::retry_after_ms:
      return &head.retry_after_ms;
    case Name::x_should_retry:
      return &head.x_should_retry;
    case Name::x_request_id:
      return &head.x_request_id;
    case Name::apim_request_id:
      return &head.apim_request_id;
    case Name::x_ms_region:
      return &head.x_ms_region;
    case Name::x_ratelimit_remaining_requests:
      return &head.x_ratelimit_remaining_requests;
    case Name::x_ratelimit_remaining_tokens:
      return &head.x_ratelimit_remaining_tokens;
    default:
      return nullptr;
  }
}

// Fields that decide who the caller is and how the body is read: given twice, two readers could
// each believe another one.
const char* why_not_twice(Name name) {
  switch (name) {
    case Name::host:
      return "there are two Host fields";
    case Name::content_type:
      return "there are two Content-Type fields";
    case Name::content_encoding:
      return "there are two Content-Encoding fields";
    case Name::authorization:
      return "there are two Authorization fields";
    case Name::api_key:
      return "there are two api-key fields";
    case Name::x_api_key:
      return "there are two x-api-key fields";
    case Name::ocp_apim_subscription_key:
      return "there are two Ocp-Apim-Subscription-Key fields";
    default:
      return nullptr;
  }
}

// Notes a value that has a place of its own in the head.
template <class Head>
Failure keep_value(Head& head, const Field& field) {
  std::string_view* const value = well_known(head, field.known);
  if (!value) return {};
  if (value->data()) {  // the first one counts, if there may be several at all
    if constexpr (std::is_same_v<Head, RequestHead>)
      if (const char* why = why_not_twice(field.known)) return {HeadError::malformed, why};
    return {};
  }
  *value = field.value;
  return {};
}

// One pass, in which every byte is looked at by one reader. Refused on the way: bare line ends, control
// characters, folded lines (RFC 9112 section 5.2), white space around a name (section 5.1).
template <class Head>
Failure read_strictly(std::string_view head, const Limits& limits, Head& out) {
  MessageRules rules(out.fields, limits);
  const char* at = head.data();
  const char* const end = at + head.size();
  auto line = line_at(at, at, end);
  if (!line) return bad_byte;
  if (auto failure = read_start_line(*line, out); failure.error != HeadError::none) return failure;
  at += line->size() + 2;

  while (*at != '\r') {
    const char* colon = at;
    while (is_a(*colon, token_char)) ++colon;  // the CRLF at the end stops it at the latest
    if (colon == at && (*at == ' ' || *at == '\t'))
      return {HeadError::malformed, "a line is folded, or begins with white space"};
    if (colon == at || *colon != ':')
      return {HeadError::malformed, "a field name is empty, not a token, or not followed by ':'"};
    line = line_at(at, colon + 1, end);
    if (!line) return bad_byte;
    const auto name_size = static_cast<std::size_t>(colon - at);
    const auto name = line->substr(0, name_size);
    // An empty value points behind the name: in a head a null view means that the field is absent.
    const Field field{name, trim(line->substr(name_size + 1)), name_of(name), false};
    if (auto failure = rules.on_field(field); failure.error != HeadError::none) return failure;
    if (auto failure = keep_value(out, field); failure.error != HeadError::none) return failure;
    at += line->size() + 2;
  }
  if (end - at != 2 || at[1] != '\n') return bad_byte;
  return rules.finish(out.minor_version, out.framing, out.keep_alive);
}

// Room for the fields of most messages.
constexpr std::size_t usual_fields = 12;

// Everything back to its default; the vector keeps its capacity.
template <class Head>
void reset(Head& head) {
  auto fields = std::move(head.fields);
  fields.clear();
  fields.reserve(usual_fields);
  head = Head{};
  head.fields = std::move(fields);
}

template <class Head>
Failure parse(std::string_view head, const Limits& limits, Head& out) {
  reset(out);
  if (head.size() > limits.head_bytes) return {HeadError::too_large, "the head is too large"};
  if (!head.ends_with("\r\n\r\n")) return {HeadError::need_more, "the head is not complete"};
  return read_strictly(head, limits, out);
}

Failure check_host(const RequestHead& head) {
  if (!head.host.data()) {
    if (head.minor_version == 0) return {};
    return {HeadError::malformed, "there is no Host field"};  // RFC 9112 section 3.2
  }
  if (head.host.empty() || !are_all(head.host, host_char))
    return {HeadError::malformed, "Host is not valid"};
  return {};
}

HeadError tell(const Failure& failure, std::string& why) {
  if (failure.error != HeadError::none) why = failure.why;
  return failure.error;
}

}  // namespace

std::size_t find_head_end(std::string_view bytes, std::size_t from) {
  // The end may have begun up to three bytes before.
  const char* const begin = bytes.data();
  const char* const end = begin + bytes.size();
  const char* const found = find_empty_line(begin + (from < 3 ? 0 : from - 3), end);
  return found == end ? std::string_view::npos : static_cast<std::size_t>(found - begin) + 4;
}

std::size_t leading_empty_lines(std::string_view bytes) noexcept {
  if (!bytes.starts_with("\r\n")) return 0;
  return bytes.substr(2).starts_with("\r\n") ? 4 : 2;
}

HeadError parse_request(std::string_view head, const Limits& limits, RequestHead& out,
                        std::string& why) {
  auto failure = parse(head, limits, out);
  if (failure.error == HeadError::none) failure = check_host(out);
  if (failure.error != HeadError::none) return tell(failure, why);
  // RFC 9110 section 10.1.1: not from HTTP/1.0, and pointless when no body follows.
  const bool has_body = out.framing.kind == Framing::Kind::chunked || out.framing.length != 0;
  if (has_body && out.minor_version == 1)
    if (const Field* expect = find_field(out.fields, Name::expect))
      out.expects_continue = iequals(expect->value, "100-continue");
  return HeadError::none;
}

HeadError parse_response(std::string_view head, bool is_answer_to_head, const Limits& limits,
                         ResponseHead& out, std::string& why) {
  const auto failure = parse(head, limits, out);
  if (failure.error != HeadError::none) return tell(failure, why);
  // RFC 9112 section 6.3, rule 1: these have no body whatever their fields say.
  if (out.status < 200 || out.status == 204 || out.status == 304 || is_answer_to_head) {
    // Neither may announce a body (RFC 9112 section 6.1); one that does may well send it.
    if (out.framing.kind == Framing::Kind::chunked && (out.status < 200 || out.status == 204))
      out.keep_alive = false;
    out.framing = Framing{};
  } else if (out.framing.kind == Framing::Kind::none) {
    out.framing.kind = Framing::Kind::until_close;
    out.keep_alive = false;
  }
  return HeadError::none;
}

}  // namespace tollgate::http
