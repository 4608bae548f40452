// Prints the tables of docs/ptu.md: three classes of traffic on reserved capacity, simulated
// (tests/unit/balancer/ptu_simulation.hpp), and what the model costs.
#include "balancer/ptu_simulation.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

using namespace tollgate::balancer;
using namespace tollgate::balancer::simulation;

namespace {

constexpr int seeds = 40;

double percent(double part, double all) { return all > 0 ? 100 * part / all : 0; }

struct Sum {
  Outcome all;
  double busy = 0;
  std::vector<double> slowest;  // the 95th percentile of each run's first tokens, interactive, ms
  void add(const Outcome& out) {
    for (std::size_t k = 0; k < classes; ++k) {
      all.calls[k] += out.calls[k];
      all.on_ptu[k] += out.on_ptu[k];
      all.refused[k] += out.refused[k];
      all.held_back[k] += out.held_back[k];
    }
    all.first_tokens.insert(all.first_tokens.end(), out.first_tokens.begin(), out.first_tokens.end());
    all.errors.insert(all.errors.end(), out.errors.begin(), out.errors.end());
    busy += out.busy / seeds;
    slowest.push_back(1000 * percentile(out.first_tokens, 0.95));
  }
};

Sum run(Setup setup) {
  Sum sum;
  for (int i = 1; i <= seeds; ++i) {
    setup.seed = static_cast<std::uint32_t>(i);
    sum.add(simulate(setup));
  }
  return sum;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

// With the standard error that the runs show.
std::string first_token(const Sum& sum) {
  const double middle = mean(sum.slowest);
  double squares = 0;
  for (const double value : sum.slowest) squares += (value - middle) * (value - middle);
  char text[64];
  std::snprintf(text, sizeof text, "%.0f ± %.0f ms", 1000 * percentile(sum.all.first_tokens, 0.95), std::sqrt(squares / (seeds - 1) / seeds));
  return text;
}

double within_five(const std::vector<double>& errors) {
  int count = 0;
  for (const double error : errors) count += error <= 5;
  return percent(count, static_cast<double>(errors.size()));
}

void compare() {
  std::puts("| load | way | calls | 429s | of calls | units busy | on units: interactive / standard / batch | TTFT p95, interactive |");
  std::puts("|---|---|---|---|---|---|---|---|");
  for (const double load : {0.8, 1.0, 1.2, 1.6}) {
    for (const Way way : {Way::naive, Way::breaker, Way::model}) {
      Setup setup;
      setup.load = load;
      setup.way = way;
      const Sum sum = run(setup);
      const Outcome& out = sum.all;
      const char* const name = way == Way::naive ? "try, then spill" : way == Way::breaker ? "follow retry-after" : "predict";
      std::printf("| %.0f %% | %s | %d | %d | %.2f %% | %.1f %% | %.0f / %.0f / %.0f %% | %s |\n", 100 * load, name, out.all_calls(),
                  out.all_refused(), percent(out.all_refused(), out.all_calls()), 100 * sum.busy, percent(out.on_ptu[0], out.calls[0]),
                  percent(out.on_ptu[1], out.calls[1]), percent(out.on_ptu[2], out.calls[2]), first_token(sum).c_str());
    }
  }
}

void predict() {
  std::puts("\n| believed rate | window | error: mean, p95 | within 5 points | the same with reports |");
  std::puts("|---|---|---|---|---|");
  for (const double believed : {0.5, 1.0, 2.0}) {
    for (const std::int64_t window : {10, 30, 60, 120}) {
      Setup setup;
      setup.believed = believed;
      setup.window = window;
      const auto errors = run(setup).all.errors;
      setup.has_header = true;
      const auto with_reports = run(setup).all.errors;
      std::printf("| %.1f of the truth | %d s | %.1f, %.1f | %.0f %% | %.0f %% |\n", believed, static_cast<int>(window), mean(errors),
                  percentile(errors, 0.95), within_five(errors), within_five(with_reports));
    }
  }
}

void choose_lines() {
  std::puts("\n| lines | load | on units: interactive / standard / batch | 429s | units busy | TTFT p95, interactive |");
  std::puts("|---|---|---|---|---|---|");
  for (const auto& lines : {std::array{1.0, 1.0, 1.0}, std::array{1.0, 0.97, 0.9}, std::array{1.0, 0.95, 0.8}, std::array{1.0, 0.9, 0.7}}) {
    for (const double load : {1.0, 1.2, 1.6}) {
      Setup setup;
      setup.lines = lines;
      setup.load = load;
      const Sum sum = run(setup);
      const Outcome& out = sum.all;
      std::printf("| %.0f, %.0f, %.0f %% | %.0f %% | %.0f / %.0f / %.0f %% | %d | %.1f %% | %s |\n", 100 * lines[0], 100 * lines[1],
                  100 * lines[2], 100 * load, percent(out.on_ptu[0], out.calls[0]), percent(out.on_ptu[1], out.calls[1]),
                  percent(out.on_ptu[2], out.calls[2]), out.all_refused(), 100 * sum.busy, first_token(sum).c_str());
    }
  }
}

void measure() {
  constexpr int rounds = 2'000'000;
  auto now = tollgate::TimePoint(std::chrono::hours(1000));
  PtuModel model(1'000'000, now);
  double sum = 0;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) {
    now += std::chrono::microseconds(900);
    sum += model.below(0.95, 0, now) <= now;
    const PtuCharge charge = model.admit(1000, now);
    model.accepted(charge, std::nullopt, now);
    model.settle(charge, 800, now);
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  std::printf("\nlook, admit, accept and settle: %.0f ns together; a model has %zu bytes, a call %zu (%.0f)\n", took.count() / rounds,
              sizeof(PtuModel), sizeof(PtuCharge), sum / rounds);
}

}  // namespace

int main() {
  compare();
  predict();
  choose_lines();
  measure();
}
