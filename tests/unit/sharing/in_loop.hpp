// Runs a test's story as a coroutine in a loop of its own.
#pragma once

#include "base/branch.hpp"
#include "net/loop.hpp"
#include "sharing/shared_pots.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <list>

namespace tollgate::sharing {

using Story = std::function<awaitable<void>(net::Loop&)>;

inline awaitable<void> tell(net::Loop& loop, const Story& story) {
  awaitable<void> work = story(loop);
  co_await work;
  loop.stop();
}

inline void in_loop(const Story& story) {
  net::Loop loop;
  Timer watchdog;
  static thread_local net::Loop* stuck;
  stuck = &loop;
  watchdog.at = Clock::now() + std::chrono::seconds(60);
  watchdog.fire = [](Timer&) {
    ADD_FAILURE() << "the story does not end";
    stuck->stop();
  };
  loop.arm(watchdog);
  std::coroutine_handle<> nobody;
  base::Result<void> result;
  base::Branch branch = base::run(tell(loop, story), result);
  branch.start(&nobody);
  if (!branch.is_done()) loop.run();
  branch.cancel();
  loop.disarm(watchdog);
  if (result.error) std::rethrow_exception(result.error);
}

inline awaitable<void> pause(net::Loop& loop, std::chrono::milliseconds time) {
  net::Sleep sleep(loop, Clock::now() + time);
  co_await sleep;
}

// Until something is so, ten seconds at most.
inline awaitable<bool> until(net::Loop& loop, std::function<bool()> is_so) {
  const auto end = Clock::now() + std::chrono::seconds(10);
  while (!is_so()) {
    if (Clock::now() > end) co_return false;
    net::Sleep sleep(loop, Clock::now() + std::chrono::milliseconds(1));
    co_await sleep;
  }
  co_return true;
}

inline awaitable<bool> reached(net::Loop& loop, const Number& number, std::int64_t at_least) {
  return until(loop, [&number, at_least] { return number.get() >= at_least; });
}

// Redis knows all settlements.
inline awaitable<bool> told(net::Loop& loop, const SharedPots& pots) {
  return until(loop, [&pots] { return pots.numbers().adjustments_queued.get() == 0; });
}

// Coroutines that run beside the story. Destroying one cancels it.
class Tasks {
 public:
  void start(awaitable<void> work) {
    auto& task = tasks_.emplace_back();
    task.branch = base::run(std::move(work), task.result);
    task.branch.start(&nobody_);
  }
  bool are_done() const {
    for (const auto& task : tasks_) {
      if (!task.branch.is_done()) return false;
    }
    return true;
  }
  void cancel() { tasks_.clear(); }

 private:
  struct Task {
    base::Result<void> result;
    base::Branch branch;
  };
  std::coroutine_handle<> nobody_;
  std::list<Task> tasks_;
};

inline awaitable<bool> finished(net::Loop& loop, const Tasks& tasks) {
  return until(loop, [&tasks] { return tasks.are_done(); });
}

}  // namespace tollgate::sharing
