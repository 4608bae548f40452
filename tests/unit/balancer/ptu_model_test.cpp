#include "balancer/ptu_model.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tollgate::balancer::ptu_model_test {
namespace {

using namespace std::chrono_literals;

const TimePoint start{1'000'000s};

// A hundred tokens a second, so 6,000 are believed to make 100 %.
struct Model {
  PtuModel model{100, start};
  TimePoint now = start;

  PtuCharge charge(double tokens) { return model.admit(tokens, now); }
  double percent() const { return 100 * model.utilization(now); }
  // A call that is accepted and over at once.
  void use(double tokens) {
    const PtuCharge one = charge(tokens);
    model.accepted(one, std::nullopt, now);
    model.settle(one, tokens, now);
  }
  void refuse(Duration until_free) { model.refused(charge(100), until_free, now); }
};

TEST(PtuModel, ChargesAtAdmissionDrainsAndCorrectsAtTheEnd) {
  Model m;
  const PtuCharge one = m.charge(3000);
  EXPECT_NEAR(m.percent(), 50, 1e-6);
  m.now += 6s;
  EXPECT_NEAR(m.percent(), 40, 1e-6);
  m.model.settle(one, 1200, m.now);
  EXPECT_NEAR(m.percent(), 10, 1e-6);
  m.now += 60s;
  EXPECT_EQ(m.percent(), 0);
}

TEST(PtuModel, SaysWhenThereWillBeRoom) {
  Model m;
  m.charge(5400);
  EXPECT_EQ(m.model.below(1, 0, m.now), m.now);
  EXPECT_NEAR(std::chrono::duration<double>(m.model.below(0.8, 0, m.now) - m.now).count(), 6, 1e-6);
  EXPECT_NEAR(std::chrono::duration<double>(m.model.below(1, 1200, m.now) - m.now).count(), 6, 1e-6);
}

TEST(PtuModel, ARefusalPutsTheLevelRight) {
  Model m;
  m.use(1200);
  m.refuse(3s);
  EXPECT_NEAR(m.percent(), 105, 0.1);
  EXPECT_EQ(m.model.refused_until(), m.now + 3s);
  EXPECT_FALSE(m.model.wants_to_see(m.now));
}

// Those that were on the way together were all found above the same level.
TEST(PtuModel, RefusalsOfCallsThatCameTogetherCountOnce) {
  Model m;
  const PtuCharge a = m.charge(2000), b = m.charge(2000), c = m.charge(2000);
  m.model.refused(a, 2s, m.now);
  m.model.refused(b, 2s, m.now);
  m.model.refused(c, 2s, m.now);
  EXPECT_NEAR(m.model.utilization(m.now) * m.model.size(), m.model.size() + 2 * m.model.rate(), 1);
}

TEST(PtuModel, LearnsRateAndSizeFromRefusals) {
  Model m;  // the truth: 150 tokens a second, 4,500 make 100 %
  const double rate = 150, size = 4500;
  double level = 0;
  for (int i = 0; i < 4000; ++i) {
    m.now += 500ms;
    level = std::max(0.0, level - rate * 0.5);
    const bool is_full = level > size;
    const PtuCharge one = m.charge(90);
    if (is_full) {
      m.model.refused(one, std::chrono::duration_cast<Duration>(std::chrono::duration<double>((level - size) / rate)), m.now);
      continue;
    }
    level += 90;
    m.model.accepted(one, std::nullopt, m.now);
    m.model.settle(one, 90, m.now);
  }
  EXPECT_TRUE(m.model.is_learnt());
  EXPECT_NEAR(m.model.rate(), rate, 0.02 * rate);
  EXPECT_NEAR(m.model.size(), size, 0.15 * size);
  EXPECT_NEAR(m.percent(), 100 * level / size, 3);
}

TEST(PtuModel, LearnsFromWhatIsReported) {
  Model m;  // the truth: 60 tokens a second, 1,200 make 100 %
  double level = 0;
  for (int i = 0; i < 200; ++i) {
    m.now += 1s;
    level = std::max(0.0, level - 60);
    const double tokens = i % 20 < 10 ? 90 : 30;
    const PtuCharge one = m.charge(tokens);
    level += tokens;
    m.model.accepted(one, level / 1200, m.now);
    m.model.settle(one, tokens, m.now);
  }
  EXPECT_NEAR(m.model.rate(), 60, 2);
  EXPECT_NEAR(m.model.size(), 1200, 60);
  EXPECT_NEAR(m.percent(), 100 * level / 1200, 1);
}

// Twice what the configuration says: it is never refused, and that says enough.
TEST(PtuModel, CallsThatAreAcceptedRaiseWhatIsBelieved) {
  Model m;
  for (int i = 0; i < 600; ++i) {
    m.now += 1s;
    m.use(180);
  }
  EXPECT_GT(m.model.rate(), 150);
  EXPECT_TRUE(m.model.wants_to_see(m.now));  // nobody is held back
}

TEST(PtuModel, FollowsOthersWhoUseTheSameUnits) {
  Model m;
  const double size = 6000;
  double level = 0;
  for (int i = 0; i < 8000; ++i) {
    m.now += 500ms;
    const double others = i < 4000 ? 0 : 15;  // 30 a second
    level = std::max(0.0, level - 50 + others);
    const PtuCharge one = m.charge(60);
    if (level > size) {
      m.model.refused(one, std::chrono::duration_cast<Duration>(std::chrono::duration<double>((level - size) / 100)), m.now);
    } else {
      level += 60;
      m.model.accepted(one, std::nullopt, m.now);
      m.model.settle(one, 60, m.now);
    }
    if (i == 3999) {
      EXPECT_NEAR(m.model.rate(), 100, 3);
    }
  }
  EXPECT_NEAR(m.model.rate(), 70, 5);
}

TEST(PtuModel, IsNotThrownByOneStrangeAnswer) {
  Model m;
  for (int i = 0; i < 50; ++i) {
    m.now += 30s;
    m.use(3000);
    m.refuse(500ms);
    m.now += 1s;
  }
  const double rate = m.model.rate();
  m.now += 10s;
  m.refuse(60s);
  EXPECT_NEAR(m.model.rate(), rate, 0.35 * rate);
  EXPECT_LT(m.percent(), 250);
}

// A refusal that does not say when: the call before was let in, so it is above the top by a call at most.
TEST(PtuModel, DoesWithoutAdvice) {
  Model m;
  m.use(3000);
  m.model.refused(m.charge(400), std::nullopt, m.now);
  EXPECT_NEAR(m.percent(), 103, 1);
  EXPECT_GT(m.model.refused_until(), m.now);
  EXPECT_LE(m.model.refused_until(), m.now + 2s);
}

TEST(PtuModel, LooksAgainWhenItsSightingIsOld) {
  Model m;
  EXPECT_TRUE(m.model.wants_to_see(m.now));  // nothing has been seen at all
  m.use(4000);
  m.refuse(1s);
  m.now += 1500ms;
  EXPECT_FALSE(m.model.wants_to_see(m.now));
  m.now += 30min;
  EXPECT_TRUE(m.model.wants_to_see(m.now));
}

// A tenth more than fits is asked for, and calls are held back above 95 %.
int refusals_in_two_hours(double worst_guess) {
  Model m;
  std::mt19937 random(1);
  std::uniform_real_distribution<double> guess(1 - worst_guess, 1 + worst_guess);
  double level = 0;
  int refusals = 0;
  for (int i = 0; i < 7'200; ++i) {
    m.now += 1s;
    level = std::max(0.0, level - 100);
    if (m.model.below(0.95, 0, m.now) > m.now && !m.model.wants_to_see(m.now)) continue;
    const PtuCharge one = m.charge(110 * guess(random));
    if (level > 6000) {
      m.model.refused(one, std::chrono::duration_cast<Duration>(std::chrono::duration<double>((level - 6000) / 100)), m.now);
      ++refusals;
      continue;
    }
    level += 110;
    m.model.accepted(one, std::nullopt, m.now);
    // Nobody says what it used in the end.
    m.model.settle(one, one.tokens, m.now);
  }
  return refusals;
}

TEST(PtuModel, LooksSeldomOnceItIsUsuallyFoundRight) {
  const int when_right = refusals_in_two_hours(0);
  EXPECT_GE(when_right, 2);
  EXPECT_LE(when_right, 20);
  EXPECT_GT(refusals_in_two_hours(0.9), 2 * when_right);
}

// Far above the top one call finds out for all.
TEST(PtuModel, SendsOneToLookAndNotAll) {
  Model m;
  m.charge(12'000);
  EXPECT_TRUE(m.model.wants_to_see(m.now));
  m.charge(100);
  EXPECT_FALSE(m.model.wants_to_see(m.now));
  m.now += 1s;
  EXPECT_TRUE(m.model.wants_to_see(m.now));
}

TEST(PtuModel, ClocksThatDisagreeALittleDoNoHarm) {
  Model m;
  const PtuCharge one = m.charge(600);
  m.model.settle(one, 600, m.now - 1ms);
  m.model.accepted(m.model.admit(100, m.now - 2ms), std::nullopt, m.now - 2ms);
  EXPECT_NEAR(m.percent(), 100.0 * 700 / 6000, 0.01);
}

}  // namespace
}  // namespace tollgate::balancer::ptu_model_test
