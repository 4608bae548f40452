#include "net/connect.hpp"

#include "net/address.hpp"
#include "net/resolver.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_stream.hpp"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>

namespace tollgate::net {

namespace {

struct Opened {
  std::unique_ptr<TcpStream> tcp;
  std::string error;
};

// EINPROGRESS while the connection is neither made nor refused: readiness may be told without need.
int result_of_connect(int fd) {
  pollfd state{fd, POLLOUT, 0};
  if (::poll(&state, 1, 0) == 0) return EINPROGRESS;
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
  return code;
}

awaitable<Opened> open_tcp(Loop& loop, const Address& address, TimePoint deadline) {
  Opened out;
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    out.error = std::string("no socket: ") + std::strerror(errno);
    co_return out;
  }
  out.tcp = std::make_unique<TcpStream>(loop, fd, address.is_v6());
  int code = ::connect(fd, address.get(), address.size) == 0 ? 0 : errno;
  while (code == EINPROGRESS) {
    Wait wait = out.tcp->writable(deadline);
    const Wake wake = co_await wait;
    code = wake == Wake::timeout ? ETIMEDOUT : result_of_connect(fd);
  }
  if (code != 0) {
    out.error = "cannot connect to " + address.text() + ": " + std::strerror(code);
    out.tcp.reset();
  }
  co_return out;
}

}  // namespace

awaitable<Connected> connect(Loop& loop, const Endpoint& endpoint, Network network,
                             std::shared_ptr<TlsClientContext> tls, TimePoint deadline) {
  Connected out;
  const Resolved resolved = co_await resolve(loop, endpoint.host, endpoint.port, deadline);
  if (resolved.addresses.empty()) {
    out.error = "cannot resolve " + endpoint.host + ": " + resolved.error;
    co_return out;
  }
  std::unique_ptr<TcpStream> tcp;
  for (const auto& address : resolved.addresses) {
    if (network == Network::private_only && !is_private(address)) {
      out.error = endpoint.host + " resolved to the public address " + address.host_text() +
                  " although the deployment says `network: private`: the private DNS zone is "
                  "missing or not linked to this network";
      continue;
    }
    Opened opened = co_await open_tcp(loop, address, deadline);
    tcp = std::move(opened.tcp);
    if (tcp) break;
    out.error = opened.error;
  }
  if (!tcp) co_return out;
  if (!tls) {
    out.stream = std::move(tcp);
    co_return out;
  }
  auto stream = std::make_unique<TlsStream>(std::move(tcp), std::move(tls), endpoint.host);
  const std::string failure = co_await stream->handshake(deadline);
  if (failure.empty()) {
    out.stream = std::move(stream);
  } else {
    out.error = "TLS to " + endpoint.host + ": " + failure;
  }
  co_return out;
}

}  // namespace tollgate::net
