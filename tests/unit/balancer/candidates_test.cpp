#include "balancer/candidates.hpp"
#include "balancer/fleet.hpp"
#include "balancer/hedge_money.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::balancer {
namespace {

using namespace std::chrono_literals;

// Deployments by name, in the order they are first named.
struct Route {
  std::vector<std::unique_ptr<Deployment>> deployments;
  std::vector<RouteStep> steps;
  Fleet fleet;
  Backends backends;
  TimePoint now{1000s};
  Ask ask;

  RouteChoice choice(const std::string& name, int weight = 1) {
    auto deployment = std::make_unique<Deployment>();
    deployment->name = name;
    deployment->index = deployments.size();
    deployment->breaker.consecutive = 1;
    deployment->breaker.slow_start = 0s;
    deployments.push_back(std::move(deployment));
    backends.push_back(&fleet.use(*deployments.back()));
    return {deployments.back().get(), weight};
  }
  Backend& backend(const std::string& name) {
    for (const auto& deployment : deployments) {
      if (deployment->name == name) return *backends[deployment->index];
    }
    throw std::out_of_range(name);
  }
  void break_down(const std::string& name) { Visit::begin(backend(name), now, ask)->failed(now, Result::failed); }
  void throttle(const std::string& name, std::chrono::milliseconds advice) { Visit::begin(backend(name), now, ask)->throttled(now, advice); }
  void answer(const std::string& name, Duration took) { Visit::begin(backend(name), now)->answered(now, took, true); }
  Candidates candidates(const Admission* only = nullptr) { return Candidates(steps, backends, ask, only); }

  // Who would be tried, with the reasons, if each failed like that.
  std::string order(Spill why = Spill::failed) {
    std::string told;
    auto all = candidates();
    while (auto candidate = all.next(now)) {
      told += candidate->deployment->name + "(" + std::string(candidate->route_reason) + ") ";
      all.note(why);
    }
    return told;
  }
};

TEST(Candidates, GoStepByStep) {
  Route route;
  route.steps = {{route.choice("ptu")}, {route.choice("payg")}};
  EXPECT_EQ(route.order(Spill::throttled), "ptu(primary) payg(spill:429) ");
}

// Reserved capacity: 100 tokens a second.
RouteChoice reserved(Route& route, const std::string& name) {
  const RouteChoice choice = route.choice(name);
  Deployment& deployment = *route.deployments.back();
  deployment.kind = DeploymentKind::ptu;
  deployment.units = 10;
  deployment.unit = {600, 4};
  deployment.queue = QueueRules{};
  route.fleet.use(deployment);
  route.now = Clock::now() + 1s;
  route.ask.load = PtuLoad{.answer_bound = 0};  // calls that weigh nothing
  return choice;
}

TEST(Candidates, LeaveReservedCapacityByClass) {
  Route route;
  route.steps = {{reserved(route, "ptu")}, {route.choice("payg")}};
  route.ask.traffic = TrafficClass::batch;
  EXPECT_EQ(route.order(), "ptu(primary) payg(spill:error) ");
  route.throttle("ptu", 0ms);  // now it is full, and takes calls
  route.now += 1s;
  EXPECT_EQ(route.order(), "payg(spill:full) ptu(spill:error) ");
  route.ask.traffic = TrafficClass::interactive;
  EXPECT_EQ(route.order(), "ptu(primary) payg(spill:error) ");
  const auto numbers = route.backend("ptu").numbers(route.now);
  EXPECT_EQ(numbers.ptu->spilled[static_cast<std::size_t>(TrafficClass::batch)], 1u);
  EXPECT_EQ(numbers.state, BreakerState::closed);
}

TEST(Candidates, GoIntoFullReservedCapacityWhenNobodyElseCan) {
  Route route;
  route.steps = {{reserved(route, "ptu")}, {route.choice("payg")}};
  route.ask.traffic = TrafficClass::batch;
  route.throttle("ptu", 0ms);
  route.break_down("payg");
  route.now += 1s;
  route.break_down("payg");
  EXPECT_EQ(route.order(), "ptu(primary) ");
}

TEST(Candidates, ReservedCapacityThatSaidUntilWhenTakesNobodyBefore) {
  Route route;
  route.steps = {{reserved(route, "ptu")}};
  route.throttle("ptu", 700ms);
  EXPECT_EQ(route.order(), "");
  const auto opening = route.candidates().opens_first(route.now);
  EXPECT_EQ(opening.at, route.now + 700ms);
  EXPECT_EQ(opening.why, Closed::throttled);
}

TEST(Candidates, WaitForReservedCapacityOnlyWhenTheOtherIsPaidByTheToken) {
  Route route;
  route.steps = {{reserved(route, "ptu")}, {route.choice("payg")}};
  EXPECT_EQ(route.candidates().worth_waiting_for(route.now), nullptr);
  route.throttle("ptu", 200ms);
  EXPECT_EQ(route.candidates().worth_waiting_for(route.now), &route.backend("ptu"));
  Route two;
  two.steps = {{reserved(two, "ptu")}, {reserved(two, "other")}, {two.choice("payg")}};
  two.throttle("ptu", 200ms);
  EXPECT_EQ(two.candidates().worth_waiting_for(two.now), nullptr);
}

TEST(Candidates, ATurnThatHasComeIsTaken) {
  Route route;
  route.steps = {{reserved(route, "ptu")}, {route.choice("payg")}};
  route.ask.traffic = TrafficClass::interactive;
  route.throttle("ptu", 200ms);
  Turn turn(route.backend("ptu")), next(route.backend("ptu"));
  ASSERT_TRUE(turn.ask(route.ask, no_deadline, route.now));
  ASSERT_TRUE(next.ask(route.ask, no_deadline, route.now));
  route.now += 5s;
  EXPECT_FALSE(turn.ask(route.ask, no_deadline, route.now));
  ASSERT_TRUE(turn.has_come());
  auto candidates = route.candidates();
  candidates.take_turn_at(route.backend("ptu"));
  EXPECT_EQ(candidates.next(route.now)->deployment->name, "ptu");
  EXPECT_EQ(route.candidates().next(route.now)->deployment->name, "payg");  // one that did not wait, and somebody does
}

TEST(Candidates, NobodyOvertakesThoseWhoWait) {
  Route route;
  route.steps = {{reserved(route, "ptu")}};
  route.ask.traffic = TrafficClass::interactive;
  route.throttle("ptu", 200ms);
  route.ask.load = PtuLoad{.prompt = 10, .answer_bound = 0};
  Turn turn(route.backend("ptu"));
  ASSERT_TRUE(turn.ask(route.ask, no_deadline, route.now));
  route.now += 201ms;  // it may be asked again
  EXPECT_EQ(route.order(), "");
  const auto opening = route.candidates().opens_first(route.now);
  ASSERT_NE(opening.deployment, nullptr);
  EXPECT_EQ(opening.why, Closed::throttled);
  EXPECT_GE(opening.at, route.now + 90ms);
  EXPECT_EQ(route.backend("ptu").numbers(route.now).ptu->spilled[0], 0u) << "it went nowhere";
}

TEST(Candidates, OnlyCallsWithALoadChargeReservedCapacity) {
  Route route;
  route.steps = {{reserved(route, "ptu")}};
  const auto call = [&] {
    auto visit = Visit::begin(route.backend("ptu"), route.now, route.ask);
    visit->answered(route.now, 1ms, false);
    Usage usage;
    usage.prompt_tokens = usage.completion_tokens = 5000;
    usage.is_reported = true;
    visit->ended(route.now, usage, true);
  };
  const auto predicted = [&] { return route.backend("ptu").numbers(route.now).ptu->predicted; };
  route.ask.load.reset();
  call();
  EXPECT_EQ(predicted(), 0);
  route.ask.load = PtuLoad{.prompt = 5000};
  call();
  EXPECT_GT(predicted(), 1);
}

TEST(Candidates, LimitsOnTokensDoNotHoldBackWhatTakesNone) {
  Route route;
  route.steps = {{reserved(route, "ptu")}};
  Route by_the_token;
  by_the_token.steps = {{by_the_token.choice("payg")}};
  for (Route* r : {&route, &by_the_token}) {
    const std::string name = r->deployments.front()->name;
    r->throttle(name, 700ms);
    EXPECT_EQ(r->order(), "");
    r->ask.uses_model = false;
    r->ask.load.reset();
    EXPECT_EQ(r->order(), name + "(primary) ");
    EXPECT_EQ(r->order(), name + "(primary) ") << "it was no probe";
  }
}

TEST(Candidates, WhatPassesALimitByDoesNotShortenTheNext) {
  Route route;
  route.steps = {{route.choice("a")}};
  route.throttle("a", -1ms);  // a second
  Ask files;
  files.uses_model = false;
  Visit::begin(route.backend("a"), route.now, files)->answered(route.now, 1ms, false);
  route.now += 1s;
  route.throttle("a", -1ms);
  route.now += 1s;
  EXPECT_EQ(route.order(), "") << "the second limit in a row lasts twice as long";
}

TEST(Candidates, FailuresHoldBackWhatTakesNoTokensToo) {
  Route route;
  route.steps = {{route.choice("a")}};
  route.ask.uses_model = false;
  route.break_down("a");
  EXPECT_EQ(route.order(), "");
}

TEST(Candidates, HowQuickAModelIsStoredObjectsDoNotTell) {
  Route route;
  route.steps = {{route.choice("a")}};
  Ask files;
  files.uses_model = false;
  Visit::begin(route.backend("a"), route.now, route.ask)->answered(route.now, 2s, false);
  for (int i = 0; i < 20; ++i) {
    Visit::begin(route.backend("a"), route.now, files)->answered(route.now, 1ms, false);
    Visit::begin(route.backend("a"), route.now, files, 0.1)->failed(route.now, Result::failed, 50s);
  }
  EXPECT_DOUBLE_EQ(route.backend("a").look(route.ask, 1, route.now + 1h).seconds, 2.0);
}

TEST(Candidates, ALimitOnStoredObjectsIsNotTheModels) {
  Route route;
  route.steps = {{route.choice("a")}};
  route.ask.uses_model = false;
  route.throttle("a", 700ms);
  route.ask.uses_model = true;
  EXPECT_EQ(route.order(), "a(primary) ");
}

TEST(Candidates, TellWhyTheyGoOn) {
  Route route;
  route.steps = {{route.choice("a")}, {route.choice("b")}};
  EXPECT_EQ(route.order(Spill::timeout), "a(primary) b(spill:timeout) ");
  EXPECT_EQ(route.order(Spill::unreachable), "a(primary) b(spill:connect) ");
}

TEST(Candidates, PassOverThoseThatAreClosed) {
  Route route;
  route.steps = {{route.choice("ptu")}, {route.choice("payg")}};
  route.throttle("ptu", 500ms);
  EXPECT_EQ(route.order(), "payg(spill:429) ");
  route.now += 500ms;
  route.answer("ptu", 1ms);
  route.break_down("ptu");
  EXPECT_EQ(route.order(), "payg(spill:open) ");
}

TEST(Candidates, AnotherOfTheFirstStepIsNoSpill) {
  Route route;
  route.steps = {{route.choice("a"), route.choice("b")}};
  route.break_down("a");
  EXPECT_EQ(route.order(), "b(primary) ");
}

TEST(Candidates, TellWhoOpensFirst) {
  Route route;
  route.steps = {{route.choice("a"), route.choice("b")}, {route.choice("c")}};
  route.throttle("a", 900ms);
  route.throttle("b", 300ms);
  route.break_down("c");
  auto candidates = route.candidates();
  EXPECT_FALSE(candidates.next(route.now));
  const auto opening = candidates.opens_first(route.now);
  EXPECT_EQ(opening.deployment->name, "b");
  EXPECT_EQ(opening.at, route.now + 300ms);
  EXPECT_EQ(opening.why, Closed::throttled);
}

TEST(Candidates, OnlyTheAdmittedAreAsked) {
  struct NotA : Admission {
    bool may_serve(const Deployment& deployment) const override { return deployment.name != "a"; }
  } not_a;
  Route route;
  route.steps = {{route.choice("a")}, {route.choice("b")}};
  auto candidates = route.candidates(&not_a);
  EXPECT_EQ(candidates.next(route.now)->deployment->name, "b");
  EXPECT_FALSE(candidates.next(route.now));
  EXPECT_TRUE(candidates.is_any_admitted());
}

TEST(Candidates, EqualsShareByWeight) {
  Route route;
  route.steps = {{route.choice("three", 3), route.choice("one", 1)}};
  std::map<std::string, int> count;
  for (int i = 0; i < 4000; ++i) {
    auto candidates = route.candidates();
    ++count[candidates.next(route.now)->deployment->name];
  }
  EXPECT_NEAR(count["three"], 3000, 150);
}

TEST(Candidates, AvoidTheSlowAndTheBusy) {
  Route route;
  route.ask.is_stream = true;
  route.steps = {{route.choice("slow"), route.choice("quick")}};
  route.answer("slow", 900ms);
  route.answer("quick", 100ms);
  std::map<std::string, int> count;
  for (int i = 0; i < 200; ++i) {
    auto candidates = route.candidates();
    ++count[candidates.next(route.now)->deployment->name];
  }
  EXPECT_EQ(count["quick"], 200);
  // Twenty calls under way make the quick one the slower one.
  std::vector<Visit> busy;
  for (int i = 0; i < 20; ++i) busy.push_back(std::move(*Visit::begin(route.backend("quick"), route.now)));
  count.clear();
  for (int i = 0; i < 200; ++i) {
    auto candidates = route.candidates();
    ++count[candidates.next(route.now)->deployment->name];
  }
  EXPECT_EQ(count["slow"], 200);
}

// Calls that end; so long a first token takes.
struct Traffic {
  Route& route;
  std::map<std::string, std::function<Duration()>> first_token;
  std::map<std::string, int> count;

  void run(int calls, Duration period) {
    struct Call {
      TimePoint ends;
      Duration took;
      std::unique_ptr<Candidate> candidate;
    };
    std::vector<Call> calls_under_way;
    const auto end_those_due = [&] {
      std::erase_if(calls_under_way, [&](Call& call) {
        if (call.ends > route.now) return false;
        call.candidate->visit.answered(call.ends, call.took, true);
        return true;
      });
    };
    for (int i = 0; i < calls; ++i) {
      route.now += period;
      end_those_due();
      auto candidates = route.candidates();
      auto candidate = std::make_unique<Candidate>(std::move(*candidates.next(route.now)));
      const std::string name = candidate->deployment->name;
      ++count[name];
      const Duration took = first_token.at(name)();
      calls_under_way.push_back({route.now + took, took, std::move(candidate)});
    }
  }
};

TEST(Candidates, EqualsShareByWeightHoweverSeldomTheyAreCalled) {
  for (const Duration period : {Duration(100ms), Duration(1s), Duration(5s), Duration(90s)}) {
    Route route;
    route.ask.is_stream = true;
    route.steps = {{route.choice("nine", 9), route.choice("one", 1)}};
    Traffic traffic{route, {{"nine", [] { return 300ms; }}, {"one", [] { return 300ms; }}}, {}};
    traffic.run(3000, period);
    EXPECT_NEAR(traffic.count["one"], 300, 100) << std::chrono::duration<double>(period).count();
  }
}

TEST(Candidates, EqualsShareByWeightThoughNoTwoAnswersTakeTheSame) {
  for (const Duration period : {Duration(20ms), Duration(100ms), Duration(1s), Duration(5s)}) {
    Route route;
    route.ask.is_stream = true;
    route.steps = {{route.choice("nine", 9), route.choice("one", 1)}};
    std::minstd_rand source(1);
    std::lognormal_distribution<double> seconds(-1.2, 0.5);
    const auto some_time = [&] { return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds(source))); };
    Traffic traffic{route, {{"nine", some_time}, {"one", some_time}}, {}};
    traffic.run(5000, period);
    EXPECT_GT(traffic.count["one"], 250) << std::chrono::duration<double>(period).count();
    EXPECT_LT(traffic.count["one"], 1000) << std::chrono::duration<double>(period).count();
  }
}

TEST(Candidates, ANewcomerIsTriedWithFewCallsAtATime) {
  Route route;
  route.ask.is_stream = true;
  route.steps = {{route.choice("known", 10), route.choice("new", 1)}};
  route.answer("known", 200ms);
  Traffic traffic{route, {{"known", [] { return 200ms; }}, {"new", [] { return 3s; }}}, {}};
  traffic.run(30, 50ms);
  EXPECT_LE(traffic.count["new"], 4);
}

TEST(Candidates, OfUnknownsTheIdleOneIsTaken) {
  Route route;
  route.steps = {{route.choice("a"), route.choice("b")}};
  auto first = Visit::begin(route.backend("a"), route.now), second = Visit::begin(route.backend("a"), route.now);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(route.candidates().next(route.now)->deployment->name, "b");
}

TEST(Candidates, TimeOutsAreSlowAnswersToo) {
  Route route;
  route.ask.is_stream = true;
  route.steps = {{route.choice("steady"), route.choice("moody")}};
  for (const auto& deployment : route.deployments) {
    deployment->breaker.consecutive = 1000;
    deployment->breaker.least_calls = 1000;
    route.fleet.use(*deployment);
  }
  std::map<std::string, int> count;
  for (int i = 0; i < 60; ++i) {
    route.now += 500ms;
    auto candidate = std::move(*route.candidates().next(route.now));
    const bool is_steady = candidate.deployment->name == "steady";
    const int nth = ++count[candidate.deployment->name];
    if (is_steady) candidate.visit.answered(route.now, 200ms, true);
    else if (nth % 3 == 1) candidate.visit.answered(route.now, 100ms, true);
    else candidate.visit.failed(route.now, Result::timeout, 1s);
  }
  EXPECT_LT(count["moody"], 16);
}

TEST(Candidates, WhoWasSlowIsTriedAgainAfterAMinute) {
  Route route;
  route.ask.is_stream = true;
  route.steps = {{route.choice("slow"), route.choice("quick")}};
  for (int i = 0; i < 8; ++i) {
    route.answer("slow", 2s);
    route.answer("quick", 100ms);
  }
  Traffic traffic{route, {{"slow", [] { return 100ms; }}, {"quick", [] { return 100ms; }}}, {}};
  traffic.run(300, 100ms);
  EXPECT_EQ(traffic.count["slow"], 0);
  traffic.run(600, 100ms);
  EXPECT_GT(traffic.count["slow"], 50);
}

TEST(Candidates, WhomNobodyWaitedForIsSlow) {
  Route route;
  route.ask.is_stream = true;
  route.steps = {{route.choice("slow"), route.choice("quick")}};
  for (const char* name : {"slow", "quick"}) {
    for (int i = 0; i < 8; ++i) route.answer(name, 50ms);
  }
  for (int i = 0; i < 10; ++i) Visit::begin(route.backend("slow"), route.now, route.ask, 0.05)->given_up(route.now, 100ms);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(route.candidates().next(route.now)->deployment->name, "quick");
}

TEST(Candidates, PromptsThatBeginAlikeGoToTheSameOne) {
  Route route;
  route.steps = {{route.choice("a"), route.choice("b"), route.choice("c")}};
  std::map<std::string, int> homes;
  for (std::uint64_t prefix = 1; prefix <= 300; ++prefix) {
    route.ask.prefix_hash = prefix * 7919;
    auto first = route.candidates();
    const std::string home = first.next(route.now)->deployment->name;
    ++homes[home];
    for (int i = 0; i < 3; ++i) {
      auto again = route.candidates();
      EXPECT_EQ(again.next(route.now)->deployment->name, home);
    }
  }
  for (const char* name : {"a", "b", "c"}) EXPECT_GT(homes[name], 60);
}

TEST(Candidates, APrefixLeavesAHomeThatIsMuchSlower) {
  Route route;
  route.ask.is_stream = true;
  route.steps = {{route.choice("a"), route.choice("b")}};
  route.ask.prefix_hash = 42;
  auto first = route.candidates();
  const std::string home = first.next(route.now)->deployment->name;
  const std::string other = home == "a" ? "b" : "a";
  route.answer(home, 2s);
  route.answer(other, 100ms);
  auto again = route.candidates();
  EXPECT_EQ(again.next(route.now)->deployment->name, other);
}

TEST(Fleet, KeepsWhatItKnowsOverAReload) {
  Fleet fleet;
  Deployment deployment;
  deployment.name = "a";
  deployment.endpoint.authority = "a.example";
  Backend& before = fleet.use(deployment);
  Deployment again = deployment;
  EXPECT_EQ(&fleet.use(again), &before);
  again.endpoint.authority = "b.example";
  EXPECT_NE(&fleet.use(again), &before) << "another endpoint is another deployment";
}

TEST(RetryBudget, StopsWhenEverythingFails) {
  RetryBudget budget;
  int retries = 0;
  for (int request = 0; request < 1000; ++request) retries += budget.spend() ? 1 : 0;
  EXPECT_EQ(retries, 10) << "1.01 calls a request";
}

TEST(RetryBudget, LastsWhileOthersServe) {
  RetryBudget budget;
  for (int request = 0; request < 1000; ++request) {
    if (request % 3 == 0) {
      EXPECT_TRUE(budget.spend()) << request;
    }
    budget.on_success();
  }
}

TEST(HedgeMoney, KeepsToItsShare) {
  HedgeMoney money;
  int second = 0;
  for (int i = 0; i < 1000; ++i) {
    money.on_first(100, 5);
    if (money.take(100)) ++second;
  }
  EXPECT_NEAR(second, 52, 2);
}

TEST(HedgeMoney, PutsByNoMoreThanAHundredCallsEarn) {
  HedgeMoney money;
  for (int i = 0; i < 100'000; ++i) money.on_first(100, 5);
  int second = 0;
  while (money.take(100)) ++second;
  EXPECT_EQ(second, 5);
}

TEST(HedgeMoney, EarnsADearSecondCallAfterwards) {
  HedgeMoney money;
  for (int i = 0; i < 200; ++i) money.on_first(100, 5);
  EXPECT_TRUE(money.take(1'000));  // of the 500 that are there
  EXPECT_FALSE(money.take(1));
  for (int i = 0; i < 100; ++i) money.on_first(100, 5);
  EXPECT_FALSE(money.take(1)) << "it is paid for, no more";
  money.on_first(100, 5);
  EXPECT_TRUE(money.take(1));
}

TEST(HedgeMoney, IsNeverSpentTwice) {
  HedgeMoney money;
  for (int i = 0; i < 1000; ++i) money.on_first(100, 50);
  std::atomic<int> second{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) second += money.take(100) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(second.load(), 50);
}

TEST(HedgeMoney, TakesBackWhatWasNotNeeded) {
  HedgeMoney money;
  for (int i = 0; i < 20; ++i) money.on_first(100, 5);
  EXPECT_TRUE(money.take(100));
  EXPECT_FALSE(money.take(100));
  money.give_back(100);
  EXPECT_TRUE(money.take(100));
}

TEST(FirstTokens, KnowTheirPercentiles) {
  FirstTokens tokens;
  EXPECT_EQ(tokens.percentile(95), Duration::zero());
  for (int i = 1; i <= 100; ++i) tokens.see(std::chrono::milliseconds(i));
  EXPECT_NEAR(std::chrono::duration<double>(tokens.percentile(95)).count(), 0.095, 0.02);
  EXPECT_NEAR(std::chrono::duration<double>(tokens.percentile(50)).count(), 0.05, 0.011);
}

TEST(LatencyAverage, GoesByCallsAndFadesWithTime) {
  LatencyAverage average;
  TimePoint now{100s};
  EXPECT_EQ(average.confidence(now), 0);
  average.see(100ms, now);
  EXPECT_DOUBLE_EQ(average.seconds(), 0.1);
  EXPECT_DOUBLE_EQ(average.confidence(now), 0.5);
  average.see(300ms, now);
  EXPECT_DOUBLE_EQ(average.seconds(), 0.2);
  EXPECT_DOUBLE_EQ(average.confidence(now + 30s), 0.5);
  for (int i = 0; i < 60; ++i) average.see(600ms, now);
  EXPECT_NEAR(average.seconds(), 0.6, 0.001);
  EXPECT_EQ(average.confidence(now + 61s), 0);
  average.see(900ms, now + 61s);
  EXPECT_DOUBLE_EQ(average.seconds(), 0.9) << "what was known before says nothing any more";
}

TEST(LatencyAverage, IsUpAtOnceWithAPeakAndComesDownSlowly) {
  LatencyAverage average;
  TimePoint now{100s};
  for (int i = 0; i < 20; ++i) average.see(100ms, now);
  average.see(2s, now);
  EXPECT_DOUBLE_EQ(average.seconds(), 2.0);
  average.see(100ms, now);
  EXPECT_DOUBLE_EQ(average.seconds(), 2.0 - 1.9 / 8);
  for (int i = 0; i < 40; ++i) average.see(100ms, now);
  EXPECT_NEAR(average.seconds(), 0.1, 0.01);
}

TEST(LatencyAverage, IsRaisedByWhoDidNotAnswerAndNeverLowered) {
  LatencyAverage average;
  TimePoint now{100s};
  average.see_at_least(10ms, 0, now);
  EXPECT_EQ(average.seconds(), 0) << "nothing is known that it could be slower than";
  average.see(100ms, now);
  average.see_at_least(50ms, 0.1, now);
  EXPECT_DOUBLE_EQ(average.seconds(), 0.1);
  average.see_at_least(300ms, 0.1, now);
  EXPECT_DOUBLE_EQ(average.seconds(), 0.2);
  average.see_at_least(120ms, 0.1, now);
  EXPECT_DOUBLE_EQ(average.seconds(), 0.2) << "others have been seen to be slower since";
}

TEST(Backend, TokensThatWereNotWaitedForAreLateOnes) {
  Deployment deployment;
  deployment.name = "a";
  Backend backend(deployment);
  const auto now = Clock::now();
  Ask stream;
  stream.is_stream = true;
  for (int i = 0; i < 20; ++i) Visit::begin(backend, now, stream)->answered(now, 50ms, true);
  EXPECT_LT(backend.first_token_percentile(95), 70ms);
  for (int i = 0; i < 3; ++i) Visit::begin(backend, now, stream, 0.05)->given_up(now, 150ms);
  EXPECT_GT(backend.first_token_percentile(95), 140ms);
}

TEST(Backend, CountsACallOnceByItsEnd) {
  Deployment deployment;
  deployment.name = "a";
  Backend backend(deployment);
  const auto now = Clock::now();
  const auto counted = [&](Result result) { return backend.numbers(now).results[static_cast<std::size_t>(result)]; };
  const auto stream = [&] {
    auto visit = std::move(*Visit::begin(backend, now));
    visit.answered(now, 1ms, true);
    return visit;
  };
  {
    auto visit = stream();
    EXPECT_EQ(counted(Result::good), 0u) << "it has only begun";
    visit.ended(now, {}, true);
  }
  EXPECT_EQ(counted(Result::good), 1u);
  {
    auto visit = stream();
    visit.broke_off(now, Result::timeout);
    visit.ended(now, {}, false);
  }
  EXPECT_EQ(counted(Result::timeout), 1u);
  EXPECT_EQ(counted(Result::good), 1u);
  stream().ended(now, {}, false);  // the client left, or a guard ended it
  EXPECT_EQ(counted(Result::good), 2u);
  EXPECT_EQ(counted(Result::abandoned), 0u);
}

TEST(Backend, CountsFromManyThreads) {
  Deployment deployment;
  deployment.name = "a";
  Backend backend(deployment);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const auto now = Clock::now();
        backend.look(Ask(), 1, now);
        if (auto visit = Visit::begin(backend, now)) visit->answered(now, 1ms, i % 2 == 0);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const auto numbers = backend.numbers(Clock::now());
  EXPECT_EQ(numbers.in_flight, 0);
  EXPECT_EQ(numbers.results[static_cast<std::size_t>(Result::good)], 8000u);
}

}  // namespace
}  // namespace tollgate::balancer
