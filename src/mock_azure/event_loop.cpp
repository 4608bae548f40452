#include "mock_azure/event_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tollgate::mock {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

constexpr std::size_t batch = 512;
// Out of descriptors: leave the backlog alone for a while instead of spinning on it.
constexpr auto accept_pause = std::chrono::milliseconds(20);

}  // namespace

EventLoop::EventLoop(int listener, SSL_CTX* tls, Handler& handler, std::size_t body_limit)
    : listener_(listener),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      tls_(tls),
      handler_(handler),
      body_limit_(body_limit),
      ready_(batch) {
  if (epoll_ < 0 || stop_event_ < 0) throw std::runtime_error("epoll is not available");
  for (const int fd : {listener_, stop_event_}) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
}

EventLoop::~EventLoop() {
  slots_.clear();
  removed_.clear();
  ::close(listener_);
  ::close(stop_event_);
  ::close(epoll_);
}

void EventLoop::stop() {
  stopping_ = true;
  eventfd_write(stop_event_, 1);
}

int EventLoop::wait_for_events() {
  nanoseconds wait{-1};
  if (!timers_.empty()) {
    wait = std::max(nanoseconds(0), nanoseconds(timers_.top().due - steady_clock::now()));
  }
  if (has_precise_wait_) {
    timespec time{};
    time.tv_sec = static_cast<time_t>(wait.count() / 1'000'000'000);
    time.tv_nsec = static_cast<long>(wait.count() % 1'000'000'000);
    const int count = epoll_pwait2(epoll_, ready_.data(), static_cast<int>(ready_.size()),
                                   wait.count() < 0 ? nullptr : &time, nullptr);
    if (count >= 0 || errno != ENOSYS) return count;
    has_precise_wait_ = false;  // kernels before 5.11 wait in milliseconds
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
  return epoll_wait(epoll_, ready_.data(), static_cast<int>(ready_.size()),
                    wait.count() < 0 ? -1 : static_cast<int>(std::min<std::int64_t>(ms, 60'000)));
}

void EventLoop::run() {
  prctl(PR_SET_TIMERSLACK, 1000UL);  // else every timed send is about 50 microseconds late
  while (!stopping_) {
    const int count = wait_for_events();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = ready_[static_cast<std::size_t>(i)];
      const int fd = event.data.fd;
      if (fd == listener_) {
        accept_all();
        continue;
      }
      if (fd == stop_event_) continue;
      Connection* connection = slots_[static_cast<std::size_t>(fd)].connection.get();
      if (connection == nullptr) continue;
      if ((event.events & EPOLLOUT) != 0) {
        connection->on_writable();
        if (slots_[static_cast<std::size_t>(fd)].connection == nullptr) continue;
      }
      if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) connection->on_readable();
    }
    fire_timers();
    removed_.clear();
  }
}

void EventLoop::accept_all() {
  ConnectionHost& host = *this;
  for (;;) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) {
        epoll_ctl(epoll_, EPOLL_CTL_DEL, listener_, nullptr);
        timers_.push({steady_clock::now() + accept_pause, listener_, 0});
      }
      return;
    }
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto index = static_cast<std::size_t>(fd);
    if (slots_.size() <= index) slots_.resize(index + 64);
    slots_[index].connection =
        std::make_unique<Connection>(fd, tls_, host, handler_, body_limit_);
    ++slots_[index].generation;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
}

void EventLoop::fire_timers() {
  if (timers_.empty()) return;
  const TimePoint now = steady_clock::now();
  while (!timers_.empty() && timers_.top().due <= now) {
    const Timer timer = timers_.top();
    timers_.pop();
    if (timer.fd == listener_) {
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = listener_;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
      continue;
    }
    const Slot& slot = slots_[static_cast<std::size_t>(timer.fd)];
    if (slot.connection == nullptr || slot.generation != timer.generation) continue;
    slot.connection->on_wake(timer.due);
  }
}

void EventLoop::watch(Connection& connection, bool reads, bool writes) {
  epoll_event event{};
  if (reads) event.events |= EPOLLIN;
  if (writes) event.events |= EPOLLOUT;
  event.data.fd = connection.fd();
  epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.fd(), &event);
}

void EventLoop::wake_at(Connection& connection, TimePoint when) {
  const int fd = connection.fd();
  timers_.push({when, fd, slots_[static_cast<std::size_t>(fd)].generation});
}

// The descriptor stays open until the end of this turn, so its number cannot come back within it.
void EventLoop::remove(Connection& connection) {
  const int fd = connection.fd();
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  removed_.push_back(std::move(slots_[static_cast<std::size_t>(fd)].connection));
}

}  // namespace tollgate::mock
