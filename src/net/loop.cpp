#include "net/loop.hpp"

#include "net/readiness.hpp"
#include "net/resolver.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace tollgate::net {

namespace asio = boost::asio;

// Spare buffers kept for reuse; more than this were a burst and go back to the heap. Buffers are held
// while bytes are looked at, and across a wait only for peers that are slow, so few are ever in use.
constexpr std::size_t spare_buffers = 16;

Buffer::Buffer(Loop& loop) : loop_(loop) {
  if (loop.spare_.empty()) {
    bytes_ = std::make_unique_for_overwrite<char[]>(capacity);
  } else {
    bytes_ = std::move(loop.spare_.back());
    loop.spare_.pop_back();
  }
}

Buffer::~Buffer() {
  if (loop_.spare_.size() < spare_buffers) loop_.spare_.push_back(std::move(bytes_));
}

// The one Asio timer of a loop; it drives the wheel.
struct Loop::Tick {
  explicit Tick(asio::io_context& io) : timer(io) {}
  asio::steady_timer timer;
  TimePoint at = no_deadline;
  bool is_advancing = false;
};

Loop::Loop()
    : io_(std::make_unique<asio::io_context>(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO)),
      wheel_(Clock::now()),
      tick_(std::make_unique<Tick>(*io_)),
      resolver_(std::make_unique<Resolver>(*this)),
      group_(*this) {
  spare_.reserve(spare_buffers);
  Readiness::prepare(*this);
}

Loop::~Loop() = default;

void Loop::run() {
  const auto guard = asio::make_work_guard(*io_);
  io_->run();
}

void Loop::stop() { io_->stop(); }

void Loop::post(std::function<void()> work) { asio::post(*io_, std::move(work)); }

void Loop::resume_later(std::coroutine_handle<> waiting) {
  asio::post(*io_, [waiting] { waiting.resume(); });
}

void Loop::arm(Timer& timer) {
  if (timer.at == no_deadline) return;
  wheel_.add(timer);
  const auto due = timer.at + TimerWheel::tick;
  if (due < tick_->at && !tick_->is_advancing) schedule_tick(due);
}

void Loop::schedule_tick(TimePoint at) {
  tick_->at = at;
  tick_->timer.expires_at(at);
  tick_->timer.async_wait([this](boost::system::error_code ec) {
    if (ec) return;  // moved to an earlier moment
    tick_->at = no_deadline;
    tick_->is_advancing = true;
    wheel_.advance(Clock::now());
    tick_->is_advancing = false;
    const auto next = wheel_.next_look();
    if (next != no_deadline && next < tick_->at) schedule_tick(next);
  });
}

}  // namespace tollgate::net
