#include "net/group.hpp"

#include "base/branch.hpp"
#include "net/loop.hpp"

#include "tollgate/clock.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tollgate::net {
namespace {

class GroupTest : public testing::Test {
 protected:
  awaitable<void> walk(char name, int places) {
    told += name;
    for (int i = 0; i < places; ++i) {
      Regroup regroup(loop, bytes);
      co_await regroup;
      told += name;
    }
  }

  // One that is under way as another comes, so that there is company.
  void start(char name, int places) {
    branches.push_back(base::run(walk(name, places), results.emplace_back()));
    branches.back().start(nullptr);
  }

  void run() {
    loop.post([this] { loop.post([this] { loop.stop(); }); });
    loop.run();
  }

  // Until the first of somebody alone waits.
  void ask_until_one_waits() {
    for (int i = 0; i < 16; ++i) {
      start('.', 1);
      if (!branches.back().is_done()) return;
    }
    FAIL() << "nobody waits";
  }

  Loop loop;
  std::size_t bytes = 0;
  std::string told;
  std::vector<base::Result<void>> results{};
  std::vector<base::Branch> branches;

  void SetUp() override { results.reserve(100); }
};

TEST_F(GroupTest, WhoIsAloneGoesOnAtOnceMostly) {
  for (int i = 0; i < 15; ++i) start('a', 1);
  EXPECT_EQ(told, std::string(30, 'a'));
}

TEST_F(GroupTest, ThoseWhoComeTogetherTakeTheirStepsTogether) {
  ask_until_one_waits();
  told.clear();
  start('a', 2);
  start('b', 2);
  start('c', 2);
  EXPECT_EQ(told, "abc");
  run();
  EXPECT_EQ(told, "abc.abcabc");
  for (const auto& branch : branches) EXPECT_TRUE(branch.is_done());
}

TEST_F(GroupTest, WhoIsEndedWhileHeWaitsIsPassedOver) {
  ask_until_one_waits();
  told.clear();
  start('a', 1);
  start('b', 1);
  start('c', 1);
  branches[branches.size() - 2].cancel();
  run();
  EXPECT_EQ(told, "abc.ac");
}

TEST_F(GroupTest, AllMayBeEndedWhileTheyWait) {
  ask_until_one_waits();
  start('a', 1);
  told.clear();
  branches.clear();
  run();
  EXPECT_EQ(told, "");
  start('b', 1);
  EXPECT_EQ(told, "bb");  // there is no company any more
}

TEST_F(GroupTest, WhoHasMuchToLookThroughGoesOnAtOnce) {
  ask_until_one_waits();
  told.clear();
  bytes = 16 * 1024 + 1;
  start('a', 2);
  EXPECT_EQ(told, "aaa");
  bytes = 16 * 1024;
  start('b', 1);
  EXPECT_EQ(told, "aaab");
  run();
  EXPECT_EQ(told, "aaab.b");
}

TEST_F(GroupTest, TheLoopLooksAtSocketsNowAndThen) {
  ask_until_one_waits();
  start('a', 100'000'000);  // more than it takes in any time
  told.reserve(1 << 20);
  int others = 0;
  const TimePoint begun = Clock::now();
  std::function<void()> other = [&] {
    if (++others == 3) return loop.stop();
    loop.post(other);
  };
  loop.post(other);
  loop.run();
  EXPECT_EQ(others, 3);
  EXPECT_GE(Clock::now() - begun, std::chrono::milliseconds(10));  // twice they went on for five
}

}  // namespace
}  // namespace tollgate::net
