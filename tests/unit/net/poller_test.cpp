// Over socket pairs, with one event loop that runs until all that is expected has been answered.
#include "net/loop.hpp"
#include "net/readiness.hpp"
#include "run_loop.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tollgate::net {
namespace {

using Rank = Readiness::Rank;
using For = Readiness::For;

class PollerTest : public testing::Test {
 protected:
  struct End : Readiness::Listener {
    End(PollerTest& t, std::string n, Rank rank) : test(t), name(std::move(n)) {
      std::array<int, 2> sockets{};
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets.data()), 0);
      socket = sockets[0];
      peer = sockets[1];
      readiness = std::make_unique<Readiness>(test.loop_, socket, false, *this, rank);
    }
    ~End() { ::close(peer); }

    void send() const { EXPECT_EQ(::send(peer, "x", 1, 0), 1); }
    bool drain() const {
      std::array<char, 4096> bytes;
      bool has_read = false;
      while (::recv(socket, bytes.data(), bytes.size(), 0) > 0) has_read = true;
      return has_read;
    }
    void on_ready(For direction) override { test.on_answer(*this, direction); }

    PollerTest& test;
    std::string name;
    int socket, peer;
    std::unique_ptr<Readiness> readiness;
  };

  End& add(std::string name, Rank rank) {
    ends_.push_back(std::make_unique<End>(*this, std::move(name), rank));
    return *ends_.back();
  }
  std::vector<End*> add_many(std::size_t count, Rank rank) {
    std::vector<End*> ends;
    for (std::size_t i = 0; i < count; ++i) ends.push_back(&add(std::to_string(i), rank));
    return ends;
  }

  void on_answer(End& end, For direction) {
    answers_.push_back(end.name + (direction == For::write ? " writes" : ""));
    if (then_) then_(end);
    if (answers_.size() == expected_) loop_.stop();
  }

  // Fails when they have not come in two seconds.
  std::vector<std::string> answers(std::size_t expected) {
    answers_.clear();
    expected_ = expected;
    run_for_a_while(loop_);
    loop_.io().restart();
    EXPECT_EQ(answers_.size(), expected);
    return answers_;
  }

  // A new socket is taken to be ready: after this all wait for something to happen.
  void settle() {
    for (const auto& end : ends_) end->readiness->arm(For::read);
    answers(ends_.size());
    for (const auto& end : ends_) end->readiness->arm(For::read);
  }

  Loop loop_;
  std::vector<std::unique_ptr<End>> ends_;
  std::vector<std::string> answers_;
  std::size_t expected_ = 0;
  std::function<void(End&)> then_;
};

TEST_F(PollerTest, AnswersWhoFinishesBeforeWhoStarts) {
  for (const char* name : {"client 1", "client 2"}) add(name, Rank::starting);
  for (const char* name : {"upstream 1", "upstream 2"}) add(name, Rank::finishing);
  settle();
  for (const auto& end : ends_) end->send();
  EXPECT_EQ(answers(4), (std::vector<std::string>{"upstream 1", "upstream 2", "client 1", "client 2"}));
}

TEST_F(PollerTest, LooksForWhoFinishesWhileManyWantToStart) {
  const auto clients = add_many(300, Rank::starting);
  End& upstream = add("upstream", Rank::finishing);
  settle();
  for (End* client : clients) client->send();
  then_ = [&](End& end) {
    if (end.name == "0") upstream.send();
  };
  const auto order = answers(301);
  const auto place = std::find(order.begin(), order.end(), "upstream") - order.begin();
  EXPECT_GT(place, 0);
  EXPECT_LE(place, 64);
  for (std::size_t i = 1, client = 0; i < order.size(); ++i) {
    if (order[i] != "upstream") {
      ++client;
      ASSERT_EQ(order[i], std::to_string(client)) << "first come, first served";
    }
  }
}

TEST_F(PollerTest, AnswersTheLatestOutOfTheirOrder) {
  const auto clients = add_many(100, Rank::starting);
  End& measure = add("measure", Rank::in_line);
  settle();
  for (End* client : clients) client->send();
  measure.send();
  Readiness::answer_latest(loop_, 2);
  std::vector<std::string> latest;
  then_ = [&](End& end) {
    if (!Readiness::is_in_turn(loop_)) latest.push_back(end.name);
    if (end.name != "40") return;  // in the second turn
    Readiness::answer_latest(loop_, 2);
    clients[0]->drain();
    clients[0]->readiness->arm(For::read);
    clients[0]->send();
  };
  const auto order = answers(102);
  EXPECT_EQ(latest, (std::vector<std::string>{"99", "98", "0"})) << "those who have just come, no others";
  EXPECT_EQ((std::vector<std::string>{order[0], order[1], order[2]}), (std::vector<std::string>{"99", "98", "0"}));
  EXPECT_EQ(order.back(), "measure");
  EXPECT_FALSE(Readiness::is_in_turn(loop_));
}

TEST_F(PollerTest, LooksForTheLatestWhileManyFinish) {
  const auto upstreams = add_many(64, Rank::finishing);
  const auto clients = {&add("first", Rank::starting), &add("latest", Rank::starting)};
  settle();
  for (End* upstream : upstreams) upstream->send();
  bool was_in_turn = true;
  then_ = [&](End& end) {
    if (end.name == "0") {
      Readiness::answer_latest(loop_, 1);
      for (End* client : clients) client->send();
    }
    if (end.name == "latest") was_in_turn = Readiness::is_in_turn(loop_);
  };
  const auto order = answers(66);
  // One of the two, before the others are through; the other after them.
  EXPECT_EQ(std::find(order.begin(), order.end(), "latest") - order.begin(), 8);
  EXPECT_FALSE(was_in_turn);
  EXPECT_EQ(order.back(), "first");
}

TEST_F(PollerTest, KnowsOfWhatWasNotAnsweredYet) {
  End& end = add("end", Rank::starting);
  settle();
  EXPECT_FALSE(end.readiness->has_news());
  End& other = add("other", Rank::finishing);
  other.readiness->arm(For::read);
  end.send();
  bool had_news = false;
  then_ = [&](End& e) {
    if (&e == &other) had_news = end.readiness->has_news();  // both came in one turn
  };
  answers(2);
  EXPECT_TRUE(had_news);
  EXPECT_FALSE(end.readiness->has_news());
}

TEST_F(PollerTest, NoticesWhatItIsToldInItsOrder) {
  End& end = add("end", Rank::starting);
  End& other = add("other", Rank::starting);
  settle();
  end.readiness->notice();
  end.readiness->notice();
  other.readiness->notice();
  EXPECT_EQ(answers(2), (std::vector<std::string>{"end", "other"}));
}

TEST_F(PollerTest, RoomToWriteComesBeforeWhoStarts) {
  const auto clients = add_many(100, Rank::starting);
  settle();
  for (End* client : clients) client->send();
  then_ = [&](End& end) {
    if (end.name == "0") clients[99]->readiness->arm(For::write);  // waits in line to be read already
  };
  const auto order = answers(101);
  EXPECT_LT(std::find(order.begin(), order.end(), "99 writes") - order.begin(), 66);
}

TEST_F(PollerTest, RemembersWhatHappenedWhileNobodyAsked) {
  End& end = add("end", Rank::starting);
  End& other = add("other", Rank::starting);
  settle();
  end.send();
  answers(1);
  end.drain();
  end.send();  // nobody is told
  other.send();
  EXPECT_EQ(answers(1), std::vector<std::string>{"other"});
  end.readiness->arm(For::read);
  EXPECT_EQ(answers(1), std::vector<std::string>{"end"});
  EXPECT_TRUE(end.drain());
}

TEST_F(PollerTest, TellsWhenThereIsRoomToWrite) {
  End& end = add("end", Rank::starting);
  settle();
  const std::string much(1 << 20, 'x');
  while (::send(end.socket, much.data(), much.size(), MSG_DONTWAIT) > 0) {
  }
  end.readiness->arm(For::write);
  End& other = add("other", Rank::starting);
  other.readiness->arm(For::read);
  EXPECT_EQ(answers(1), std::vector<std::string>{"other"});
  std::string taken(1 << 22, '\0');
  while (::recv(end.peer, taken.data(), taken.size(), 0) > 0) {
  }
  EXPECT_EQ(answers(1), std::vector<std::string>{"end writes"});
}

TEST_F(PollerTest, AnswersNobodyWhoHasGone) {
  add("first", Rank::starting);
  add("second", Rank::starting);
  add("third", Rank::starting);
  settle();
  for (const auto& end : ends_) end->send();
  then_ = [&](End& end) {
    if (end.name != "first") return;
    ends_[1].reset();  // ready, and not answered yet
    ends_[0].reset();  // itself
  };
  EXPECT_EQ(answers(2), (std::vector<std::string>{"first", "third"}));
}

TEST_F(PollerTest, AnswersNobodyWhoClosesBetweenHisTwoAnswers) {
  End& end = add("end", Rank::finishing);
  settle();
  end.readiness->arm(For::write);
  EXPECT_EQ(answers(1), std::vector<std::string>{"end writes"});
  end.readiness->arm(For::write);
  then_ = [](End& e) { e.readiness->close(); };
  end.send();
  const auto got = answers(1);
  EXPECT_EQ(got.size(), 1u);
}

}  // namespace
}  // namespace tollgate::net
