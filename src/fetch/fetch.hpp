// One small exchange with a side service over HTTP or HTTPS: no redirects, no reuse of connections,
// bounded in size and time.
// One thread: the loop's.
#pragma once

#include "net/egress.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate {
class ByteStream;
}

namespace tollgate::net {
class Loop;
class TlsClientContext;
}  // namespace tollgate::net

namespace tollgate::fetch {

struct Request {
  std::string url;             // http:// or https://, with a path
  std::string method = "GET";
  std::string headers;         // more header lines, each with its line end
  std::string json;            // the body; "" none
  std::string form;            // or this one, as application/x-www-form-urlencoded
};

struct Answer {
  std::string body;
  std::string problem;     // not "": there is no body, and why; never holds the URL or a header
  int status = 0;          // 0: there was no answer
  std::string error_body;  // of an answer whose status is the problem: what could be read of it
  std::chrono::milliseconds retry_after{-1};  // what it said, < 0: nothing
  std::string head;        // as it came, once it was whole
  std::chrono::milliseconds first_byte{0};    // after the request had been sent
};

// What a URL says. `path` begins with a slash.
struct Target {
  Endpoint endpoint;
  std::string path;
};
std::optional<Target> parse_url(std::string_view url);

// `tls` is null for http:// URLs. Any status but 200 to 299 is a problem. No proxy is used and no redirect
// followed: what the request holds goes to the host of its URL and to nobody else. It is wiped afterwards.
// Only what `egress` admits is connected to.
awaitable<Answer> send(net::Loop& loop, net::Egress egress, Request what, std::shared_ptr<net::TlsClientContext> tls,
                       TimePoint deadline);

// The exchange alone, on a connection to `target` that is there already.
awaitable<Answer> exchange(net::Loop& loop, ByteStream& stream, const Target& target, Request what, TimePoint deadline);

}  // namespace tollgate::fetch
