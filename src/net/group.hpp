// Requests that come together take their steps together.
//
// What a request runs through is some ninety KiB of instructions, three times what a core's first cache
// holds: each request by itself fetches all of it anew. Where coroutines await a Regroup, those that are
// ready come up to there one after the other before the first of them goes on, so what lies between two
// such places is fetched once for all. What they send goes out in one go, too, and who receives it is
// woken once. Measured: docs/decisions/0007-steps-together.md. Who was alone the last time goes on at once,
// but looks for company one time in sixteen.
//
// One thread: the loop's.
#pragma once

#include <coroutine>
#include <cstddef>

namespace tollgate::net {

class Loop;

class Group {
 public:
  explicit Group(Loop& loop);
  Group(const Group&) = delete;

 private:
  friend class Regroup;
  struct Place {
    Place* next = nullptr;
    Place* previous = nullptr;
    std::coroutine_handle<> waiting;
  };

  bool has_company() noexcept;
  void add(Place& place);
  void remove(Place& place) noexcept;
  void go_on();
  void go_on_later();

  Loop& loop_;
  Place ring_;  // its next is who came first
  std::size_t size_ = 0;
  std::size_t last_size_ = 0;  // when they went on last
  unsigned asked_alone_ = 0;
  bool is_due_ = false;
};

// Goes on when the others that are ready have come to such a place as well. Cancelled by being destroyed.
class Regroup : private Group::Place {
 public:
  // `bytes`: what there is to be looked through until the next place. Whoever has much of it gains nothing by
  // company and would keep it waiting, so he goes on at once.
  explicit Regroup(Loop& loop, std::size_t bytes = 0);
  Regroup(const Regroup&) = delete;
  ~Regroup() {
    if (next) group_.remove(*this);
  }
  bool await_ready() const noexcept { return has_much_ || !group_.has_company(); }
  void await_suspend(std::coroutine_handle<> caller) {
    waiting = caller;
    group_.add(*this);
  }
  void await_resume() const noexcept {}

 private:
  Group& group_;
  bool has_much_;
};

}  // namespace tollgate::net
