// One small exchange with a side service over HTTP or HTTPS: no redirects, no reuse of connections,
// bounded in size and time.
// One thread: the loop's.
#pragma once

#include "tollgate/awaitable.hpp"
#include "tollgate/clock.hpp"

#include <memory>
#include <string>

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
};

struct Answer {
  std::string body;
  std::string problem;  // not "": there is no body, and why; never holds the URL or a header
};

// `tls` is null for http:// URLs. Any status but 200 to 299 is a problem.
awaitable<Answer> send(net::Loop& loop, Request what, std::shared_ptr<net::TlsClientContext> tls, TimePoint deadline);

}  // namespace tollgate::fetch
