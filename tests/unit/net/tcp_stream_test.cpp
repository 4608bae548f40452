// Over real sockets on 127.0.0.1, with one event loop that runs until something is told.
#include "net/tcp_stream.hpp"

#include "base/branch.hpp"
#include "run_loop.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tollgate::net {
namespace {

class TcpStreamTest : public testing::Test {
 protected:
  TcpStreamTest() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener, name, size), 0);
    EXPECT_EQ(::listen(listener, 1), 0);
    EXPECT_EQ(::getsockname(listener, name, &size), 0);
    peer_ = ::socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(peer_, name, size), 0);
    stream_ = std::make_unique<TcpStream>(loop_, ::accept(listener, nullptr, nullptr), false, Readiness::Rank::starting);
    ::close(listener);
  }
  ~TcpStreamTest() override { ::close(peer_); }

  // Takes one step each time that the watch is answered; fails when one has not come in two seconds.
  void on_events(std::vector<std::function<void()>> steps) {
    steps_ = std::move(steps);
    watch();
    run_for_a_while(loop_);
    EXPECT_EQ(taken_, steps_.size());
  }

  void watch() {
    stream_->watch(
        [](void* context) {
          auto& test = *static_cast<TcpStreamTest*>(context);
          test.steps_[test.taken_++]();
          if (test.taken_ == test.steps_.size()) return test.loop_.stop();
          test.watch();
        },
        this);
  }

  void tells_the_end_behind_the_last_bytes() {
    on_events({[&] {
                 EXPECT_EQ(stream_->look(), Peer::silent);
                 ASSERT_EQ(::send(peer_, "last", 4, 0), 4);
                 ::shutdown(peer_, SHUT_WR);
               },
               [&] {
                 EXPECT_EQ(read(), "last");
                 EXPECT_EQ(stream_->glance(), Peer::gone);
               },
               [&] { EXPECT_EQ(stream_->look(), Peer::gone); }});  // it made no event of its own
  }

  awaitable<void> wait_for_room() {
    Wait room = stream_->writable(Clock::now() + std::chrono::seconds(2));
    EXPECT_EQ(co_await room, Wake::ready);
  }

  std::string read() {
    std::array<char, 64> bytes;
    return {bytes.data(), stream_->try_read(bytes.data(), bytes.size()).bytes};
  }

  std::string receive(std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto n = ::recv(peer_, bytes.data() + have, size - have, 0);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    return bytes.substr(0, have);
  }

  Loop loop_;
  int peer_;
  std::unique_ptr<TcpStream> stream_;
  std::vector<std::function<void()>> steps_;
  std::size_t taken_ = 0;
};

// The first answer to a watch comes without need: a new descriptor is taken to be ready.
TEST_F(TcpStreamTest, TellsAnEndThatCameTogetherWithTheLastBytes) { tells_the_end_behind_the_last_bytes(); }

// It is then watched for room too, in another way.
TEST_F(TcpStreamTest, TellsThatEndAfterAWaitForRoom) {
  base::Result<void> result;
  base::Branch waits = base::run(wait_for_room(), result);
  waits.start(nullptr);
  tells_the_end_behind_the_last_bytes();
  EXPECT_TRUE(waits.is_done());
}

TEST_F(TcpStreamTest, TellsThatEndThoughItWasThereFromTheBeginning) {
  ASSERT_EQ(::send(peer_, "last", 4, 0), 4);
  ::shutdown(peer_, SHUT_WR);
  on_events({[&] { EXPECT_EQ(read(), "last"); }, [&] { EXPECT_EQ(stream_->look(), Peer::gone); }});
}

TEST_F(TcpStreamTest, TellsOfWhatIsBehindAnUrgentByte) {
  on_events({[&] {
               EXPECT_EQ(stream_->look(), Peer::silent);
               ASSERT_EQ(::send(peer_, "first!", 6, MSG_OOB), 6);
               ASSERT_EQ(::send(peer_, "second", 6, 0), 6);
             },
             [&] { EXPECT_EQ(read(), "first"); },
             [&] { EXPECT_EQ(read(), "second"); }});
}

TEST_F(TcpStreamTest, TellsNothingFromInsideOfWatch) {
  ASSERT_EQ(::send(peer_, "last", 4, 0), 4);
  std::array<char, 4> bytes;
  EXPECT_EQ(stream_->try_read(bytes.data(), bytes.size()).bytes, 4u);  // as much as it asked for
  ::shutdown(peer_, SHUT_WR);
  steps_ = {[&] { EXPECT_EQ(stream_->look(), Peer::gone); }};
  watch();
  EXPECT_EQ(taken_, 0u);
  run_for_a_while(loop_);
  EXPECT_EQ(taken_, 1u);
}

TEST_F(TcpStreamTest, GlancesAtWhatIsKnown) {
  on_events({[&] {
               EXPECT_EQ(stream_->look(), Peer::silent);
               ASSERT_EQ(::send(peer_, "one", 3, 0), 3);
             },
             [&] {
               EXPECT_EQ(stream_->glance(), Peer::sent);
               EXPECT_EQ(read(), "one");
               ASSERT_EQ(::send(peer_, "two", 3, 0), 3);
               EXPECT_EQ(stream_->glance(), Peer::silent);  // nothing has told of it
               EXPECT_EQ(stream_->look(), Peer::sent);
             },
             [&] {
               EXPECT_EQ(stream_->glance(), Peer::sent);
               EXPECT_EQ(read(), "two");
               ::shutdown(peer_, SHUT_WR);
             },
             [&] { EXPECT_EQ(stream_->glance(), Peer::gone); }});
}

TEST_F(TcpStreamTest, WritesPartsInOrderHoweverLargeTheyAre) {
  const std::string small = "head ", large(20'000, 'x');
  for (const auto& body : {small, large}) {
    const std::array<std::string_view, 4> parts{small, "", body, "tail"};
    const auto whole = small + body + "tail";
    const IoResult result = stream_->try_write(parts);
    EXPECT_EQ(result.status, IoStatus::ok);
    EXPECT_EQ(result.bytes, whole.size());
    EXPECT_EQ(receive(whole.size()), whole);
  }
  EXPECT_EQ(stream_->try_write({}).status, IoStatus::ok);
}

}  // namespace
}  // namespace tollgate::net
