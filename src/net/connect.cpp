#include "net/connect.hpp"

#include "net/connect_trace.hpp"
#include "net/egress.hpp"
#include "net/resolver.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <unistd.h>

namespace tollgate::net {

namespace {

struct Opened {
  std::unique_ptr<TcpStream> tcp;
  int code = 0;  // errno
  std::string error;
};

// Load balancers of Azure forget connections on which nothing moves for four minutes, and a model may think
// longer than that.
void keep_alive(int fd) {
  const int on = 1, idle_seconds = 60, interval_seconds = 20, probes = 3;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_seconds, sizeof interval_seconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

// EINPROGRESS while the connection is neither made nor refused: readiness may be told without need.
int result_of_connect(int fd) {
  pollfd state{fd, POLLOUT, 0};
  if (::poll(&state, 1, 0) == 0) return EINPROGRESS;
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size);
  return code;
}

// The one place where the gateway opens a connection.
awaitable<Opened> open_tcp(Loop& loop, const Allowed& allowed, TimePoint deadline) {
  const Address& address = allowed.address();
  Opened out;
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    out.code = errno;
    out.error = std::string("no socket: ") + std::strerror(out.code);
    co_return out;
  }
  out.tcp = std::make_unique<TcpStream>(loop, fd, address.is_v6(), Readiness::Rank::finishing);
  keep_alive(fd);
  int code = ::connect(fd, address.get(), address.size) == 0 ? 0 : errno;
  while (code == EINPROGRESS) {
    Wait wait = out.tcp->writable(deadline);
    const Wake wake = co_await wait;
    code = wake == Wake::timeout ? ETIMEDOUT : result_of_connect(fd);
  }
  if (code != 0) {
    out.code = code;
    out.error = "cannot connect to " + address.text() + ": " + std::strerror(code);
    out.tcp.reset();
  }
  co_return out;
}

// The addresses that the deployment is pinned to, or what its name resolves to.
awaitable<Resolved> addresses_of(Loop& loop, const Endpoint& endpoint, const Egress& egress, TimePoint deadline) {
  if (egress.pinned().empty()) {
    return loop.resolver().resolve(endpoint.host, endpoint.port, egress.perimeter(), deadline);
  }
  Resolved pinned;
  for (const std::string& text : egress.pinned()) {
    if (const auto address = parse_address(text, endpoint.port)) pinned.addresses.push_back(*address);
  }
  return pinned;
}

std::chrono::milliseconds since(TimePoint began) {
  return std::chrono::round<std::chrono::milliseconds>(Clock::now() - began);
}

void tell_resolved(ConnectTrace& trace, const Resolved& resolved, TimePoint began) {
  trace.resolved_in = since(began);
  trace.unresolved = resolved.error;
  trace.is_unknown_name = resolved.is_unknown_name;
  for (const Address& address : resolved.addresses) trace.addresses.push_back(address.host_text());
}

void tell_tls(ConnectTrace& trace, const TlsStream& stream, const std::string& failure, TimePoint began) {
  TlsTrace& tls = trace.tls.emplace();
  stream.describe(tls);
  tls.failure = failure;
  tls.took = since(began);
}

}  // namespace

awaitable<Connected> connect(Loop& loop, const Endpoint& endpoint, const Egress& egress,
                             std::shared_ptr<TlsClientContext> tls, TimePoint deadline, ConnectTrace* trace) {
  Connected out;
  TimePoint began = Clock::now();
  const Resolved resolved = co_await addresses_of(loop, endpoint, egress, deadline);
  if (trace) tell_resolved(*trace, resolved, began);
  if (resolved.addresses.empty()) {
    out.error = "cannot resolve " + endpoint.host + ": " + resolved.error;
    co_return out;
  }
  const Admitted admitted = egress.admit(endpoint.host, resolved.addresses);
  if (trace) trace->refused = admitted.refused;
  out.error = admitted.refusal;
  std::unique_ptr<TcpStream> tcp;
  for (std::size_t i = 0; i < admitted.addresses.size() && !tcp; ++i) {
    const auto left = static_cast<int>(admitted.addresses.size() - i);
    began = Clock::now();
    const TimePoint share = left == 1 ? deadline : began + std::max(deadline - began, Duration(0)) / left;
    Opened opened = co_await open_tcp(loop, admitted.addresses[i], share);
    tcp = std::move(opened.tcp);
    if (trace) trace->attempts.push_back({admitted.addresses[i].address().text(), opened.code, since(began)});
    if (!tcp) out.error = opened.error + (admitted.refusal.empty() ? "" : "; " + admitted.refusal);
    out.address = admitted.addresses[i].address();
  }
  if (!tcp) co_return out;
  out.error.clear();
  if (!tls) {
    out.stream = std::move(tcp);
    co_return out;
  }
  auto stream = std::make_unique<TlsStream>(std::move(tcp), std::move(tls), endpoint.host);
  began = Clock::now();
  const std::string failure = co_await stream->handshake(deadline);
  if (trace) tell_tls(*trace, *stream, failure, began);
  if (failure.empty()) {
    out.stream = std::move(stream);
  } else {
    out.error = "TLS to " + endpoint.host + ": " + failure;
  }
  co_return out;
}

}  // namespace tollgate::net
