#include "net/ready_delay.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace tollgate::net {

namespace {

constexpr std::chrono::milliseconds between{5};

// A measurement of before that says nothing about now.
constexpr std::chrono::milliseconds stale{20};

int open_event() {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  return fd;
}

}  // namespace

ReadyDelay::ReadyDelay(Loop& loop) : event_(open_event()), readiness_(loop, event_, false, *this, Readiness::Rank::in_line) {}

Duration ReadyDelay::sample(TimePoint now) {
  if (is_under_way_) return std::max(last_, now - started_);
  if (now - measured_ > stale) last_ = Duration::zero();
  if (now - started_ >= between) {
    is_under_way_ = true;
    started_ = now;
    readiness_.arm(Readiness::For::read);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);  // cannot fail: it is read each time
  }
  return last_;
}

void ReadyDelay::on_ready(Readiness::For) {
  std::uint64_t count = 0;
  if (::read(event_, &count, sizeof count) != sizeof count) return readiness_.arm(Readiness::For::read);
  measured_ = Clock::now();
  last_ = measured_ - started_;
  is_under_way_ = false;
}

}  // namespace tollgate::net
