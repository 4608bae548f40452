#include "ledger/lane.hpp"

#include "ledger/wakeup.hpp"

namespace tollgate::ledger {

namespace {

// The lane is part of the number, so that no two lanes give the same.
constexpr int lane_shift = 40;

}  // namespace

Lane::Lane(std::uint64_t index, std::size_t bound, Wakeup& wakeup, bool is_on)
    : bound_(bound), is_on_(is_on), wakeup_(wakeup), last_intent_((index + 1) << lane_shift) {}

Ticket Lane::append(const Charge& charge, std::span<const Delta> deltas, Intent closes) {
  appended_.store(appended_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return put(Step::book, charge, deltas, closes);
}

Lane::Opened Lane::open(const Charge& reserved, std::span<const Delta> deltas) {
  if (!is_on_) return {};
  Intent intent{++last_intent_};
  return {intent, put(Step::open, reserved, deltas, intent)};
}

Ticket Lane::withdraw(Intent intent) {
  return intent.id == 0 ? Ticket{} : put(Step::withdraw, {}, {}, intent);
}

Ticket Lane::put(Step step, const Charge& charge, std::span<const Delta> deltas, Intent intent) {
  if (!is_on_) return {};
  Ticket ticket;
  {
    std::lock_guard lock(mutex_);
    // Only charges are dropped: intents are bounded by the requests in flight.
    if (filling_.entries.size() < bound_ || step != Step::book || intent.id != 0) {
      write_entry(filling_.entries, step, intent.id, charge, deltas);
    } else {
      for (const Delta& delta : deltas)
        filling_.overflow[{delta.meter, delta.slot_ms}] += delta.amount;
      ++filling_.dropped;
    }
    ticket.number = batch_;
  }
  wakeup_.on_append();
  return ticket;
}

void Lane::take(Taken& into, std::uint64_t next) {
  std::lock_guard lock(mutex_);
  std::swap(into, filling_);
  batch_ = next;
}

bool Lane::has_pending() {
  std::lock_guard lock(mutex_);
  return !filling_.is_empty();
}

}  // namespace tollgate::ledger
