#include "net/tcp_stream.hpp"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace tollgate::net {

namespace {

// Parts that come to no more than this are sent as one copy, which costs less than to have the system
// gather them.
constexpr std::size_t worth_gathering = 4096;

// What a system call that sends came to; `send` is called again when a signal broke in.
template <class Send>
IoResult result_of_write(Send send) {
  for (;;) {
    const auto n = send();
    if (n >= 0) return {IoStatus::ok, static_cast<std::size_t>(n)};
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {IoStatus::would_block, 0};
    return {IoStatus::failed, 0};
  }
}

int without_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace

TcpStream::TcpStream(Loop& loop, int socket, bool is_v6, Readiness::Rank rank)
    : loop_(loop), fd_(without_delay(socket)), readiness_(loop, socket, is_v6, *this, rank) {}

TcpStream::~TcpStream() { close(); }

IoResult TcpStream::try_read(char* into, std::size_t size) {
  for (;;) {
    const auto n = ::recv(fd_, into, size, MSG_DONTWAIT);
    if (n > 0) {
      has_taken_all_ = static_cast<std::size_t>(n) < size;
      is_drained_ = has_taken_all_ && !readiness_.reads_stop_short();
      return {IoStatus::ok, static_cast<std::size_t>(n)};
    }
    if (n == 0) return {IoStatus::eof, 0};
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return {IoStatus::failed, 0};
    has_taken_all_ = is_drained_ = true;
    return {IoStatus::would_block, 0};
  }
}

IoResult TcpStream::try_write(std::span<const std::string_view> parts) {
  std::size_t total = 0;
  for (const auto& part : parts) total += part.size();
  if (total > worth_gathering && parts.size() > 1) return write_gathered(parts);
  if (total == 0) return {IoStatus::ok, 0};
  char copy[worth_gathering];
  const char* from = parts.front().data();
  if (parts.size() > 1) {
    from = copy;
    char* into = copy;
    for (const auto& part : parts) into += part.copy(into, part.size());
  }
  return result_of_write([&] { return ::send(fd_, from, total, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

IoResult TcpStream::write_gathered(std::span<const std::string_view> parts) {
  constexpr std::size_t max_parts = 16;
  iovec pieces[max_parts];
  std::size_t count = 0;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (count == max_parts) break;
    pieces[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = count;
  return result_of_write([&] { return ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
}

void TcpStream::watch(void (*on_event)(void*), void* context) {
  if (!is_open()) return;
  on_event_ = on_event;
  context_ = context;
  readiness_.arm(Readiness::For::read);
  if (!is_drained_) readiness_.notice();
}

void TcpStream::unwatch() { on_event_ = nullptr; }

Peer TcpStream::look() {
  char byte;
  const auto n = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) return Peer::sent;
  if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return Peer::gone;
  has_taken_all_ = is_drained_ = true;
  return Peer::silent;
}

void TcpStream::finish_sending() { ::shutdown(fd_, SHUT_WR); }

void TcpStream::close() {
  on_event_ = nullptr;
  readiness_.close();
  fd_ = -1;
}

bool TcpStream::arm_as(Wait& wait, Wait::For direction) {
  const bool is_read = direction == Wait::For::read;
  if (is_read && !is_drained_) return false;
  wait.fire = [](Timer& timer) {
    auto& self = static_cast<Wait&>(timer);
    self.stream().disarm(self);
    self.wake(Wake::timeout);
  };
  loop_.arm(wait);
  if (is_read) {
    reader_ = &wait;
    readiness_.arm(Readiness::For::read);
  } else {
    writer_ = &wait;
    readiness_.arm(Readiness::For::write);
  }
  return true;
}

void TcpStream::disarm(Wait& wait) noexcept {
  loop_.disarm(wait);
  if (reader_ == &wait) reader_ = nullptr;
  if (writer_ == &wait) writer_ = nullptr;
}

// May destroy this stream, so it is left right after.
void TcpStream::on_ready(Readiness::For direction) {
  const bool is_read = direction == Readiness::For::read;
  if (is_read) has_taken_all_ = is_drained_ = false;
  if (Wait* wait = std::exchange(is_read ? reader_ : writer_, nullptr)) {
    loop_.disarm(*wait);
    wait->wake(Wake::ready);
  } else if (is_read && on_event_) {
    std::exchange(on_event_, nullptr)(context_);
  }
}

}  // namespace tollgate::net
