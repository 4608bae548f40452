// Notes in front of a real Redis.
#include "sharing/shared_notes.hpp"

#include "in_loop.hpp"
#include "redis_server.hpp"

#include <gtest/gtest.h>

namespace tollgate::sharing {
namespace {

using namespace std::chrono_literals;
using Texts = SharedNotes::Texts;

awaitable<std::optional<Texts>> look(SharedPots& pots, std::vector<std::string> keys) {
  std::optional<Texts> found = co_await pots.notes().find(std::move(keys));
  co_return found;
}

struct SharedNotesTest : testing::Test {
  RedisServer server;
  RedisClient client{server.port()};
};

TEST_F(SharedNotesTest, AreFoundByAnotherGateway) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots one(loop, everywhere(), server.config(), "one");
    SharedPots other(loop, everywhere(), server.config(), "other");
    one.notes().put("a", "first", 60s, true);  // kept until the connection is there
    std::function<bool()> is_so = [&] { return one.is_connected() && other.is_connected(); };
    EXPECT_TRUE(co_await until(loop, is_so));
    one.notes().put("b", "second", 60s, true);
    one.notes().put("b", "third", 60s, false);
    is_so = [&] { return client.ask({"EXISTS", "test::note:a", "test::note:b"}).number == 2; };
    EXPECT_TRUE(co_await until(loop, is_so));
    std::vector<std::string> keys{"a", "nobody", "b"};
    std::optional<Texts> found = co_await look(other, keys);
    EXPECT_EQ(found, Texts({"first", std::nullopt, "second"}));
    EXPECT_GT(client.number({"TTL", "test::note:a"}), 50);
    one.notes().put("b", "fourth", 60s, true);
    one.notes().erase("a");
    found = co_await look(one, keys);
    EXPECT_EQ(found, Texts({std::nullopt, std::nullopt, "fourth"}));
  });
}

TEST_F(SharedNotesTest, AreNotWaitedForWhileRedisIsAway) {
  in_loop([&](net::Loop& loop) -> awaitable<void> {
    SharedPots pots(loop, everywhere(), server.config(), "one");
    const std::function<bool()> is_so = [&] { return pots.is_connected(); };
    EXPECT_TRUE(co_await until(loop, is_so));
    server.kill(SIGSTOP);
    const auto before = Clock::now();
    std::vector<std::string> keys{"a"};
    std::optional<Texts> found = co_await look(pots, keys);
    EXPECT_EQ(found, std::nullopt);  // which is not the same as that there are none
    EXPECT_LT(Clock::now() - before, 2s);
    server.kill(SIGCONT);
  });
}

}  // namespace
}  // namespace tollgate::sharing
