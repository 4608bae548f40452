// The model and the lines on simulated traffic (ptu_simulation.hpp). tests/bench/ptu prints the same as tables.
#include "ptu_simulation.hpp"

#include <gtest/gtest.h>

namespace tollgate::balancer::simulation {
namespace {

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double share_within(const std::vector<double>& values, double most) {
  return static_cast<double>(std::count_if(values.begin(), values.end(), [&](double v) { return v <= most; })) /
         static_cast<double>(std::max<std::size_t>(1, values.size()));
}

std::string told(const Setup& s) {
  return "believed " + std::to_string(s.believed) + " window " + std::to_string(s.window) + " seed " + std::to_string(s.seed);
}

TEST(PtuSimulation, PredictsWithinFivePointsWhateverTheConfigurationBelieved) {
  for (const double believed : {0.5, 0.7, 1.0, 1.4, 2.0}) {
    for (const std::int64_t window : {30, 60, 120}) {
      simulation::Setup setup;
      setup.believed = believed;
      setup.window = window;
      const Outcome out = simulate(setup);
      SCOPED_TRACE(told(setup));
      EXPECT_LT(mean(out.errors), 4);
      EXPECT_GT(share_within(out.errors, 5), window >= 60 ? 0.85 : 0.75);
      EXPECT_NEAR(out.rate, 1, 0.02);
    }
  }
}

// Where one call is a twentieth of the bucket, what is under way is never known that well.
TEST(PtuSimulation, PredictsASmallWindowOnAverage) {
  simulation::Setup setup;
  setup.window = 10;
  const Outcome out = simulate(setup);
  EXPECT_LT(mean(out.errors), 6);
  EXPECT_NEAR(out.rate, 1, 0.05);
}

TEST(PtuSimulation, WithReportsItIsCloser) {
  for (const double believed : {0.5, 2.0}) {
    simulation::Setup setup;
    setup.believed = believed;
    setup.load = 0.8;
    setup.has_header = true;
    EXPECT_LT(mean(simulate(setup).errors), 1);
  }
}

TEST(PtuSimulation, KeepsTheUnitsBusyWithAFewRefusals) {
  simulation::Setup setup;
  setup.way = Way::naive;
  const Outcome naive = simulate(setup);
  setup.way = Way::breaker;
  const Outcome breaker = simulate(setup);
  setup.way = Way::model;
  const Outcome model = simulate(setup);
  setup.load = 0.8;
  const Outcome calm = simulate(setup);

  EXPECT_GT(model.busy, 0.97);
  EXPECT_NEAR(model.busy, naive.busy, 0.03);
  EXPECT_LT(model.all_refused(), naive.all_refused() / 5);
  EXPECT_LT(model.all_refused(), breaker.all_refused() / 5);
  EXPECT_LT(percentile(model.first_tokens, 0.95), 1.1 * percentile(calm.first_tokens, 0.95));
  const auto share = [&](std::size_t k) { return static_cast<double>(model.on_ptu[k]) / model.calls[k]; };
  EXPECT_GT(share(0), 0.97);
  EXPECT_GT(share(1), 0.85);
  EXPECT_LT(share(2), 0.75);
  EXPECT_EQ(calm.held_back[0] + calm.held_back[1] + calm.held_back[2], 0);
}

TEST(PtuSimulation, DoesWithoutAdviceAndWithPauses) {
  simulation::Setup setup;
  setup.has_advice = false;
  EXPECT_LT(mean(simulate(setup).errors), 4);
  setup.has_advice = true;
  setup.pause_every = 300;
  setup.pause = 120;
  setup.believed = 0.5;
  EXPECT_LT(mean(simulate(setup).errors), 5);
}

TEST(PtuSimulation, FollowsOthersOnTheSameUnits) {
  simulation::Setup setup;
  setup.load = 0.8;
  setup.others = 0.4;
  const Outcome out = simulate(setup);
  EXPECT_NEAR(out.rate, 0.6, 0.08);
  EXPECT_GT(out.busy, 0.95);
  EXPECT_LT(out.all_refused(), 100);
}

}  // namespace
}  // namespace tollgate::balancer::simulation
