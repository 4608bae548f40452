// How long the local decision takes: reserve and settle over the usual four pots, by one thread and by
// eight threads that share the pots of one subscription.
#include "limits/reservation.hpp"

#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

using namespace tollgate;
using namespace tollgate::limits;

constexpr std::int64_t start = 1'795'444'200'000;

SpendRule rule_of(const char* name, Measure measure, WindowKind kind) {
  SpendRule rule;
  rule.name = name;
  rule.measure = measure;
  rule.window.kind = kind;
  rule.amount = 1'000'000'000'000'000;
  return rule;
}

struct Pots {
  SpendRule rules[4] = {rule_of("requests", Measure::requests, WindowKind::sliding),
                        rule_of("tokens", Measure::tokens, WindowKind::sliding),
                        rule_of("concurrent", Measure::concurrent, WindowKind::sliding),
                        rule_of("money", Measure::money, WindowKind::month)};
  Pot pots[4] = {{"requests", rules[0], 0}, {"tokens", rules[1], 1}, {"concurrent", rules[2], 2}, {"money", rules[3], 3}};
};

void decide(Pots& all, int rounds) {
  Need need;
  need.prompt_tokens = 250;
  need.answer_least = need.answer_modest = need.answer_wish = 200;
  need.prompt_cost = 625'000;
  need.answer_rate = 10'000'000;
  Spent spent;
  spent.tokens = 380;
  spent.cost = 2'000'000;
  std::int64_t booked = 0;
  for (int i = 0; i < rounds; ++i) {
    Reservation reservation;
    reservation.expect(4);
    for (int p = 0; p < 4; ++p) {
      Claim claim;
      claim.pot = &all.pots[p];
      claim.rule = &all.rules[p];
      reservation.add(std::move(claim));
    }
    const std::int64_t now = start + i / 100;
    if (reservation.reserve(need, now).rule) std::abort();
    reservation.settle(spent, now, [&](auto&&, auto&&, std::int64_t, std::int64_t amount) { booked += amount; }, [](auto&&...) {});
  }
  if (booked == 0) std::abort();
}

double nanoseconds_a_decision(int threads, int rounds) {
  Pots all;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) running.emplace_back([&] { decide(all, rounds); });
  for (auto& thread : running) thread.join();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  return took.count() / (static_cast<double>(threads) * rounds);
}

}  // namespace

int main() {
  constexpr int rounds = 2'000'000;
  nanoseconds_a_decision(1, rounds / 10);
  std::printf("reserve and settle over four pots: %.0f ns, one thread\n", nanoseconds_a_decision(1, rounds));
  std::printf("the same, eight threads on the same pots: %.0f ns of wall time each, all threads together\n",
              nanoseconds_a_decision(8, rounds / 4));
}
