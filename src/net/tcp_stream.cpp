#include "net/tcp_stream.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace tollgate::net {

namespace asio = boost::asio;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

struct TcpStream::Core {
  Core(Loop& l, int fd, bool is_v6)
      : loop(l),
        socket(l.io().get_executor(), is_v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd) {}

  Loop& loop;
  Socket socket;
  int references = 1;  // the stream, and each wait that Asio holds
  Wait* reader = nullptr;
  Wait* writer = nullptr;
  bool read_is_armed = false;
  bool write_is_armed = false;
  void (*on_event)(void*) = nullptr;
  void* context = nullptr;

  void release() {
    if (--references == 0) delete this;
  }

  // Keeps the core alive until Asio has called (or thrown away) the handler.
  class Reference {
   public:
    explicit Reference(Core* core) : core_(core) { ++core_->references; }
    Reference(Reference&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    Reference(const Reference& other) : core_(other.core_) { ++core_->references; }
    Reference& operator=(const Reference&) = delete;
    ~Reference() {
      if (core_) core_->release();
    }
    Core* operator->() const { return core_; }

   private:
    Core* core_;
  };

  void wake(Wait*& slot, Wake why) {
    Wait* wait = std::exchange(slot, nullptr);
    loop.disarm(*wait);
    wait->wake(why);
  }

  void arm_read() {
    if (std::exchange(read_is_armed, true)) return;
    socket.async_wait(Socket::wait_read, [self = Reference(this)](boost::system::error_code ec) {
      self->read_is_armed = false;
      if (ec == asio::error::operation_aborted) return;  // closed; other errors show when reading
      if (self->reader) {
        self->wake(self->reader, Wake::ready);
      } else if (self->on_event) {
        std::exchange(self->on_event, nullptr)(self->context);
      }
    });
  }

  void arm_write() {
    if (std::exchange(write_is_armed, true)) return;
    socket.async_wait(Socket::wait_write, [self = Reference(this)](boost::system::error_code ec) {
      self->write_is_armed = false;
      if (ec != asio::error::operation_aborted && self->writer) {
        self->wake(self->writer, Wake::ready);
      }
    });
  }
};

TcpStream::TcpStream(Loop& loop, int socket, bool is_v6) : fd_(socket) {
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  core_ = new Core(loop, fd_, is_v6);
}

TcpStream::~TcpStream() {
  close();
  core_->release();
}

IoResult TcpStream::try_read(char* into, std::size_t size) {
  for (;;) {
    const auto n = ::recv(fd_, into, size, MSG_DONTWAIT);
    if (n > 0) return {IoStatus::ok, static_cast<std::size_t>(n)};
    if (n == 0) return {IoStatus::eof, 0};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::would_block, 0};
    return {IoStatus::failed, 0};
  }
}

IoResult TcpStream::try_write(std::span<const std::string_view> parts) {
  constexpr std::size_t max_parts = 16;
  iovec pieces[max_parts];
  std::size_t count = 0;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (count == max_parts) break;
    pieces[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  if (count == 0) return {IoStatus::ok, 0};
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  for (;;) {
    const auto n = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) return {IoStatus::ok, static_cast<std::size_t>(n)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::would_block, 0};
    return {IoStatus::failed, 0};
  }
}

void TcpStream::watch(void (*on_event)(void*), void* context) {
  core_->on_event = on_event;
  core_->context = context;
  if (on_event && is_open()) core_->arm_read();
}

bool TcpStream::is_peer_gone() {
  char byte;
  const auto n = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void TcpStream::finish_sending() { ::shutdown(fd_, SHUT_WR); }

void TcpStream::close() {
  if (fd_ < 0) return;
  core_->on_event = nullptr;
  boost::system::error_code ignored;
  core_->socket.close(ignored);
  fd_ = -1;
}

bool TcpStream::is_open() const noexcept { return fd_ >= 0; }

bool TcpStream::arm_as(Wait& wait, Wait::For direction) {
  wait.fire = [](Timer& timer) {
    auto& self = static_cast<Wait&>(timer);
    self.stream().disarm(self);
    self.wake(Wake::timeout);
  };
  core_->loop.arm(wait);
  if (direction == Wait::For::read) {
    core_->reader = &wait;
    core_->arm_read();
  } else {
    core_->writer = &wait;
    core_->arm_write();
  }
  return true;
}

void TcpStream::disarm(Wait& wait) noexcept {
  core_->loop.disarm(wait);
  if (core_->reader == &wait) core_->reader = nullptr;
  if (core_->writer == &wait) core_->writer = nullptr;
}

}  // namespace tollgate::net
