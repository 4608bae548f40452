#include "base/race.hpp"

#include "base/cancellable.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tollgate::base {
namespace {

// Suspends until the test resumes it.
struct Step {
  std::coroutine_handle<> waiting;
  struct Awaiter {
    Step& step;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> caller) noexcept { step.waiting = caller; }
    void await_resume() const noexcept {}
    ~Awaiter() { step.waiting = nullptr; }
  };
  Awaiter operator co_await() { return {*this}; }
  void go() { std::exchange(waiting, nullptr).resume(); }
};

struct Note {
  std::string& log;
  const char* text;
  ~Note() { log += text; }
};

awaitable<int> after(Step& step, int value, std::string& log, const char* end) {
  Note note{log, end};
  co_await step;
  co_return value;
}

awaitable<int> fail_after(Step& step) {
  co_await step;
  throw std::runtime_error("broken");
}

struct Driver {
  explicit Driver(awaitable<void> work) : branch_(run(std::move(work), result)) {
    branch_.start(&nobody_);
  }
  bool is_done() const { return branch_.is_done(); }
  void cancel() { branch_.cancel(); }

  Result<void> result;

 private:
  std::coroutine_handle<> nobody_;
  Branch branch_;
};

awaitable<void> race_into(Step& a, Step& b, std::string& log, std::size_t& winner, int& value) {
  auto first = co_await race(after(a, 1, log, "a"), after(b, 2, log, "b"));
  winner = first.index();
  value = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
  log += ".";
}

TEST(Race, TheFirstToFinishWinsAndTheOtherIsCancelledBeforeRaceReturns) {
  Step a, b;
  std::string log;
  std::size_t winner = 9;
  int value = 0;
  Driver driver(race_into(a, b, log, winner, value));
  EXPECT_FALSE(driver.is_done());
  b.go();
  EXPECT_TRUE(driver.is_done());
  EXPECT_EQ(winner, 1u);
  EXPECT_EQ(value, 2);
  EXPECT_EQ(log, "ba.");
  EXPECT_FALSE(a.waiting);
}

TEST(Race, DestroyingItCancelsBothInsideOut) {
  Step a, b;
  std::string log;
  std::size_t winner = 9;
  int value = 0;
  {
    Driver driver(race_into(a, b, log, winner, value));
    driver.cancel();
  }
  EXPECT_EQ(winner, 9u);
  EXPECT_TRUE(log == "ab" || log == "ba") << log;
}

awaitable<void> race_failing(Step& a, Step& never, std::string& log, std::string& caught) {
  try {
    co_await race(fail_after(a), after(never, 2, log, "n"));
  } catch (const std::exception& e) {
    caught = e.what();
  }
}

TEST(Race, TheWinnersExceptionIsRethrownWhileTheOtherWouldWaitForEver) {
  Step a, never;
  std::string log, caught;
  Driver driver(race_failing(a, never, log, caught));
  a.go();
  EXPECT_TRUE(driver.is_done());
  EXPECT_EQ(caught, "broken");
  EXPECT_EQ(log, "n");
}

awaitable<int> ready_value() { return 7; }

awaitable<void> race_ready(Step& never, std::string& log, int& value) {
  auto first = co_await race(ready_value(), after(never, 2, log, "n"));
  value = std::get<0>(first);
}

TEST(Race, AReadyBranchWinsWithoutStartingTheOther) {
  Step never;
  std::string log;
  int value = 0;
  Driver driver(race_ready(never, log, value));
  EXPECT_TRUE(driver.is_done());
  EXPECT_EQ(value, 7);
  EXPECT_EQ(log, "");
}

awaitable<void> await_cancellable(Cancellable<int>& work, std::optional<int>& result) {
  result = co_await work;
}

TEST(Cancellable, CancelDestroysTheWorkAndResumesWhoAwaits) {
  Step a;
  std::string log;
  Cancellable<int> work(after(a, 1, log, "a"));
  std::optional<int> result = 5;
  Driver driver(await_cancellable(work, result));
  work.cancel();
  EXPECT_TRUE(driver.is_done());
  EXPECT_EQ(result, std::nullopt);
  EXPECT_EQ(log, "a");
  work.cancel();
}

TEST(Cancellable, WorkThatEndsGivesItsValueAndCannotBeCancelledAnyMore) {
  Step a;
  std::string log;
  Cancellable<int> work(after(a, 3, log, "a"));
  std::optional<int> result;
  Driver driver(await_cancellable(work, result));
  a.go();
  work.cancel();
  EXPECT_EQ(result, 3);
}

awaitable<int> count_down(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) sum += co_await ready_value() > 0;
  co_return sum;
}

awaitable<int> one_step() { co_return 1; }

awaitable<void> many_steps(int n, int& sum) {
  sum = co_await count_down(n);
  for (int i = 0; i < n; ++i) sum += co_await one_step();
}

TEST(Awaitable, AMillionStepsThatDoNotWaitUseNoStack) {
  int sum = 0;
  Driver driver(many_steps(1'000'000, sum));
  EXPECT_TRUE(driver.is_done());
  EXPECT_EQ(sum, 2'000'000);
}

}  // namespace
}  // namespace tollgate::base
