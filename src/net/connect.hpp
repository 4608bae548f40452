// Opens a connection to an endpoint: name, address rule, TCP, TLS, within one deadline.
#pragma once

#include "net/address.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/byte_stream.hpp"
#include "tollgate/config.hpp"

#include <memory>
#include <string>

namespace tollgate::net {

class Egress;
class Loop;
class TlsClientContext;
struct ConnectTrace;

struct Connected {
  std::unique_ptr<ByteStream> stream;  // null on failure
  Address address;                     // of the other side
  std::string error;                   // for logs and records: the step that failed and why
};

// `tls` is null for plain TCP. Whatever the name resolves to, only what `egress` admits is connected to.
// Its addresses are tried one after the other, each for its share of the time that is left.
// `trace`, where one is asked for, outlives the call and is told what happened.
awaitable<Connected> connect(Loop& loop, const Endpoint& endpoint, const Egress& egress,
                             std::shared_ptr<TlsClientContext> tls, TimePoint deadline,
                             ConnectTrace* trace = nullptr);

}  // namespace tollgate::net
