#include "limits/reservation.hpp"

#include "rules.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

namespace tollgate::limits::reservation_test {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t start = 1'795'444'200'000;

Claim claim_on(Pot& pot, const SpendRule& rule) {
  Claim claim;
  claim.is_enforced = !rule.is_audit_only;
  claim.pot = &pot;
  claim.rule = &rule;
  return claim;
}

Need need_of(std::int64_t prompt, std::int64_t least, std::int64_t wish) {
  Need need;
  need.prompt_tokens = prompt;
  need.answer_least = least;
  need.answer_modest = wish;
  need.answer_wish = wish;
  return need;
}

Spent spent_of(std::int64_t tokens, std::int64_t cost = 0) {
  Spent spent;
  spent.tokens = tokens;
  spent.cost = cost;
  return spent;
}

constexpr auto no_book = [](auto&&...) {};

struct Hour {
  SpendRule rule;
  Pot pot;
  explicit Hour(std::int64_t tokens) : rule(budget_rule(Measure::tokens, tokens, WindowKind::hour)), pot("hour", rule, 1) {}
};

TEST(Reservation, GivesBackWhatWasNotUsed) {
  Hour hour(1000);
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(reservation.reserve(need_of(100, 50, 500), start).rule, nullptr);
  EXPECT_EQ(reservation.granted_answer(), 500);
  EXPECT_EQ(hour.pot.use(), 600);
  std::int64_t booked = 0;
  reservation.settle(spent_of(130), start, [&](const Pot&, const SpendRule&, std::int64_t, std::int64_t amount) { booked += amount; }, no_book);
  EXPECT_EQ(hour.pot.use(), 130);
  EXPECT_EQ(booked, 130);
}

TEST(Reservation, IsCorrectedAfterItWasSettledAndTellsTheDifference) {
  Hour hour(1000);
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(reservation.reserve(need_of(100, 50, 500), start).rule, nullptr);
  std::int64_t booked = 0;
  reservation.settle(spent_of(600), start, [&](const Pot&, const SpendRule&, std::int64_t, std::int64_t amount) { booked += amount; }, no_book);
  const auto change = [&](const Pot&, std::int64_t, std::int64_t amount) { booked += amount; };
  Reservation kept = std::move(reservation);
  kept.correct(spent_of(130), start + 1000, change);
  EXPECT_EQ(hour.pot.use(), 130);
  EXPECT_EQ(booked, 130);
  kept.correct(spent_of(700), start + 2000, change);
  EXPECT_EQ(hour.pot.use(), 700);
  EXPECT_EQ(booked, 700);
}

TEST(Reservation, LeavesAPeriodThatIsOverAsItIs) {
  Hour hour(1000);
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(reservation.reserve(need_of(100, 50, 500), start).rule, nullptr);
  reservation.settle(spent_of(600), start, no_book, no_book);
  constexpr std::int64_t later = start + 2 * 3'600'000;
  hour.pot.advance(later);
  std::int64_t change = 0;
  reservation.correct(spent_of(130), later, [&](const Pot&, std::int64_t slot_ms, std::int64_t amount) {
    EXPECT_LE(slot_ms, start);
    change += amount;
  });
  EXPECT_EQ(hour.pot.use(), 0);
  EXPECT_EQ(change, 130 - 600);
}

TEST(Reservation, MoreThanWasBookedBelongsToThePeriodInWhichItWasReserved) {
  Hour hour(1000);
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(reservation.reserve(need_of(100, 50, 500), start).rule, nullptr);
  reservation.settle(spent_of(130), start, no_book, no_book);
  constexpr std::int64_t later = start + 2 * 3'600'000;
  hour.pot.advance(later);
  std::int64_t change = 0;
  reservation.correct(spent_of(900), later, [&](const Pot&, std::int64_t slot_ms, std::int64_t amount) {
    EXPECT_LE(slot_ms, start);
    change += amount;
  });
  EXPECT_EQ(hour.pot.use(), 0);
  EXPECT_EQ(change, 900 - 130);
}

TEST(Reservation, ThatIsNeverSettledGivesAllBack) {
  Hour hour(1000);
  {
    Reservation reservation;
    reservation.add(claim_on(hour.pot, hour.rule));
    reservation.reserve(need_of(100, 50, 500), start);
  }
  EXPECT_EQ(hour.pot.use(), 0);
}

TEST(Reservation, CanGiveBackTokensAndStayACall) {
  Hour hour(1000);
  SpendRule calls = budget_rule(Measure::requests, 10, WindowKind::hour);
  Pot called("calls", calls, 2);
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  reservation.add(claim_on(called, calls));
  ASSERT_EQ(reservation.reserve(need_of(100, 50, 50), start).rule, nullptr);
  reservation.release_spending();
  EXPECT_EQ(hour.pot.use(), 0);
  EXPECT_EQ(called.use(), 1);
  reservation.settle(spent_of(0), start, no_book, no_book);
  EXPECT_EQ(hour.pot.use(), 0);
  EXPECT_EQ(called.use(), 1);
}

TEST(Reservation, TellsABudgetThatHasNothingLeft) {
  Hour hour(1000);
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(reservation.reserve(need_of(1, 0, 0), start).rule, nullptr);
  EXPECT_EQ(reservation.spent_budget(start).rule, nullptr);
  reservation.settle(spent_of(1200), start, no_book, no_book);
  const Refusal spent = reservation.spent_budget(start);
  EXPECT_EQ(spent.rule, &hour.rule);
  EXPECT_EQ(spent.used, 1200);
  EXPECT_GT(spent.wait_ms, 0);
}

TEST(Reservation, BooksIntoAllPotsOrNone) {
  Hour wide(1000), narrow(100);
  Reservation reservation;
  reservation.add(claim_on(wide.pot, wide.rule));
  reservation.add(claim_on(narrow.pot, narrow.rule));
  const Refusal refusal = reservation.reserve(need_of(101, 10, 10), start);
  EXPECT_EQ(refusal.rule, &narrow.rule);
  EXPECT_EQ(refusal.wait_ms, -1) << "the prompt alone is larger than the pot";
  EXPECT_EQ(wide.pot.use(), 0);
}

TEST(Reservation, WhoHasSpentNothingIsNotRefusedForWhatAnAnswerMightTake) {
  Hour hour(1000);
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(reservation.reserve(need_of(100, 4096, 16'384), start).rule, nullptr);
  EXPECT_EQ(reservation.granted_answer(), 900);
  EXPECT_TRUE(reservation.is_capped());
}

TEST(Reservation, GrantsWhatIsLeftButNotTooLittleToBeWorthWhile) {
  Hour hour(1000);
  Reservation first, second, third;
  for (auto* r : {&first, &second, &third}) r->add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(first.reserve(need_of(100, 100, 500), start).rule, nullptr);
  ASSERT_EQ(second.reserve(need_of(100, 100, 500), start).rule, nullptr);
  EXPECT_EQ(second.granted_answer(), 300);
  const Refusal refusal = third.reserve(need_of(100, 100, 500), start);
  EXPECT_EQ(refusal.rule, &hour.rule);
  EXPECT_EQ(refusal.wait_ms, 30 * 60'000);
}

TEST(Reservation, LongWishesLeaveRoomForOthers) {
  Hour hour(100'000);
  Need need = need_of(0, 100, 400);
  need.answer_wish = 16'000;
  Reservation first, second;
  first.add(claim_on(hour.pot, hour.rule));
  second.add(claim_on(hour.pot, hour.rule));
  first.reserve(need, start);
  EXPECT_EQ(first.granted_answer(), 12'500);
  second.reserve(need, start);
  EXPECT_EQ(second.granted_answer(), 10'937);
  hour.pot.book(75'000);
  Reservation late;
  late.add(claim_on(hour.pot, hour.rule));
  late.reserve(need, start);
  EXPECT_EQ(late.granted_answer(), 400) << "modest while it is crowded";
}

TEST(Reservation, TopsUpUntilThePotIsSpent) {
  Hour hour(1000);
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  reservation.reserve(need_of(100, 50, 50), start);
  EXPECT_EQ(reservation.top_up(800, start), 800);
  EXPECT_EQ(reservation.top_up(800, start), 50);
  EXPECT_EQ(reservation.top_up(800, start), 0);
  EXPECT_EQ(reservation.granted_answer(), 900);
  reservation.settle(spent_of(500), start, no_book, no_book);
  EXPECT_EQ(hour.pot.use(), 500);
}

TEST(Reservation, ARuleThatLetsAnswersFinishBooksTheExcess) {
  Hour hour(1000);
  hour.rule.at_limit = AtLimit::finish;
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(reservation.reserve(need_of(900, 50, 5000), start).rule, nullptr);
  EXPECT_FALSE(reservation.is_capped());
  EXPECT_EQ(hour.pot.use(), 950);
  reservation.settle(spent_of(3000), start, no_book, no_book);
  EXPECT_EQ(hour.pot.use(), 3000);
  EXPECT_EQ(hour.pot.room(), 0);
}

TEST(Reservation, AnAuditedRuleCountsAndNeverRefuses) {
  Hour hour(100);
  hour.rule.is_audit_only = true;
  Reservation reservation;
  reservation.add(claim_on(hour.pot, hour.rule));
  ASSERT_EQ(reservation.reserve(need_of(500, 50, 100), start).rule, nullptr);
  EXPECT_FALSE(reservation.is_capped());
  EXPECT_EQ(reservation.granted_answer(), 100);
  reservation.settle(spent_of(550), start, no_book, no_book);
  EXPECT_EQ(hour.pot.use(), 550);
}

TEST(Reservation, MoneyCapsTheAnswerToWhatCanBePaid) {
  SpendRule rule = budget_rule(Measure::money, 1'000'000, WindowKind::hour);  // a tenth of a cent
  Pot pot("money", rule, 1);
  Reservation reservation;
  reservation.add(claim_on(pot, rule));
  Need need = need_of(100, 10, 1000);
  need.prompt_cost = 250'000;
  need.answer_rate = 10'000'000;  // 10 dollars a million
  ASSERT_EQ(reservation.reserve(need, start).rule, nullptr);
  EXPECT_EQ(reservation.granted_answer(), 74) << "75 tokens, less what keeps rounding safe";
  EXPECT_LE(pot.use(), 1'000'000);
  reservation.settle(spent_of(174, 990'000), start, no_book, no_book);
  EXPECT_EQ(pot.use(), 990'000);
}

TEST(Reservation, ARequestThatReachedNoUpstreamIsNoRequest) {
  const SpendRule rule = sliding_rule(Measure::requests, 2, 1min);
  Pot pot("requests", rule, 1);
  Reservation reservation;
  reservation.add(claim_on(pot, rule));
  reservation.reserve(need_of(1, 1, 1), start);
  Spent nothing;
  nothing.is_request = false;
  reservation.settle(nothing, start, no_book, no_book);
  EXPECT_EQ(pot.use(), 0);
}

TEST(Reservation, TellsTheTightestLevels) {
  const SpendRule second = sliding_rule(Measure::requests, 10, 1s), minute = sliding_rule(Measure::requests, 100, 1min);
  Pot fast("fast", second, 1), slow("slow", minute, 2);
  slow.advance(start);
  slow.book(98);
  Reservation reservation;
  reservation.add(claim_on(fast, second));
  reservation.add(claim_on(slow, minute));
  reservation.reserve(need_of(1, 1, 1), start);
  EXPECT_EQ(reservation.requests().limit, 100);
  EXPECT_EQ(reservation.requests().remaining, 1);
  EXPECT_GT(reservation.requests().reset_ms, 60'000 - 1);
  EXPECT_EQ(reservation.tokens().limit, -1);
}

TEST(Reservation, NewSlotsOfATopUpLeaveTheWindowInTheirTime) {
  const SpendRule rule = sliding_rule(Measure::tokens, 1000, 64s);
  Pot pot("tokens", rule, 1);
  Reservation reservation;
  reservation.add(claim_on(pot, rule));
  reservation.reserve(need_of(100, 50, 50), start);
  reservation.top_up(100, start + 10'000);
  reservation.top_up(100, start + 20'000);
  std::vector<std::pair<std::int64_t, std::int64_t>> booked;
  reservation.settle(spent_of(320), start + 21'000,
                     [&](const Pot&, const SpendRule&, std::int64_t slot, std::int64_t amount) { booked.emplace_back(slot - start, amount); },
                     no_book);
  EXPECT_EQ(booked, (std::vector<std::pair<std::int64_t, std::int64_t>>{{0, 150}, {10'000, 100}, {20'000, 70}}));
}

// The promise: whatever races, what is settled never passes the limit.
TEST(Reservation, RacingRequestsNeverPassAnyLimit) {
  constexpr int threads = 8, requests_a_thread = 1500;
  constexpr std::int64_t limit = 400'000;
  const SpendRule tokens = budget_rule(Measure::tokens, limit, WindowKind::month);
  const SpendRule money = budget_rule(Measure::money, limit * 9'000, WindowKind::month);
  const SpendRule running = concurrent_rule(5);
  Pot token_pot("tokens", tokens, 1), money_pot("money", money, 2), running_pot("running", running, 3);
  std::atomic<std::int64_t> settled{0}, paid{0};
  std::atomic<int> now_running{0}, granted{0}, refused{0};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      for (int i = 0; i < requests_a_thread; ++i) {
        Reservation reservation;
        reservation.add(claim_on(token_pot, tokens));
        reservation.add(claim_on(money_pot, money));
        reservation.add(claim_on(running_pot, running));
        const auto prompt = static_cast<std::int64_t>(random() % 200);
        const auto least = static_cast<std::int64_t>(random() % 100 + 1);
        Need need = need_of(prompt, least, least + static_cast<std::int64_t>(random() % 300));
        need.prompt_cost = prompt * 2'500;
        need.answer_rate = 10'000'000;
        if (reservation.reserve(need, start).rule) {
          ++refused;
          continue;
        }
        ++granted;
        EXPECT_LE(++now_running, 5);
        std::int64_t room = reservation.granted_answer();
        std::int64_t answer = static_cast<std::int64_t>(random() % 1000);
        while (answer > room) {
          const std::int64_t more = reservation.top_up(64, start);
          room += more;
          if (more == 0) answer = room;  // ended at the cap
        }
        --now_running;
        if (random() % 5 == 0) continue;  // failed or blocked: given back
        const std::int64_t used = prompt + answer;
        const std::int64_t cost = prompt * 2'500 + answer * 10'000;
        settled += used;
        paid += cost;
        reservation.settle(spent_of(used, cost), start, no_book, no_book);
      }
    });
  }
  for (auto& thread : all) thread.join();
  EXPECT_LE(settled, limit);
  EXPECT_LE(paid, limit * 9'000);
  EXPECT_EQ(token_pot.use(), settled);
  EXPECT_EQ(money_pot.use(), paid);
  EXPECT_EQ(running_pot.use(), 0);
  EXPECT_GT(refused, 0);
  EXPECT_GT(settled, limit - 2'000) << "and what is there is given out";
}

}  // namespace
}  // namespace tollgate::limits::reservation_test
