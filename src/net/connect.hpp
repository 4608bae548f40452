// Opens a connection to an endpoint: name, address rule, TCP, TLS, within one deadline.
#pragma once

#include "tollgate/awaitable.hpp"
#include "tollgate/byte_stream.hpp"
#include "tollgate/config.hpp"

#include <memory>
#include <string>

namespace tollgate::net {

class Loop;
class TlsClientContext;

struct Connected {
  std::unique_ptr<ByteStream> stream;  // null on failure
  std::string error;                   // for logs and records: the step that failed and why
};

// `tls` is null for plain TCP. With Network::private_only no public address is ever connected to:
// the rule looks at each address after resolution, so a name that starts to resolve elsewhere is
// refused too.
awaitable<Connected> connect(Loop& loop, const Endpoint& endpoint, Network network,
                             std::shared_ptr<TlsClientContext> tls, TimePoint deadline);

}  // namespace tollgate::net
