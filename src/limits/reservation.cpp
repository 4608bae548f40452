#include "limits/reservation.hpp"

#include "limits/price.hpp"

#include <algorithm>

namespace tollgate::limits {

namespace {

bool caps_answers(const Claim& claim) noexcept {
  const bool grows = claim.rule->measure == Measure::tokens || claim.rule->measure == Measure::money;
  return grows && claim.is_enforced && claim.rule->at_limit == AtLimit::end;
}

// What an answer of that many tokens takes of a pot, prompt and all.
std::int64_t amount_of(Measure measure, const Need& need, std::int64_t answer) noexcept {
  switch (measure) {
    case Measure::requests:
    case Measure::concurrent: return 1;
    case Measure::tokens: return need.prompt_tokens + answer;
    case Measure::money: return need.prompt_cost + cost_at(need.answer_rate, answer);
  }
  return 0;
}

std::int64_t amount_of_answer(Measure measure, const Need& need, std::int64_t answer) noexcept {
  if (measure == Measure::tokens) return answer;
  if (measure == Measure::money) return cost_at(need.answer_rate, answer);
  return 0;
}

// The longest answer, up to `most`, that fits into `room` when the pot holds `taken` for the request
// already. May be negative.
std::int64_t answer_that_fits(Measure measure, std::int64_t room, std::int64_t taken, const Need& need,
                              std::int64_t most) noexcept {
  const std::int64_t left = room - taken;
  if (measure == Measure::tokens) return std::min(most, left);
  if (measure != Measure::money || left < 0) return measure == Measure::money ? -1 : most;
  if (cost_at(need.answer_rate, most) <= left) return most;
  // Whole nano-dollars for whole tokens: never rounded up beyond what is left.
  return static_cast<std::int64_t>(static_cast<double>(left) * 1000.0 / static_cast<double>(need.answer_rate) * 0.999999);
}

}  // namespace

Reservation::~Reservation() {
  if (!is_held_) return;
  Spent nothing;
  nothing.is_request = false;
  settle(nothing, 0, [](auto&&...) {}, [](auto&&...) {});
}

void Reservation::add(Claim claim) {
  if (!claim.pot) claim.pot = claim.named.get();
  is_capped_ = is_capped_ || caps_answers(claim);
  const auto place = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.claim.pot >= claim.pot; });
  if (place != entries_.end() && place->claim.pot == claim.pot) return;
  entries_.insert(place, Entry{std::move(claim), {}, {}});
}

void Reservation::stop_enforcing(const SpendRule& rule) noexcept {
  is_capped_ = false;
  for (Entry& entry : entries_) {
    if (entry.claim.rule == &rule) entry.claim.is_enforced = false;
    is_capped_ = is_capped_ || caps_answers(entry.claim);
  }
}

void Reservation::lock_all() noexcept {
  for (Entry& entry : entries_) entry.claim.pot->lock();
}

void Reservation::unlock_all() noexcept {
  for (Entry& entry : entries_) entry.claim.pot->unlock();
}

Refusal Reservation::reserve(const Need& need, std::int64_t now_ms) {
  need_ = need;
  requests_ = tokens_ = Level();
  std::int64_t answer = need.answer_wish;
  Refusal refusal;
  lock_all();
  for (Entry& entry : entries_) {
    Pot& pot = *entry.claim.pot;
    pot.advance(now_ms);
    if (!entry.claim.is_enforced) continue;
    const Measure measure = pot.measure();
    // Who has spent nothing is not refused for what an answer might take: the whole pot is enough.
    const std::int64_t prompt = amount_of(measure, need, 0);
    const std::int64_t at_best = answer_that_fits(measure, pot.limit(), prompt, need, need.answer_least);
    const std::int64_t least = at_best > 0 ? at_best : need.answer_least;
    const std::int64_t wait = pot.wait_for(amount_of(measure, need, least));
    if (wait == 0) {
      if (caps_answers(entry.claim)) {
        // So that a few long wishes do not keep out everybody else while they are under way.
        const std::int64_t fits = answer_that_fits(measure, pot.room(), prompt, need, need.answer_wish * 8);
        answer = std::min(answer, fits <= need.answer_modest ? fits : std::max(need.answer_modest, fits / 8));
      }
      continue;
    }
    if (!refusal.rule || wait < 0 || (refusal.wait_ms >= 0 && wait > refusal.wait_ms)) {
      refusal.rule = entry.claim.rule;
      refusal.numbers = entry.claim.numbers;
      refusal.wait_ms = wait;
      refusal.used = pot.use();
    }
    if (wait < 0) break;
  }
  if (!refusal.rule) take(std::max<std::int64_t>(0, answer));
  for (Entry& entry : entries_) {
    if (!entry.claim.rule->is_budget && !entry.claim.rule->is_audit_only) note_level(*entry.claim.pot);
  }
  unlock_all();
  return refusal;
}

void Reservation::take(std::int64_t answer) noexcept {
  granted_ = answer;
  is_held_ = true;
  for (Entry& entry : entries_) {
    // A rule that caps nothing expects what answers usually take.
    const std::int64_t expected = caps_answers(entry.claim) ? answer : std::min(answer, need_.answer_least);
    entry.first.amount = amount_of(entry.claim.pot->measure(), need_, expected);
    entry.first.slot_ms = entry.claim.pot->book(entry.first.amount);
    entry.more.clear();
  }
}

std::int64_t Reservation::top_up(std::int64_t wish, std::int64_t now_ms) {
  std::int64_t answer = wish;
  lock_all();
  for (Entry& entry : entries_) {
    Pot& pot = *entry.claim.pot;
    pot.advance(now_ms);
    if (caps_answers(entry.claim)) {
      answer = std::min(answer, std::max<std::int64_t>(0, answer_that_fits(pot.measure(), pot.room(), 0, need_, answer)));
    }
  }
  for (Entry& entry : entries_) {
    const std::int64_t amount = amount_of_answer(entry.claim.pot->measure(), need_, answer);
    if (amount == 0) continue;
    const std::int64_t slot = entry.claim.pot->book(amount);
    if (!entry.more.empty() && entry.more.back().slot_ms == slot) {
      entry.more.back().amount += amount;
    } else {
      entry.more.push_back({slot, amount});
    }
  }
  unlock_all();
  granted_ += answer;
  return answer;
}

void Reservation::release_spending() noexcept {
  for (Entry& entry : entries_) {
    Pot& pot = *entry.claim.pot;
    if (pot.measure() != Measure::tokens && pot.measure() != Measure::money) continue;
    pot.lock();
    entry.each_lot([&](Lot& lot) {
      pot.correct(lot.slot_ms, -lot.amount);
      lot.amount = 0;
    });
    pot.unlock();
  }
}

Refusal Reservation::spent_budget(std::int64_t now_ms) {
  Refusal refusal;
  for (Entry& entry : entries_) {
    const Claim& claim = entry.claim;
    if (!claim.rule->is_budget || !claim.is_enforced) continue;
    claim.pot->lock();
    claim.pot->advance(now_ms);
    if (claim.pot->room() == 0) refusal = {claim.rule, claim.numbers, claim.pot->wait_for(1), claim.pot->use(), false};
    claim.pot->unlock();
  }
  return refusal;
}

// Leaves in the lots what stays booked. The first are used up first; what goes beyond them is spent
// now, or was when it was reserved. REQUIRES: the pot is locked.
void Reservation::rebook(Entry& entry, const Spent& spent, std::int64_t now_ms, Known known) {
  Pot& pot = *entry.claim.pot;
  std::int64_t left = 0;
  switch (pot.measure()) {
    case Measure::requests: left = spent.is_request ? 1 : 0; break;
    case Measure::concurrent: left = 0; break;
    case Measure::tokens: left = spent.tokens; break;
    case Measure::money: left = spent.cost; break;
  }
  entry.each_lot([&](Lot& lot) {
    const std::int64_t stays = std::min(left, lot.amount);
    pot.correct(lot.slot_ms, stays - lot.amount);
    lot.amount = stays;
    left -= stays;
  });
  if (left > 0) {
    pot.advance(now_ms);
    const std::int64_t over_before = std::max<std::int64_t>(0, pot.use() - pot.limit());
    if (known == Known::later && entry.first.slot_ms != 0) {
      pot.correct(entry.first.slot_ms, left);
      entry.first.amount += left;
    } else {
      entry.more.push_back({pot.book(left), left});
    }
    const std::int64_t over = std::max<std::int64_t>(0, pot.use() - pot.limit()) - over_before;
    if (over > 0 && entry.claim.numbers) entry.claim.numbers->overshoot.fetch_add(over, std::memory_order_relaxed);
  }
}

// Returns the alert that was newly reached.
AlertReached Reservation::settle_one(Entry& entry, const Spent& spent, std::int64_t now_ms) {
  Pot& pot = *entry.claim.pot;
  pot.lock();
  rebook(entry, spent, now_ms, Known::now);
  const AlertReached alert{pot.newly_reached_alert(*entry.claim.rule), pot.use(), pot.limit()};
  pot.unlock();
  return alert;
}

// The tightest is the one with the smallest share left.
void Reservation::note_level(const Pot& pot) noexcept {
  const bool is_requests = pot.measure() == Measure::requests;
  if (!is_requests && pot.measure() != Measure::tokens) return;
  Level& level = is_requests ? requests_ : tokens_;
  const auto share = [](std::int64_t left, std::int64_t limit) { return static_cast<double>(left) / static_cast<double>(limit); };
  if (level.limit > 0 && share(level.remaining, level.limit) <= share(pot.room(), pot.limit())) return;
  level = {pot.limit(), pot.room(), pot.full_again_in()};
}

}  // namespace tollgate::limits
