// What a cell tells whom: without sockets, the clock is given. Waiting needs a loop and has one of its own.
#include "credentials/token_cell.hpp"

#include "base/branch.hpp"
#include "credentials/worker_tokens.hpp"
#include "net/loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace tollgate::credentials {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<Token> token(std::string text, Duration life = 1h) {
  auto made = std::make_shared<Token>();
  made->text = std::move(text);
  made->obtained = Clock::now();
  made->expires = made->obtained + life;
  made->refresh = made->obtained + life / 2;
  return made;
}

TEST(TokenCell, TellsTheLatestToken) {
  TokenCell cell("azure");
  EXPECT_EQ(cell.generation(), 0u);
  cell.begin_attempt();
  EXPECT_TRUE(cell.look().is_fetching);
  cell.publish(token("one"));
  EXPECT_EQ(cell.generation(), 1u);
  EXPECT_EQ(cell.look().token->text, "one");
  EXPECT_FALSE(cell.look().is_fetching);
}

TEST(TokenCell, AFailureTakesNothingAway) {
  TokenCell cell("azure");
  cell.begin_attempt();
  cell.publish(token("one"));
  cell.begin_attempt();
  cell.fail("status 503", Clock::now() + 30s);
  EXPECT_EQ(cell.look().token->text, "one");
  EXPECT_EQ(cell.generation(), 1u);
  EXPECT_EQ(cell.look().failure, "status 503");
  EXPECT_EQ(cell.look().failures, 1);
}

TEST(TokenCell, ARefusedTokenIsAskedForAnewOnce) {
  TokenCell cell("azure");
  int asked = 0;
  cell.on_ask([&] { ++asked; });
  cell.begin_attempt();
  cell.publish(token("one"));
  const auto refused = cell.look().token;
  const auto first = cell.renew(*refused, "", Clock::now());
  const auto second = cell.renew(*refused, "", Clock::now());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(cell.look().token->text, "one") << "others go on with it";
  const Renewal renewal = cell.begin_attempt();
  EXPECT_EQ(renewal.refused_sha256.size(), 64u);
  EXPECT_LT(cell.look().renewed, *first);
  cell.publish(token("two"));
  EXPECT_GE(cell.look().renewed, *first);
  const auto late = cell.renew(*refused, "", Clock::now());
  ASSERT_TRUE(late);
  EXPECT_GE(cell.look().renewed, *late) << "another one is there already";
  EXPECT_EQ(asked, 1);
}

TEST(TokenCell, ARenewedTokenThatIsRefusedTooIsNotTheTokensFault) {
  TokenCell cell("azure");
  int asked = 0;
  cell.on_ask([&] { ++asked; });
  cell.begin_attempt();
  auto renewed = token("two");
  renewed->is_renewed = true;
  cell.publish(renewed);
  const auto held = cell.look().token;
  EXPECT_FALSE(cell.renew(*held, "", held->obtained + 29s));
  EXPECT_TRUE(cell.renew(*held, R"({"access_token":{}})", held->obtained + 1s)) << "it is asked for something else";
  TokenCell other("azure");
  other.begin_attempt();
  other.publish(renewed);
  EXPECT_TRUE(other.renew(*other.look().token, "", held->obtained + 31s));
}

TEST(TokenCell, ClaimsThatComeDuringAnAttemptNeedAnother) {
  TokenCell cell("azure");
  cell.begin_attempt();
  cell.publish(token("one"));
  const auto refused = cell.look().token;
  cell.begin_attempt();
  const auto plain = cell.renew(*refused, "", Clock::now());
  const auto claims = cell.renew(*refused, "{}", Clock::now());
  cell.publish(token("two"));
  EXPECT_GE(cell.look().renewed, *plain);
  EXPECT_LT(cell.look().renewed, *claims);
  EXPECT_TRUE(cell.wants_another());
  EXPECT_EQ(cell.begin_attempt().claims, "{}");
  cell.publish(token("three"));
  EXPECT_GE(cell.look().renewed, *claims);
  EXPECT_FALSE(cell.wants_another());
}

TEST(TokenCell, AFailingEndpointIsNotAskedForEachRefusal) {
  TokenCell cell("azure");
  int asked = 0;
  cell.on_ask([&] { ++asked; });
  cell.begin_attempt();
  cell.publish(token("one"));
  cell.begin_attempt();
  const TimePoint now = Clock::now();
  cell.fail("status 503", now + 30s);
  EXPECT_FALSE(cell.renew(*cell.look().token, "", now + 1s));
  EXPECT_EQ(asked, 0);
}

// A configuration of one credential.
std::shared_ptr<const Config> config_of_one() {
  auto config = std::make_shared<Config>();
  config->credentials.push_back(std::make_unique<TokenCredential>());
  return config;
}

// A loop in a thread of its own, on which coroutines are started.
class Worker {
 public:
  explicit Worker(const std::shared_ptr<TokenCell>& cell) : tokens(loop) {
    tokens.use(config, {cell});
    thread_ = std::thread([this] { loop.run(); });
  }
  ~Worker() {
    loop.post([this] {
      branches_.clear();
      loop.stop();
    });
    thread_.join();
  }
  template <class Work>
  void start(Work work) {
    loop.post([this, work] {
      auto& result = results_.emplace_back(std::make_unique<base::Result<void>>());
      auto& branch = branches_.emplace_back(std::make_unique<base::Branch>(base::run(work(*this), *result)));
      branch->start(&nobody_);
    });
  }
  net::Loop loop;
  std::shared_ptr<const Config> config = config_of_one();
  WorkerTokens tokens;

 private:
  std::coroutine_handle<> nobody_;
  std::vector<std::unique_ptr<base::Result<void>>> results_;
  std::vector<std::unique_ptr<base::Branch>> branches_;
  std::thread thread_;
};

struct Outcomes {
  std::atomic<int> good{0}, bad{0};
  void wait_for(int count) const {
    const auto end = Clock::now() + 10s;
    while (good + bad < count && Clock::now() < end) std::this_thread::sleep_for(1ms);
  }
};

awaitable<void> take(Worker& worker, Duration patience, Outcomes& outcomes) {
  const auto found = co_await worker.tokens.get(*worker.config->credentials[0], Clock::now() + patience);
  ++(found.token ? outcomes.good : outcomes.bad);
}

TEST(WorkerTokens, AllWhoWaitAreWokenOnTheirOwnLoops) {
  auto cell = std::make_shared<TokenCell>("azure");
  cell->begin_attempt();
  Outcomes outcomes;
  {
    Worker one(cell), two(cell);
    for (int i = 0; i < 100; ++i) {
      for (Worker* worker : {&one, &two}) {
        worker->start([&](Worker& self) { return take(self, 10s, outcomes); });
      }
    }
    std::this_thread::sleep_for(20ms);
    EXPECT_EQ(outcomes.good + outcomes.bad, 0);
    cell->publish(token("one"));
    outcomes.wait_for(200);
  }
  EXPECT_EQ(outcomes.good, 200);
  EXPECT_EQ(cell->numbers().waited, 200u);
}

TEST(WorkerTokens, NobodyWaitsForWhatIsDueOnlyLater) {
  auto cell = std::make_shared<TokenCell>("azure");
  cell->begin_attempt();
  cell->fail("status 401", Clock::now() + 30s);
  Outcomes outcomes;
  const auto begin = Clock::now();
  {
    Worker worker(cell);
    worker.start([&](Worker& self) { return take(self, 5s, outcomes); });
    outcomes.wait_for(1);
  }
  EXPECT_EQ(outcomes.bad, 1);
  EXPECT_LT(Clock::now() - begin, 3s);
}

TEST(WorkerTokens, WaitsNoLongerThanItMay) {
  auto cell = std::make_shared<TokenCell>("azure");
  cell->begin_attempt();
  Outcomes outcomes;
  {
    Worker worker(cell);
    worker.start([&](Worker& self) { return take(self, 30ms, outcomes); });
    outcomes.wait_for(1);
  }
  EXPECT_EQ(outcomes.bad, 1);
  EXPECT_EQ(cell->numbers().unavailable, 1u);
}

TEST(WorkerTokens, WhoLeavesWhileItWaitsIsForgotten) {
  auto cell = std::make_shared<TokenCell>("azure");
  cell->begin_attempt();
  Outcomes outcomes;
  {
    Worker worker(cell);
    for (int i = 0; i < 10; ++i) {
      worker.start([&](Worker& self) { return take(self, 10s, outcomes); });
    }
  }
  cell->publish(token("one"));
  EXPECT_EQ(outcomes.good + outcomes.bad, 0);
}

TEST(WorkerTokens, ExchangesOfTheConfigurationBeforeGetTheirTokens) {
  auto cell = std::make_shared<TokenCell>("azure");
  cell->begin_attempt();
  cell->publish(token("one"));
  net::Loop loop;
  WorkerTokens tokens(loop);
  const auto first = config_of_one(), second = config_of_one(), third = config_of_one();
  const auto has_token = [&](const std::shared_ptr<const Config>& config) {
    auto found = tokens.get(*config->credentials[0], Clock::now());
    return found.is_ready() && found.await_resume().token != nullptr;
  };
  tokens.use(first, {cell});
  tokens.use(second, {cell});
  EXPECT_TRUE(has_token(first));
  EXPECT_TRUE(has_token(second));
  tokens.use(third, {});
  EXPECT_FALSE(has_token(first));
  EXPECT_TRUE(has_token(second));
  EXPECT_FALSE(has_token(third));
}

// Readers see whole tokens while they change, and never wait for them.
TEST(WorkerTokens, ReadsWhileTokensChange) {
  auto cell = std::make_shared<TokenCell>("azure");
  cell->begin_attempt();
  cell->publish(token("0000000000000000"));
  std::atomic<bool> is_over{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      net::Loop loop;
      WorkerTokens tokens(loop);
      const auto config = config_of_one();
      tokens.use(config, {cell});
      while (!is_over) {
        auto found = tokens.get(*config->credentials[0], Clock::now());
        if (!found.is_ready()) {
          ++torn;
          continue;
        }
        const auto token = found.await_resume().token;
        for (char c : token->text) torn += c != token->text.front();
      }
    });
  }
  for (int i = 1; i < 500; ++i) {
    cell->begin_attempt();
    cell->publish(token(std::string(16, static_cast<char>('0' + i % 10))));
  }
  is_over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(torn, 0);
}

}  // namespace
}  // namespace tollgate::credentials
