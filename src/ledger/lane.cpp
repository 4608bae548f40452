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
    const std::size_t last = filling_.entries.size();
    write_entry(filling_.entries, step, intent.id, charge, deltas);
    // Only charges are dropped: intents are bounded by the requests in flight.
    if (step == Step::book && intent.id == 0 && !add_up(last) && last >= bound_) drop(last, deltas);
    ticket.number = batch_;
  }
  wakeup_.on_append();
  return ticket;
}

// Adds the last entry to one like it.
bool Lane::add_up(std::size_t last) {
  auto& known = known_[hash_of_entry(std::span(filling_.entries).subspan(last)) % known_.size()];
  if (known != 0 && add_last(filling_.entries, known - 1, last)) return true;
  if (last < bound_) known = static_cast<std::uint32_t>(last + 1);
  return false;
}

void Lane::drop(std::size_t last, std::span<const Delta> deltas) {
  filling_.entries.resize(last);
  for (const Delta& delta : deltas) filling_.overflow[{delta.meter, delta.slot_ms}] += delta.amount;
  ++filling_.dropped;
}

void Lane::take(Taken& into, std::uint64_t next) {
  std::lock_guard lock(mutex_);
  std::swap(into, filling_);
  batch_ = next;
  known_.fill(0);
}

bool Lane::has_pending() {
  std::lock_guard lock(mutex_);
  return !filling_.is_empty();
}

}  // namespace tollgate::ledger
