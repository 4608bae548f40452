// kill -9 at any moment: a child appends, the parent kills it and looks into the file.
#include "ledger/ledger.hpp"
#include "ledger_fixture.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <random>

namespace tollgate::ledger::crash_test {
namespace {

using namespace std::chrono_literals;

constexpr auto keep = std::chrono::hours(24 * 365 * 100);
constexpr int max_charges = 200'000;

// What the child has done, in memory that outlives it.
struct Diary {
  std::atomic<int> appended;                         // charges
  std::atomic<int> durable;                          // of those, reported so
  std::atomic<int> opened;                           // intents, reported durable
  std::int64_t appended_at[max_charges];             // steady nanoseconds
};

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

class CrashTest : public LedgerTest {
 protected:
  CrashTest() {
    void* shared = ::mmap(nullptr, sizeof(Diary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    diary_ = new (shared) Diary{};
  }
  ~CrashTest() override { ::munmap(diary_, sizeof(Diary)); }

  // Runs `work` in a child and kills it `after` its first append; returns when that was.
  template <class Work>
  std::int64_t run_and_kill(Work work, std::chrono::microseconds after) {
    pid_t child = ::fork();
    if (child == 0) {
      work();
      ::_exit(0);
    }
    EXPECT_TRUE(eventually([&] { return diary_->appended > 0; }));
    std::this_thread::sleep_for(after);
    std::int64_t killed_at = steady_ns();
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the child came to an end by itself";
    return killed_at;
  }

  Diary* diary_;
};

TEST_F(CrashTest, NothingOlderThanTheFlushIntervalIsLost) {
  config_.flush = 50ms;
  std::mt19937 random(42);
  std::int64_t before = 0;
  std::chrono::milliseconds oldest_lost{0};
  for (int round = 0; round < 8; ++round) {
    diary_->appended = 0;
    auto after = std::chrono::microseconds(random() % 250'000);
    std::int64_t killed_at = run_and_kill(
        [&] {
          Ledger ledger(config_);
          Lane& lane = ledger.add_lane();
          MeterId meter = ledger.meter("m", keep);
          for (int i = 0; i < max_charges; ++i) {
            lane.append(charge(), std::vector<Delta>{{meter, 0, 1}});
            diary_->appended_at[i] = steady_ns();
            diary_->appended = i + 1;
            std::this_thread::sleep_for(20us);
          }
        },
        after);
    Ledger ledger(config_);
    auto slots = ledger.restored("m");
    std::int64_t kept = slots.empty() ? 0 : slots[0].used;
    ASSERT_EQ(total(path()).requests, kept) << "usage and meters are written together";
    std::int64_t kept_now = kept - before;
    before = kept;
    ASSERT_LE(kept_now, diary_->appended + 1);
    if (kept_now >= diary_->appended) continue;
    auto age = std::chrono::nanoseconds(killed_at - diary_->appended_at[kept_now]);
    oldest_lost = std::max(oldest_lost, std::chrono::ceil<std::chrono::milliseconds>(age));
  }
  std::printf("the oldest charge lost was %d ms old\n", static_cast<int>(oldest_lost.count()));
  // A machine that is busy with other tests may hold a commit up.
  EXPECT_LE(oldest_lost, config_.flush + 100ms);
}

TEST_F(CrashTest, StrictLosesNothingThatWasReportedDurable) {
  config_.is_strict = true;
  std::mt19937 random(7);
  std::int64_t charged = 0, used = 0;
  for (int round = 0; round < 8; ++round) {
    diary_->appended = diary_->durable = diary_->opened = 0;
    run_and_kill(
        [&] {
          Ledger ledger(config_);
          Lane& lane = ledger.add_lane();
          MeterId meter = ledger.meter("m", keep);
          auto wait_for = [&](Ticket ticket) {
            std::atomic<bool> told{false};
            auto tell = [](void* context, Durability) {
              static_cast<std::atomic<bool>*>(context)->store(true);
            };
            if (ledger.when_durable(ticket, tell, &told) == Durability::pending)
              while (!told) std::this_thread::yield();
          };
          for (int i = 0; i < max_charges; ++i) {
            auto opened = lane.open(charge("reserved"), std::vector<Delta>{{meter, 0, 10}});
            wait_for(opened.ticket);
            diary_->opened = i + 1;
            Ticket settled = lane.append(charge(), std::vector<Delta>{{meter, 0, 1}}, opened.intent);
            diary_->appended = i + 1;
            wait_for(settled);
            diary_->durable = i + 1;
          }
        },
        std::chrono::microseconds(random() % 100'000));
    Ledger ledger(config_);
    const std::int64_t settled = total(path(), {{"subscription", "payments-web"}}).requests;
    const std::int64_t reserved = total(path(), {{"subscription", "reserved"}}).requests;
    const std::int64_t kept = settled + reserved - charged;
    EXPECT_GE(settled + reserved - charged, diary_->opened) << "a reservation is settled or booked";
    EXPECT_GE(kept, diary_->durable);
    EXPECT_LE(kept, diary_->opened + 1);
    charged = settled + reserved;
    used = settled + 10 * reserved;
    EXPECT_EQ(ledger.restored("m").at(0).used, used);
  }
}

}  // namespace
}  // namespace tollgate::ledger::crash_test
