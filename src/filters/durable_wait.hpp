// Waits until a ledger ticket is on the disk, without holding up the worker.
#pragma once

#include "ledger/ledger.hpp"
#include "net/loop.hpp"

#include <coroutine>
#include <memory>

namespace tollgate::filters {

// Awaited once, on the loop's thread; destroying it while it waits is safe. A ledger that cannot
// write ends the wait too: what then holds is the ledger's policy, not this wait's.
class DurableWait {
 public:
  DurableWait(net::Loop& loop, ledger::Ledger& ledger, ledger::Ticket ticket)
      : state_(std::make_shared<State>(loop)), ledger_(ledger), ticket_(ticket) {}
  DurableWait(const DurableWait&) = delete;
  ~DurableWait() {
    if (!state_->waiting) return;
    ledger_.cancel(state_.get());
    state_->waiting = nullptr;
  }

  bool await_ready() const noexcept { return ticket_.number == 0; }
  bool await_suspend(std::coroutine_handle<> caller) {
    state_->waiting = caller;
    state_->self = state_;
    const auto now = ledger_.when_durable(ticket_, &on_durable, state_.get());
    if (now == ledger::Durability::pending) return true;
    state_->waiting = nullptr;
    return false;
  }
  void await_resume() const noexcept {}

 private:
  struct State {
    explicit State(net::Loop& its_loop) : loop(its_loop) {}
    net::Loop& loop;
    std::coroutine_handle<> waiting;  // the loop's thread alone
    std::weak_ptr<State> self;
  };

  // On the ledger's thread. The wait may be gone by the time the loop gets to it.
  static void on_durable(void* context, ledger::Durability) {
    auto& state = *static_cast<State*>(context);
    state.loop.post([weak = state.self] {
      if (const auto alive = weak.lock(); alive && alive->waiting) std::exchange(alive->waiting, nullptr).resume();
    });
  }

  std::shared_ptr<State> state_;
  ledger::Ledger& ledger_;
  ledger::Ticket ticket_;
};

}  // namespace tollgate::filters
