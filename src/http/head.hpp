// Request and response heads of HTTP/1.1, taken apart strictly over the bytes that were received.
//
// Strict, because a proxy that reads a message differently from its neighbour can be made to
// smuggle requests (RFC 9112 section 11.2): whatever two implementations might read in two ways
// is refused, also where the RFC would allow a lenient reading.
// Pure: every view in a head points into the bytes given to the parser.
#pragma once

#include "tollgate/header.hpp"
#include "tollgate/spare_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::http {

using Name = HeaderName;
using Field = Header;
using Fields = std::vector<Field, Recycling<Field>>;

struct Limits {
  std::size_t head_bytes = 65536;
  std::size_t fields = 128;
};

enum class HeadError : unsigned char {
  none,
  need_more,  // the bytes do not end with an empty line
  malformed,
  too_large,
  unsupported_version,  // neither HTTP/1.0 nor HTTP/1.1
  bad_framing,          // the length of the body cannot be told beyond doubt
};

// How the end of a body is found (RFC 9112 section 6.3).
struct Framing {
  enum class Kind : unsigned char { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  // for Kind::length
};

// `fields` keeps its capacity when the same object is parsed into again. Well known values are ""
// when the field is absent (their data() is null then, and only then).
struct RequestHead {
  std::string_view method;
  std::string_view target;  // always begins with '/'
  int minor_version = 1;
  Fields fields;
  Framing framing;  // never until_close
  bool keep_alive = true;
  bool expects_continue = false;

  std::string_view host;
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view accept;
  std::string_view accept_encoding;
  std::string_view authorization;
  std::string_view api_key;                    // api-key
  std::string_view x_api_key;                  // x-api-key
  std::string_view ocp_apim_subscription_key;  // ocp-apim-subscription-key
  std::string_view user_agent;
  std::string_view x_request_id;
  std::string_view x_ms_client_request_id;
  std::string_view traceparent;
  std::string_view upgrade;  // the first, if there are several
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int minor_version = 1;
  Fields fields;
  Framing framing;
  bool keep_alive = true;  // the connection can carry another request once the body has ended

  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view retry_after;
  std::string_view retry_after_ms;
  std::string_view x_should_retry;
  std::string_view x_request_id;
  std::string_view apim_request_id;
  std::string_view x_ms_region;
  std::string_view x_ratelimit_remaining_requests;
  std::string_view x_ratelimit_remaining_tokens;
};

// The index just after the first CRLFCRLF, npos when it is not there. `from` is how many bytes an
// earlier call on the same bytes has seen, so that a head that arrives in pieces is searched once; at most all of them.
std::size_t find_head_end(std::string_view bytes, std::size_t from = 0);

// How many bytes of empty lines to drop in front of a request line: 0, 2 or 4 (RFC 9112 section 2.2
// asks to ignore at least one). Drop them before find_head_end, and only between requests.
std::size_t leading_empty_lines(std::string_view bytes) noexcept;

// `head` is complete and ends with CRLFCRLF. Anything but none leaves `out` unspecified and says
// `why` in words that may be shown to the client and logged: they never quote the message.
HeadError parse_request(std::string_view head, const Limits& limits, RequestHead& out,
                        std::string& why);
HeadError parse_response(std::string_view head, bool is_answer_to_head, const Limits& limits,
                         ResponseHead& out, std::string& why);

// The first field of that name in any case, nullptr when there is none.
const Field* find_field(const Fields& fields, std::string_view name) noexcept;
const Field* find_field(const Fields& fields, Name name) noexcept;

Name name_of(std::string_view field_name) noexcept;  // any case

}  // namespace tollgate::http
