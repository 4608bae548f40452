#include "balancer/ptu_gate.hpp"

#include <gtest/gtest.h>

namespace tollgate::balancer {
namespace {

using namespace std::chrono_literals;

const TimePoint start{1'000'000s};

// Ten units of 600 tokens a minute: 100 a second. An answer token counts four times.
Deployment ten_units() {
  Deployment deployment;
  deployment.kind = DeploymentKind::ptu;
  deployment.units = 10;
  deployment.unit = {600, 4};
  deployment.queue = QueueRules{500ms, 3};
  return deployment;
}

struct Gate {
  Deployment deployment = ten_units();
  PtuGate gate{deployment, start};
  TimePoint now = start;

  static PtuLoad load(std::int64_t prompt, std::int64_t bound = 0, std::uint64_t flow = 1) { return {flow, prompt, 1, bound}; }
  PtuStay admit(std::int64_t prompt, std::int64_t bound = 0) { return gate.admit(load(prompt, bound), now); }
  static Usage used(std::int64_t prompt, std::int64_t cached, std::int64_t answer) {
    Usage usage;
    usage.prompt_tokens = prompt;
    usage.cached_tokens = cached;
    usage.completion_tokens = answer;
    usage.is_reported = true;
    return usage;
  }
  double level() { return gate.numbers(now).predicted * gate.numbers(now).window_seconds * gate.numbers(now).tokens_a_minute / 60; }

  // A level, seen just now.
  void fill_to(double share) {
    gate.refused(admit(1), 0ms, now);
    now += std::chrono::duration_cast<Duration>(std::chrono::duration<double>((1 - share) * gate.numbers(now).window_seconds));
  }
};

TEST(PtuGate, ClassesLeaveAtTheirLines) {
  Gate g;
  const PtuStay stay = g.admit(300);
  g.fill_to(0.97);
  EXPECT_TRUE(g.gate.has_room(TrafficClass::interactive, g.now));
  EXPECT_FALSE(g.gate.has_room(TrafficClass::standard, g.now));
  EXPECT_FALSE(g.gate.has_room(TrafficClass::batch, g.now));
  g.gate.left(stay, Gate::used(0, 0, 0), g.now);  // 92 %
  EXPECT_TRUE(g.gate.has_room(TrafficClass::standard, g.now));
  EXPECT_FALSE(g.gate.has_room(TrafficClass::batch, g.now));
}

TEST(PtuGate, LinesMayBeSwitchedOff) {
  Gate g;
  g.deployment.spill.is_predictive = false;
  g.gate.use(g.deployment, g.now);
  g.gate.refused(g.admit(1), 5s, g.now);
  EXPECT_TRUE(g.gate.has_room(TrafficClass::batch, g.now));
}

TEST(PtuGate, WeighsPromptAndAnswer) {
  Gate g;
  g.admit(500, 100);
  EXPECT_NEAR(g.level(), 900, 1e-6);
}

TEST(PtuGate, WeighsEveryAnswerThatIsAskedFor) {
  Gate g;
  PtuLoad load = Gate::load(500, 100);
  load.answers = 3;
  g.gate.admit(load, g.now);
  EXPECT_NEAR(g.level(), 1700, 1e-6);
}

TEST(PtuGate, CorrectsToWhatWasUsed) {
  Gate g;
  const PtuStay stay = g.admit(500, 1000);
  g.gate.left(stay, Gate::used(500, 200, 50), g.now);
  EXPECT_NEAR(g.level(), 300 + 200, 1e-6);
}

TEST(PtuGate, LearnsWhatASubscriptionsCallsTake) {
  Gate g;
  for (int i = 0; i < 60; ++i) {
    g.now += 60s;
    g.gate.left(g.admit(400, -1), Gate::used(400, 300, 80), g.now);
  }
  g.now += 600s;
  g.admit(400, -1);
  EXPECT_NEAR(g.level(), 100 + 4 * 80, 10);
  g.now += 600s;
  g.gate.admit(Gate::load(400, -1, 2), g.now);  // another one is not known yet
  EXPECT_NEAR(g.level(), 400 + 4 * 256, 1);
}

TEST(PtuGate, ACallThatSaysNothingAtItsEndIsTakenForTheUsualOne) {
  Gate g;
  g.gate.left(g.admit(100, 5000), Usage{}, g.now);
  EXPECT_NEAR(g.level(), 100 + 4 * 256, 1);
}

TEST(PtuGate, WaitsWhenRoomComesInTime) {
  Gate g;
  g.gate.refused(g.admit(1), 300ms, g.now);
  PtuTurn turn;
  ASSERT_TRUE(g.gate.join(turn, TrafficClass::interactive, Gate::load(100), no_deadline, g.now));
  TimePoint again{};
  EXPECT_EQ(g.gate.ask(turn, g.now, again), PtuGate::Turn::later);
  EXPECT_GT(again, g.now);
  EXPECT_FALSE(g.gate.has_room(TrafficClass::interactive, g.now + 301ms));  // it is that one's turn
  g.now += 301ms;
  EXPECT_EQ(g.gate.ask(turn, g.now, again), PtuGate::Turn::later) << "the prediction may be a little wrong";
  g.now += 150ms;
  EXPECT_EQ(g.gate.ask(turn, g.now, again), PtuGate::Turn::now);
  EXPECT_EQ(g.gate.numbers(g.now).waits.gave_up, 0u);
  EXPECT_EQ(g.gate.numbers(g.now).waiting, 0u);
}

TEST(PtuGate, ACallThatTakesLittleNeedsNoMoreRoomThanItTakes) {
  Gate g;
  g.gate.refused(g.admit(1), 300ms, g.now);
  PtuTurn turn;
  ASSERT_TRUE(g.gate.join(turn, TrafficClass::interactive, Gate::load(2), no_deadline, g.now));
  TimePoint again{};
  EXPECT_EQ(g.gate.ask(turn, g.now + 321ms, again), PtuGate::Turn::now);
}

TEST(PtuGate, SaysWhenThoseWhoGoFirstAreThrough) {
  Gate g;
  g.gate.refused(g.admit(1), 100ms, g.now);
  EXPECT_EQ(g.gate.free_at(TrafficClass::interactive, g.now), g.now + 100ms);
  PtuTurn turn;
  ASSERT_TRUE(g.gate.join(turn, TrafficClass::interactive, Gate::load(20), no_deadline, g.now));
  EXPECT_TRUE(g.gate.has_waiters_before(TrafficClass::interactive));
  EXPECT_GE(g.gate.free_at(TrafficClass::interactive, g.now), g.now + 299ms);
  EXPECT_LE(g.gate.free_at(TrafficClass::interactive, g.now), g.now + 301ms);
  g.gate.leave(turn);
}

TEST(PtuGate, DoesNotWaitForWhatComesTooLate) {
  Gate g;
  g.gate.refused(g.admit(1), 600ms, g.now);
  PtuTurn turn;
  EXPECT_FALSE(g.gate.join(turn, TrafficClass::interactive, Gate::load(100), no_deadline, g.now));
  g.now += 300ms;
  EXPECT_FALSE(g.gate.join(turn, TrafficClass::interactive, Gate::load(100), g.now + 100ms, g.now));  // the call's own deadline
  EXPECT_TRUE(g.gate.join(turn, TrafficClass::interactive, Gate::load(100), no_deadline, g.now));
  g.gate.leave(turn);
}

TEST(PtuGate, CountsThoseWhoWaitAlready) {
  Gate g;
  g.gate.refused(g.admit(1), 300ms, g.now);
  PtuTurn first, second, third;
  ASSERT_TRUE(g.gate.join(first, TrafficClass::interactive, Gate::load(100), g.now + 450ms, g.now));
  g.gate.leave(first);
  // A second's worth of tokens stands before it.
  ASSERT_TRUE(g.gate.join(first, TrafficClass::interactive, Gate::load(100), no_deadline, g.now));
  EXPECT_FALSE(g.gate.join(second, TrafficClass::interactive, Gate::load(100), no_deadline, g.now));
  g.gate.leave(first);
  ASSERT_TRUE(g.gate.join(first, TrafficClass::interactive, Gate::load(1), no_deadline, g.now));
  ASSERT_TRUE(g.gate.join(second, TrafficClass::interactive, Gate::load(1), no_deadline, g.now));
  ASSERT_TRUE(g.gate.join(third, TrafficClass::interactive, Gate::load(1), no_deadline, g.now));
  PtuTurn fourth;
  EXPECT_FALSE(g.gate.join(fourth, TrafficClass::interactive, Gate::load(1), no_deadline, g.now));  // three is the length
  EXPECT_EQ(g.gate.numbers(g.now).waiting, 3u);
}

TEST(PtuGate, GivesUpInTime) {
  Gate g;
  g.gate.refused(g.admit(1), 300ms, g.now);
  PtuTurn turn;
  ASSERT_TRUE(g.gate.join(turn, TrafficClass::interactive, Gate::load(100), no_deadline, g.now));
  g.gate.refused(g.admit(1), 5s, g.now);  // it lasts longer than was said
  TimePoint again{};
  EXPECT_EQ(g.gate.ask(turn, g.now + 499ms, again), PtuGate::Turn::later);
  EXPECT_LE(again, g.now + 500ms);
  EXPECT_EQ(g.gate.ask(turn, g.now + 500ms, again), PtuGate::Turn::never);
  EXPECT_EQ(g.gate.numbers(g.now).waits.gave_up, 1u);
}

TEST(PtuGate, OtherUnitsAreLearntAnew) {
  Gate g;
  g.fill_to(1);
  g.deployment.units = 20;
  g.gate.use(g.deployment, g.now);
  EXPECT_EQ(g.gate.numbers(g.now).tokens_a_minute, 12'000);
  EXPECT_EQ(g.gate.numbers(g.now).predicted, 0);
  EXPECT_FALSE(g.gate.numbers(g.now).is_learnt);
}

}  // namespace
}  // namespace tollgate::balancer
