#include "balancer/fair_queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace tollgate::balancer {
namespace {

struct Queue {
  FairQueue queue;
  std::deque<Waiter> waiters;

  Waiter& add(std::uint64_t flow, double tokens, std::size_t rank = 0) {
    Waiter& waiter = waiters.emplace_back();
    waiter.flow = flow;
    waiter.tokens = tokens;
    waiter.rank = rank;
    EXPECT_TRUE(queue.add(waiter, 100));
    return waiter;
  }
  // The flows in the order of their turns.
  std::string order() {
    std::string told;
    while (queue.size() > 0) {
      for (Waiter& waiter : waiters) {
        if (!waiter.is_queued || !queue.is_next(waiter)) continue;
        told += std::to_string(waiter.flow);
        queue.serve(waiter);
        break;
      }
    }
    return told;
  }
};

TEST(FairQueue, OneThatAsksForMuchDoesNotKeepOutTheOthers) {
  Queue q;
  for (int i = 0; i < 6; ++i) q.add(1, 100);
  q.add(2, 100);
  q.add(2, 100);
  EXPECT_EQ(q.order(), "12121111");
}

TEST(FairQueue, CountsTokensAndNotCalls) {
  Queue q;
  for (int i = 0; i < 2; ++i) q.add(1, 300);
  for (int i = 0; i < 6; ++i) q.add(2, 100);
  EXPECT_EQ(q.order(), "12221222");
}

TEST(FairQueue, ServesBetterClassesFirst) {
  Queue q;
  q.add(1, 100, 2);
  q.add(2, 100, 1);
  q.add(3, 100, 0);
  q.add(4, 100, 1);
  EXPECT_EQ(q.order(), "3241");
}

TEST(FairQueue, WhoLeavesHasTakenNothing) {
  Queue q;
  q.add(1, 100);
  Waiter& gone = q.add(1, 1000);
  q.queue.leave(gone);
  q.add(2, 100);
  q.add(1, 100);
  EXPECT_EQ(q.order(), "121");
  EXPECT_FALSE(gone.is_queued);
}

TEST(FairQueue, IsBounded) {
  FairQueue queue;
  Waiter a, b, c;
  EXPECT_TRUE(queue.add(a, 2));
  EXPECT_TRUE(queue.add(b, 2));
  EXPECT_FALSE(queue.add(c, 2));
  EXPECT_FALSE(c.is_queued);
  queue.leave(a);
  EXPECT_TRUE(queue.add(c, 2));
  EXPECT_EQ(queue.size(), 2u);
}

TEST(FairQueue, SaysWhatStandsBeforeACall) {
  Queue q;
  q.add(1, 100, 0);
  q.add(2, 200, 1);
  Waiter& last = q.add(3, 400, 2);
  EXPECT_EQ(q.queue.tokens_before(last), 300);
  Waiter newcomer;
  newcomer.rank = 1;
  EXPECT_EQ(q.queue.tokens_before(newcomer), 300);
  EXPECT_FALSE(q.queue.is_next(newcomer));
  q.queue.serve(q.waiters[0]);
  q.queue.serve(q.waiters[1]);
  EXPECT_TRUE(q.queue.is_next(newcomer));  // only a lower class waits
}

TEST(FairQueue, ForgetsWhenNobodyWaits) {
  Queue q;
  q.add(1, 1'000'000);
  q.add(2, 1);
  EXPECT_EQ(q.order(), "12");
  q.waiters.clear();
  q.add(1, 1);
  q.add(2, 1);
  EXPECT_EQ(q.order(), "12");
}

}  // namespace
}  // namespace tollgate::balancer
