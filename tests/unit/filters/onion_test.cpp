// Proves that the filter interface carries what filters have to do: each test filter below is one of
// the shapes that budgets, caches, shields, guards and routers take.
#include "base/race.hpp"
#include "net/loop.hpp"
#include "net/perimeter.hpp"
#include "telemetry/worker_metrics.hpp"
#include "tollgate/filter.hpp"
#include "upstream/upstreams.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace tollgate::onion_test {
namespace {

using namespace std::chrono_literals;

// Keeps what a client would get.
class RecordingSink final : public ResponseSink {
 public:
  awaitable<Flow> head(const ResponseHead& head) override {
    status = head.status;
    return flow;
  }
  awaitable<Flow> chunk(const Chunk& chunk) override {
    body.append(chunk.bytes);
    ++chunks;
    return chunks >= stop_after ? Flow::stop : Flow::go_on;
  }
  awaitable<Flow> flush() override {
    ++flushes;
    return Flow::go_on;
  }
  int status = 0;
  std::string body;
  int chunks = 0;
  int flushes = 0;
  int stop_after = 1'000'000;
  Flow flow = Flow::go_on;
};

// Stands for the upstream: a head, then events with a wait in front of each.
class Scripted final : public Filter {
 public:
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next) const override {
    ++calls;
    Outcome outcome;
    if (calls <= failures) {
      outcome.end = End::refused;
      outcome.error = ErrorKind::upstream_failed;
      co_return outcome;
    }
    ResponseHead head;
    head.is_event_stream = true;
    if (co_await out.head(head) == Flow::stop) co_return outcome;
    for (const auto& event : events) {
      net::Sleep pause(ex.loop, Clock::now() + 1ms);
      co_await pause;
      Chunk chunk;
      chunk.kind = Chunk::Kind::event;
      chunk.bytes = event;
      ex.usage.completion_tokens += 1;
      if (co_await out.chunk(chunk) == Flow::stop) {
        outcome.end = End::stopped;
        co_return outcome;
      }
    }
    ex.usage.is_reported = true;
    co_return outcome;
  }
  std::vector<std::string> events{"one ", "two ", "three "};
  int failures = 0;
  mutable int calls = 0;
};

// A budget: reserves before, settles after, on every way out.
struct Ledger {
  std::int64_t reserved = 0;
  std::int64_t settled = 0;
};
class Budget final : public Filter {
 public:
  explicit Budget(Ledger& ledger) : ledger_(ledger) {}
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    struct Reservation {
      Ledger& ledger;
      Exchange& ex;
      ~Reservation() {
        ledger.reserved -= 10;
        ledger.settled += ex.usage.is_reported ? ex.usage.completion_tokens : 10;
      }
    };
    ledger_.reserved += 10;
    const Reservation reservation{ledger_, ex};
    co_return co_await next(ex, out);
  }

 private:
  Ledger& ledger_;
};

// A cache: replays a stored answer, records a new one.
class Cache final : public Filter {
 public:
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    if (!stored.empty()) {
      ResponseHead head;
      Chunk chunk;
      chunk.bytes = stored;
      Outcome outcome;
      if (co_await out.head(head) == Flow::stop) co_return outcome;
      co_await out.chunk(chunk);
      co_return outcome;
    }
    class Recorder final : public SinkDecorator {
     public:
      using SinkDecorator::SinkDecorator;
      awaitable<Flow> chunk(const Chunk& chunk) override {
        kept.append(chunk.bytes);
        return out_.chunk(chunk);
      }
      std::string kept;
    } recorder(out);
    const Outcome outcome = co_await next(ex, recorder);
    if (outcome.end == End::complete) stored = recorder.kept;
    co_return outcome;
  }
  mutable std::string stored;
};

// Opens once; whoever waits is resumed by the loop.
struct Gate {
  net::Loop& loop;
  bool is_open = false;
  std::coroutine_handle<> waiting;
  struct Opened {
    Gate& gate;
    bool await_ready() const noexcept { return gate.is_open; }
    void await_suspend(std::coroutine_handle<> caller) noexcept { gate.waiting = caller; }
    void await_resume() const noexcept {}
  };
  Opened opened() { return Opened{*this}; }
  void open() {
    is_open = true;
    if (waiting) loop.resume_later(std::exchange(waiting, nullptr));
  }
};

// Holds the head until the gate is open.
class Gated final : public SinkDecorator {
 public:
  Gated(ResponseSink& out, Gate& gate) : SinkDecorator(out), gate_(gate) {}
  awaitable<Flow> head(const ResponseHead& head) override { return head_after_gate(head); }

 private:
  awaitable<Flow> head_after_gate(const ResponseHead& head) {
    Gate::Opened opened = gate_.opened();
    co_await opened;
    co_return co_await out_.head(head);
  }
  Gate& gate_;
};

// A shield: its check runs beside the upstream call; nothing leaves before the verdict, and a block
// cancels the call.
class Shield final : public Filter {
 public:
  Shield(bool blocks, Duration takes) : blocks_(blocks), takes_(takes) {}
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    Gate gate{ex.loop, false, {}};
    Gated gated(out, gate);
    auto first = co_await base::race(next(ex, gated), attack_in(ex.loop, gate));
    if (first.index() == 0) co_return std::get<0>(first);
    ResponseHead head;
    head.status = 400;
    co_await out.head(head);
    Outcome outcome;
    outcome.end = End::refused;
    co_return outcome;
  }

 private:
  // Returns only when there is an attack; otherwise opens the gate and waits for ever.
  awaitable<bool> attack_in(net::Loop& loop, Gate& gate) const {
    net::Sleep check(loop, Clock::now() + takes_);
    co_await check;
    if (blocks_) co_return true;
    gate.open();
    net::Sleep for_ever(loop, no_deadline);
    co_await for_ever;
    co_return false;
  }
  bool blocks_;
  Duration takes_;
};

// An output guard: holds a window of the answer and masks it before it goes out.
class Guard final : public Filter {
 public:
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    class Window final : public SinkDecorator {
     public:
      using SinkDecorator::SinkDecorator;
      awaitable<Flow> chunk(const Chunk& chunk) override {
        held_.append(chunk.bytes);
        if (held_.size() < 8) return Flow::go_on;
        return release();
      }
      awaitable<Flow> release() {
        for (auto at = held_.find("two"); at != held_.npos; at = held_.find("two")) held_.replace(at, 3, "***");
        const std::string text = std::exchange(held_, {});
        Chunk chunk;
        chunk.bytes = text;
        co_return co_await out_.chunk(chunk);
      }

     private:
      std::string held_;
    } window(out);
    Outcome outcome = co_await next(ex, window);
    if (co_await window.release() == Flow::stop) outcome.end = End::stopped;
    co_return outcome;
  }
};

// A router: changes the target and is gone; not even a coroutine.
class Router final : public Filter {
 public:
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    ex.route_reason = "complexity:simple";
    return next(ex, out);
  }
};

// Tries again while the client has seen nothing.
class Retry final : public Filter {
 public:
  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    class Seen final : public SinkDecorator {
     public:
      using SinkDecorator::SinkDecorator;
      awaitable<Flow> head(const ResponseHead& head) override {
        has_head = true;
        return out_.head(head);
      }
      bool has_head = false;
    } seen(out);
    Outcome outcome;
    for (int attempt = 0; attempt < 3; ++attempt) {
      outcome = co_await next(ex, seen);
      if (seen.has_head || outcome.end != End::refused) break;
    }
    co_return outcome;
  }
};

class Onion : public testing::Test {
 protected:
  using Chain = std::vector<std::shared_ptr<const Filter>>;

  // Runs the chain on a real loop; `cancel_after` destroys the work from the loop.
  std::optional<Outcome> run(const Chain& chain, Duration cancel_after = Duration::max()) {
    std::optional<Outcome> outcome;
    base::Result<void> nothing;
    std::coroutine_handle<> nobody;
    base::Branch branch = base::run(drive(chain, outcome), nothing);
    branch.start(&nobody);
    struct Cancel : Timer {
      base::Branch* branch;
      net::Loop* loop;
    } cancel;
    cancel.branch = &branch;
    cancel.loop = &loop;
    cancel.fire = [](Timer& timer) {
      auto& self = static_cast<Cancel&>(timer);
      self.branch->cancel();
      self.loop->stop();
    };
    if (!branch.is_done()) {
      if (cancel_after != Duration::max()) {
        cancel.at = Clock::now() + cancel_after;
        loop.arm(cancel);
      }
      loop.run();
    }
    return outcome;
  }

  awaitable<void> drive(const Chain& chain, std::optional<Outcome>& outcome) {
    Next next(chain);
    outcome = co_await next(ex, sink);
    loop.stop();
  }

  net::Loop loop;
  telemetry::WorkerMetrics metrics{100};
  net::Perimeter perimeter;
  upstream::Upstreams upstreams{loop, perimeter, metrics};
  Exchange ex{loop, upstreams};
  RecordingSink sink;
};

TEST_F(Onion, ABudgetSettlesWithTheReportedUsage) {
  Ledger ledger;
  const auto outcome = run({std::make_shared<Budget>(ledger), std::make_shared<Scripted>()});
  EXPECT_EQ(outcome->end, End::complete);
  EXPECT_EQ(sink.body, "one two three ");
  EXPECT_EQ(ledger.reserved, 0);
  EXPECT_EQ(ledger.settled, 3);
}

TEST_F(Onion, ABudgetKeepsItsEstimateWhenTheClientLeaves) {
  Ledger ledger;
  auto slow = std::make_shared<Scripted>();
  slow->events.assign(1'000, "x");
  EXPECT_FALSE(run({std::make_shared<Budget>(ledger), slow}, 40ms));
  EXPECT_GT(sink.chunks, 0);
  EXPECT_EQ(ledger.reserved, 0);
  EXPECT_EQ(ledger.settled, 10);
}

TEST_F(Onion, ACacheRecordsAStreamAndReplaysItWithoutCallingOn) {
  auto cache = std::make_shared<Cache>();
  auto upstream = std::make_shared<Scripted>();
  run({cache, upstream});
  EXPECT_EQ(cache->stored, "one two three ");
  sink.body.clear();
  const auto outcome = run({cache, upstream});
  EXPECT_EQ(outcome->end, End::complete);
  EXPECT_EQ(sink.body, "one two three ");
  EXPECT_EQ(upstream->calls, 1);
}

TEST_F(Onion, AShieldHoldsTheHeadUntilTheVerdictWhileTheUpstreamRuns) {
  auto upstream = std::make_shared<Scripted>();
  const auto outcome = run({std::make_shared<Shield>(false, 30ms), upstream});
  EXPECT_EQ(outcome->end, End::complete);
  EXPECT_EQ(sink.body, "one two three ");
  EXPECT_EQ(upstream->calls, 1);
}

TEST_F(Onion, AShieldThatBlocksCancelsTheUpstreamAndNothingLeaked) {
  Ledger ledger;
  auto upstream = std::make_shared<Scripted>();
  const auto outcome = run({std::make_shared<Shield>(true, 30ms), std::make_shared<Budget>(ledger), upstream});
  EXPECT_EQ(outcome->end, End::refused);
  EXPECT_EQ(sink.status, 400);
  EXPECT_EQ(sink.body, "");
  EXPECT_EQ(upstream->calls, 1);
  EXPECT_EQ(ledger.reserved, 0);
}

TEST_F(Onion, AnOutputWindowHoldsAndMasks) {
  const auto outcome = run({std::make_shared<Guard>(), std::make_shared<Scripted>()});
  EXPECT_EQ(outcome->end, End::complete);
  EXPECT_EQ(sink.body, "one *** three ");
}

TEST_F(Onion, ARouterChangesTheExchangeAndPassesOn) {
  run({std::make_shared<Router>(), std::make_shared<Scripted>()});
  EXPECT_EQ(ex.route_reason, "complexity:simple");
  EXPECT_EQ(sink.body, "one two three ");
}

TEST_F(Onion, RetriesBeforeTheFirstByteAreInvisible) {
  auto upstream = std::make_shared<Scripted>();
  upstream->failures = 2;
  const auto outcome = run({std::make_shared<Retry>(), upstream});
  EXPECT_EQ(outcome->end, End::complete);
  EXPECT_EQ(upstream->calls, 3);
  EXPECT_EQ(sink.body, "one two three ");
}

TEST_F(Onion, ASinkThatWantsNoMoreStopsTheUpstream) {
  sink.stop_after = 2;
  const auto outcome = run({std::make_shared<Scripted>()});
  EXPECT_EQ(outcome->end, End::stopped);
  EXPECT_EQ(sink.chunks, 2);
}

TEST_F(Onion, AllOfThemTogether) {
  Ledger ledger;
  auto cache = std::make_shared<Cache>();
  const auto outcome = run({std::make_shared<Budget>(ledger), std::make_shared<Shield>(false, 5ms), cache,
                            std::make_shared<Router>(), std::make_shared<Guard>(), std::make_shared<Retry>(),
                            std::make_shared<Scripted>()});
  EXPECT_EQ(outcome->end, End::complete);
  EXPECT_EQ(sink.body, "one *** three ");
  EXPECT_EQ(cache->stored, "one *** three ");
  EXPECT_EQ(ledger.settled, 3);
}

}  // namespace
}  // namespace tollgate::onion_test
