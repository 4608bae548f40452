// A GET of one small document over HTTPS: no redirects, no reuse, bounded in size and time.
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

namespace tollgate::identity {

struct Document {
  std::string body;
  std::string problem;  // not "": there is no body, and why
};

// `tls` is null for http:// URLs.
awaitable<Document> get(net::Loop& loop, std::string url, std::shared_ptr<net::TlsClientContext> tls,
                        TimePoint deadline);

}  // namespace tollgate::identity
