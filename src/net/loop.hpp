// One worker's event loop: I/O readiness, deadlines, posted work, spare buffers.
//
// Thread safety: everything belongs to the thread that calls run(), except post() and stop().
#pragma once

#include "net/group.hpp"
#include "net/timer_wheel.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/clock.hpp"

#include <coroutine>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace tollgate::net {

class Loop;
class Resolver;

// A buffer lent by the loop; goes back when it leaves scope. Held only while bytes are in it, so an
// idle connection owns none.
class Buffer {
 public:
  static constexpr std::size_t capacity = 16 * 1024;

  explicit Buffer(Loop& loop);
  Buffer(const Buffer&) = delete;
  ~Buffer();

  char* data() noexcept { return bytes_.get(); }

 private:
  Loop& loop_;
  std::unique_ptr<char[]> bytes_;
};

class Loop {
 public:
  Loop();
  Loop(const Loop&) = delete;
  ~Loop();

  void run();   // until stop()
  void stop();  // any thread

  // Runs `work` on the loop's thread, later. Any thread.
  void post(std::function<void()> work);

  // Resumes a suspended coroutine from the loop. Whoever wakes another coroutine uses this instead of
  // resuming it in place: the waker may be destroyed by what it wakes. Same thread.
  void resume_later(std::coroutine_handle<> waiting);

  // `timer.at` and `timer.fire` are set by the caller. no_deadline arms nothing.
  void arm(Timer& timer);
  void disarm(Timer& timer) noexcept {
    if (timer.is_armed()) TimerWheel::remove(timer);
  }

  boost::asio::io_context& io() noexcept { return *io_; }

  Resolver& resolver() noexcept { return *resolver_; }

  Group& group() noexcept { return group_; }

 private:
  friend class Buffer;
  struct Tick;
  void schedule_tick(TimePoint at);

  std::unique_ptr<boost::asio::io_context> io_;
  TimerWheel wheel_;
  std::unique_ptr<Tick> tick_;
  std::vector<std::unique_ptr<char[]>> spare_;
  std::unique_ptr<Resolver> resolver_;
  Group group_;
};

// Waits until a moment. Cancelled by being destroyed.
class Sleep : private Timer {
 public:
  Sleep(Loop& loop, TimePoint until) : loop_(loop) { at = until; }
  Sleep(const Sleep&) = delete;
  ~Sleep() { loop_.disarm(*this); }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    fire = [](Timer& self) { static_cast<Sleep&>(self).caller_.resume(); };
    loop_.arm(*this);
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  std::coroutine_handle<> caller_;
};

}  // namespace tollgate::net
