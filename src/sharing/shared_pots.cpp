#include "sharing/shared_pots.hpp"

#include "sharing/leases.hpp"
#include "sharing/shared_notes.hpp"
#include "sharing/store.hpp"
#include "sharing/unshared.hpp"

#include <bit>

namespace tollgate::sharing {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds idle_lease{1'000};
constexpr milliseconds empty_pot_pause{100};  // before asking again in the background

std::int64_t slot_at(const Ask& ask, std::int64_t now_ms) {
  return slot_of(ask.kind, ask.window_ms, ask.period_start_ms, now_ms);
}

}  // namespace

class SharedPots::Impl final : private Store::Client {
 public:
  Impl(net::Loop& loop, net::Perimeter& perimeter, const SharingConfig& config, const std::string& replica)
      : timeout(config.timeout),
        is_leased(config.mode == SharingMode::leased),
        loop_(loop),
        wakes_(loop),
        store(loop, perimeter, config, replica, numbers, *this),
        leases(store.settlements(), config.lease_percent),
        notes(loop, config, wakes_, store, numbers),
        unshared_(store.settlements(), numbers) {
    store.start();
  }

  awaitable<Verdict> reserve(std::span<Ask> asks, std::int64_t now_ms);
  void adjust(std::string_view key, PotKind kind, std::int64_t slot_ms, std::int64_t window_ms,
              std::int64_t delta);
  awaitable<void> close(TimePoint deadline);

  Numbers numbers;
  const milliseconds timeout;
  const bool is_leased;

 private:
  net::Loop& loop_;
  WakeList wakes_;  // outlives the store, whose end ends who waits

 public:
  Store store;
  Leases leases;
  SharedNotes notes;

 private:
  class Taken;

  void on_up() override {
    unshared_.forget();
    notes.on_up();
  }
  void on_refill(const Booking& booking, const Reserved& reserved) override;
  void on_tick(TimePoint now) override { leases.give_back_idle(now - idle_lease, now); }

  bool has_lease(Ask& ask, std::int64_t now_ms, TimePoint now);
  awaitable<Verdict> ask_store(std::span<Ask> asks, Covered covered, std::int64_t now_ms,
                               TimePoint now);
  std::vector<Booking> bookings_of(std::span<Ask> asks, Covered covered, std::int64_t now_ms,
                                   TimePoint now);
  Verdict take_over(std::span<Ask> asks, Covered covered, std::int64_t covered_at_ms,
                    const Reserved& reserved);
  Verdict by_policy(std::span<Ask> asks, Covered covered, std::int64_t covered_at_ms, TimePoint now);
  void put_back(std::span<Ask> asks, Covered covered, std::int64_t covered_at_ms, TimePoint now);
  void move_covered(std::span<Ask> asks, Covered covered, std::int64_t from_ms, std::int64_t to_ms,
                    TimePoint now);

  Unshared unshared_;
};

bool SharedPots::Impl::has_lease(Ask& ask, std::int64_t now_ms, TimePoint now) {
  Lease* lease = leases.take(ask, now_ms, now);
  if (!lease) return false;
  ask.used_after = 0;
  ask.wait_ms = 0;
  if (lease->left < lease->size / 2 && lease->fetch_after <= now && store.is_up() &&
      store.may_answer(now)) {
    lease->fetch_after = now + timeout;
    store.refill({std::string(ask.key), ask.kind, ask.window_ms, ask.period_start_ms, ask.limit, 0,
                  lease->size - lease->left});
  }
  return true;
}

awaitable<Verdict> SharedPots::Impl::reserve(std::span<Ask> asks, std::int64_t hint_ms) {
  const auto now = Clock::now();
  store.hint_now(hint_ms, now);
  const auto now_ms = store.now_ms(now);
  Covered covered = 0;
  if (is_leased) {
    for (std::size_t i = 0; i < asks.size(); ++i) {
      if (has_lease(asks[i], now_ms, now)) covered |= Covered{1} << i;
    }
  }
  if (static_cast<std::size_t>(std::popcount(covered)) == asks.size()) {
    numbers.from_lease.add();
    if (store.is_up() || store.may_answer(now)) return Verdict{true, -1, now_ms, false};
    return by_policy(asks, covered, now_ms, now);
  }
  if (!store.may_answer(now)) return by_policy(asks, covered, now_ms, now);
  return ask_store(asks, covered, now_ms, now);
}

std::vector<Booking> SharedPots::Impl::bookings_of(std::span<Ask> asks, Covered covered,
                                                   std::int64_t now_ms, TimePoint now) {
  std::vector<Booking> out;
  out.reserve(asks.size());
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (is_covered(covered, i)) continue;
    const Ask& ask = asks[i];
    auto want = ask.amount;
    if (is_leased) {
      // One of those who come together brings the lease; the others ask for themselves alone.
      Lease& lease = leases.at(ask, now_ms, now);
      if (lease.fetch_after <= now) {
        lease.fetch_after = now + timeout;
        lease.used = now;
        want += std::max<std::int64_t>(0, lease.size - lease.left);
      }
    }
    out.push_back({std::string(ask.key), ask.kind, ask.window_ms, ask.period_start_ms, ask.limit,
                   ask.amount, want});
  }
  return out;
}

// A request is settled in one slot; its leases may have been of the one before.
void SharedPots::Impl::move_covered(std::span<Ask> asks, Covered covered, std::int64_t from_ms,
                                    std::int64_t to_ms, TimePoint now) {
  for (std::size_t i = 0; i < asks.size(); ++i) {
    const Ask& ask = asks[i];
    const auto from = slot_at(ask, from_ms);
    const auto to = slot_at(ask, to_ms);
    if (!is_covered(covered, i) || from == to) continue;
    store.settlements().tell(ask.key, ask.kind, ask.window_ms, to, ask.amount, now);
    store.settlements().tell(ask.key, ask.kind, ask.window_ms, from, -ask.amount, now);
  }
}

void SharedPots::Impl::put_back(std::span<Ask> asks, Covered covered, std::int64_t covered_at_ms,
                                TimePoint now) {
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (!is_covered(covered, i)) continue;
    const Ask& ask = asks[i];
    leases.put(ask.key, ask.kind, ask.window_ms, slot_at(ask, covered_at_ms), ask.amount, now);
  }
}

// What a reservation under way has taken; gives it back when the request goes away meanwhile.
class SharedPots::Impl::Taken {
 public:
  Taken(Impl& pots, std::span<Ask> asks, Covered covered, std::int64_t now_ms, const Waiter& waiter)
      : pots_(pots), asks_(asks), covered_(covered), now_ms_(now_ms), waiter_(waiter) {}
  Taken(const Taken&) = delete;
  ~Taken() {
    if (is_settled_) return;
    const auto now = Clock::now();
    pots_.put_back(asks_, covered_, now_ms_, now);
    if (waiter_.reserved && waiter_.reserved->result == Reserved::Result::granted) {
      std::size_t part = 0;
      for (std::size_t i = 0; i < asks_.size(); ++i) {
        if (is_covered(covered_, i)) continue;
        const Ask& ask = asks_[i];
        pots_.store.settlements().tell(ask.key, ask.kind, ask.window_ms,
                                       slot_at(ask, waiter_.reserved->now_ms),
                                       -waiter_.reserved->parts[part++].given, now);
      }
    }
    pots_.store.tell_settlements();
  }
  void settled() noexcept { is_settled_ = true; }

 private:
  Impl& pots_;
  std::span<Ask> asks_;
  Covered covered_;
  std::int64_t now_ms_;
  const Waiter& waiter_;
  bool is_settled_ = false;
};

awaitable<Verdict> SharedPots::Impl::ask_store(std::span<Ask> asks, Covered covered,
                                               std::int64_t now_ms, TimePoint now) {
  const auto deadline = now + patience(timeout);
  Waiter waiter(loop_, wakes_, deadline);
  Taken taken(*this, asks, covered, now_ms, waiter);
  store.reserve(bookings_of(asks, covered, now_ms, now), waiter);
  co_await waiter;
  taken.settled();
  if (waiter.reserved) co_return take_over(asks, covered, now_ms, *waiter.reserved);
  const auto over = Clock::now();
  if (over >= deadline) numbers.timeouts.add();
  co_return by_policy(asks, covered, now_ms, over);
}

Verdict SharedPots::Impl::take_over(std::span<Ask> asks, Covered covered,
                                    std::int64_t covered_at_ms, const Reserved& reserved) {
  const auto now = Clock::now();
  Verdict verdict;
  verdict.is_granted = reserved.result == Reserved::Result::granted;
  verdict.now_ms = reserved.now_ms;
  int part = 0;
  for (std::size_t i = 0; i < asks.size(); ++i) {
    Ask& ask = asks[i];
    if (is_covered(covered, i)) continue;
    const auto slot = slot_at(ask, reserved.now_ms);
    const auto& got = reserved.parts[static_cast<std::size_t>(part)];
    ask.used_after = got.used;
    ask.wait_ms = got.wait_ms;
    if (verdict.is_granted && got.given > ask.amount) {
      leases.put(ask.key, ask.kind, ask.window_ms, slot, got.given - ask.amount, now);
      if (Lease* lease = leases.find(ask.key)) lease->fetch_after = {};
    }
    if (reserved.refused_by == part) verdict.refused_by = static_cast<int>(i);
    ++part;
  }
  if (verdict.is_granted) {
    move_covered(asks, covered, covered_at_ms, verdict.now_ms, now);
  } else {
    put_back(asks, covered, covered_at_ms, now);
  }
  store.tell_settlements();
  return verdict;
}

void SharedPots::Impl::on_refill(const Booking& booking, const Reserved& reserved) {
  const auto now = Clock::now();
  Lease* lease = leases.find(booking.key);
  const auto given = reserved.result == Reserved::Result::granted ? reserved.parts[0].given : 0;
  if (lease) lease->fetch_after = given * 4 >= booking.want ? TimePoint{} : now + empty_pot_pause;
  if (given == 0) return;
  const auto slot = slot_of(booking.kind, booking.window_ms, booking.period_start_ms, reserved.now_ms);
  if (lease) {
    const auto used = lease->used;  // only a request uses it
    leases.put(booking.key, booking.kind, booking.window_ms, slot, given, now);
    lease->used = used;
  } else {
    store.settlements().tell(booking.key, booking.kind, booking.window_ms, slot, -given, now);
  }
  store.tell_settlements();
}

Verdict SharedPots::Impl::by_policy(std::span<Ask> asks, Covered covered, std::int64_t covered_at_ms,
                                    TimePoint now) {
  const Verdict verdict = unshared_.decide(asks, covered, store.now_ms(now), now);
  if (verdict.is_granted) {
    move_covered(asks, covered, covered_at_ms, verdict.now_ms, now);
  } else {
    put_back(asks, covered, covered_at_ms, now);
  }
  store.tell_settlements();
  return verdict;
}

void SharedPots::Impl::adjust(std::string_view key, PotKind kind, std::int64_t slot_ms,
                              std::int64_t window_ms, std::int64_t delta) {
  unshared_.adjust(key, slot_ms, delta);
  if (is_leased) delta = leases.settle(key, kind, slot_ms, delta);
  if (delta == 0) return;
  store.settlements().tell(key, kind, window_ms, slot_ms, delta, Clock::now());
  store.tell_settlements();
}

awaitable<void> SharedPots::Impl::close(TimePoint deadline) {
  leases.give_back_idle(TimePoint::max(), Clock::now());
  store.settlements().release_held();
  store.tell_settlements();
  store.sign_off();
  while (!store.is_idle() && Clock::now() < deadline) {
    net::Sleep sleep(loop_, Clock::now() + net::TimerWheel::tick);
    co_await sleep;
  }
  store.stop();
}

SharedPots::SharedPots(net::Loop& loop, net::Perimeter& perimeter, const SharingConfig& config,
                       const std::string& replica)
    : impl_(std::make_unique<Impl>(loop, perimeter, config, replica)) {}

SharedPots::~SharedPots() = default;

awaitable<Verdict> SharedPots::reserve(std::span<Ask> asks, std::int64_t now_ms) {
  return impl_->reserve(asks, now_ms);
}

void SharedPots::adjust(std::string_view key, PotKind kind, std::int64_t slot_ms,
                        std::int64_t window_ms, std::int64_t delta) {
  impl_->adjust(key, kind, slot_ms, window_ms, delta);
}

awaitable<void> SharedPots::close(TimePoint deadline) { return impl_->close(deadline); }

SharedNotes& SharedPots::notes() noexcept { return impl_->notes; }

const Numbers& SharedPots::numbers() const noexcept { return impl_->numbers; }

std::int64_t SharedPots::lease_bound(std::int64_t limit) const noexcept {
  if (!impl_->is_leased) return 0;
  return impl_->leases.size_for(limit) * std::max<std::int64_t>(1, impl_->numbers.gateways.get());
}

bool SharedPots::is_connected() const noexcept { return impl_->numbers.is_connected.get() == 1; }

std::string SharedPots::why_not() const { return impl_->store.why_not(); }

}  // namespace tollgate::sharing
