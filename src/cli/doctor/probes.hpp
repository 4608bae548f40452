// Probes that run beside each other.
// One thread: the loop's.
#pragma once

#include "base/branch.hpp"
#include "net/loop.hpp"
#include "tollgate/awaitable.hpp"

#include <coroutine>
#include <cstddef>
#include <deque>
#include <functional>
#include <utility>

namespace tollgate::cli::doctor {

class Probes {
 public:
  using OnProgress = std::function<void(std::size_t done, std::size_t all)>;
  Probes(net::Loop& loop, OnProgress on_progress) : loop_(loop), on_progress_(std::move(on_progress)) {}
  Probes(const Probes&) = delete;

  void add(awaitable<void> work) { running_.emplace_back().work = counted(std::move(work)); }

  // Runs the loop until the last one has ended; throws what a probe has thrown.
  void run() {
    for (Running& one : running_) {
      one.branch = base::run(std::move(one.work), one.result);
      one.branch.start(&nobody_);
    }
    if (done_ < running_.size()) loop_.run();
    for (Running& one : running_) one.result.take();
  }

 private:
  struct Running {
    awaitable<void> work = tollgate::done();
    base::Result<void> result;
    base::Branch branch;
  };

  awaitable<void> counted(awaitable<void> work) {
    const Ending ending(*this);  // also of one that throws
    co_await work;
  }

  struct Ending {
    explicit Ending(Probes& owner) : probes(owner) {}
    Ending(const Ending&) = delete;
    ~Ending() { probes.on_end(); }
    Probes& probes;
  };

  void on_end() {
    ++done_;
    if (on_progress_) on_progress_(done_, running_.size());
    if (done_ == running_.size()) loop_.stop();
  }

  net::Loop& loop_;
  const OnProgress on_progress_;
  std::size_t done_ = 0;
  std::coroutine_handle<> nobody_;
  std::deque<Running> running_;
};

}  // namespace tollgate::cli::doctor
