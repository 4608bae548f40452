#include "net/listener.hpp"

#include "net/loop.hpp"
#include "net/tcp_stream.hpp"
#include "tollgate/log.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <unistd.h>

namespace tollgate::net {

namespace {

using Acceptor =
    boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

// Out of descriptors: wait for some to come back instead of spinning on a ready acceptor.
constexpr std::chrono::milliseconds pause_when_exhausted{50};

// At most so many accepts before other work gets its turn.
constexpr int accepts_a_turn = 64;

int open_socket(const Address& address) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (fd >= 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(fd, address.get(), address.size) == 0 && ::listen(fd, 4096) == 0) return fd;
  }
  const int code = errno;
  if (fd >= 0) ::close(fd);
  throw std::runtime_error("cannot listen on " + address.text() + ": " + std::strerror(code));
}

}  // namespace

void refuse_if_taken(const Address& address) {
  const int fd = ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;  // listening itself will say why
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool is_taken = ::bind(fd, address.get(), address.size) != 0 && errno == EADDRINUSE;
  ::close(fd);
  if (is_taken) {
    throw std::runtime_error("cannot listen on " + address.text() + ": another process does already");
  }
}

struct Listener::State : Timer, std::enable_shared_from_this<State> {
  State(Loop& l, const Address& address, OnConnection handler)
      : loop(l),
        is_v6(address.is_v6()),
        acceptor(l.io().get_executor(),
                 is_v6 ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(),
                 open_socket(address)),
        on_connection(std::move(handler)) {
    fire = [](Timer& timer) { static_cast<State&>(timer).wait(); };
  }

  Loop& loop;
  bool is_v6;
  Acceptor acceptor;
  OnConnection on_connection;

  void wait() {
    acceptor.async_wait(Acceptor::wait_read,
                        [self = shared_from_this()](boost::system::error_code ec) {
                          if (!ec && self->acceptor.is_open()) self->accept();
                        });
  }

  void accept() {
    for (int i = 0; i < accepts_a_turn; ++i) {
      const int fd =
          ::accept4(acceptor.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        on_connection(std::make_unique<TcpStream>(loop, fd, is_v6, Readiness::Rank::starting));
        if (!acceptor.is_open()) return;
        continue;
      }
      if (errno == EINTR || errno == ECONNABORTED) continue;
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log::warn("listener", "cannot accept: out of file descriptors or memory");
        at = Clock::now() + pause_when_exhausted;
        loop.arm(*this);
        return;
      }
      break;
    }
    wait();
  }
};

Listener::Listener(Loop& loop, const Address& address, OnConnection on_connection)
    : state_(std::make_shared<State>(loop, address, std::move(on_connection))) {}

Listener::~Listener() { stop(); }

void Listener::start() { state_->wait(); }

void Listener::stop() {
  boost::system::error_code ignored;
  state_->loop.disarm(*state_);
  state_->acceptor.close(ignored);
}

Address Listener::address() const { return local_address(state_->acceptor.native_handle()); }

}  // namespace tollgate::net
