// Who is next for capacity that frees up bit by bit: traffic classes in order, and within a class no
// subscription at the cost of another (start-time fair queueing by tokens).
//
// Waiters stand in a list that runs through themselves, so waiting allocates nothing but a line a
// subscription. Bounded; at most some hundred.
// Pure. Thread safety: none; its owner guards it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tollgate::balancer {

// One call that waits; lives with the call and leaves the queue before it is destroyed.
struct Waiter {
  std::size_t rank = 0;    // of its class: lower goes first
  std::uint64_t flow = 0;  // its subscription
  double tokens = 0;

  Waiter* prev = nullptr;  // the queue's
  Waiter* next = nullptr;
  double start = 0;
  bool is_queued = false;
};

class FairQueue {
 public:
  // False: it is full already.
  bool add(Waiter& waiter, std::size_t most);
  // It goes without having had its turn.
  void leave(Waiter& waiter);
  // It has its turn.
  void serve(Waiter& waiter);

  // Whether somebody stands before it; for one that is not queued, whether somebody of its rank or better waits.
  bool is_next(const Waiter& waiter) const noexcept;
  // What those before it take.
  double tokens_before(const Waiter& waiter) const noexcept;

  std::size_t size() const noexcept { return size_; }

 private:
  struct Flow {
    std::uint64_t id;
    double finish;  // when, in tokens served fairly, what it asked for so far is through
  };
  double& finish_of(std::uint64_t flow);
  void unlink(Waiter& waiter);

  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  std::size_t size_ = 0;
  double now_ = 0;  // start of the one served last
  std::vector<Flow> flows_;
};

}  // namespace tollgate::balancer
