#include "filters/unsettled.hpp"

#include "filters/caller.hpp"
#include "ledger/lane.hpp"
#include "sharing/shared_pots.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace tollgate::filters {

namespace {

std::array<std::string_view*, 11> texts_of(ledger::Charge& charge) {
  return {&charge.subscription, &charge.product, &charge.cost_center, &charge.user,       &charge.session, &charge.task,
          &charge.operation,    &charge.model,   &charge.model_asked, &charge.deployment, &charge.region};
}

// Of what the books keep.
Usage difference(const Usage& now, const Usage& before) {
  Usage usage;
  usage.prompt_tokens = now.prompt_tokens - before.prompt_tokens;
  usage.cached_tokens = now.cached_tokens - before.cached_tokens;
  usage.completion_tokens = now.completion_tokens - before.completion_tokens;
  usage.reasoning_tokens = now.reasoning_tokens - before.reasoning_tokens;
  return usage;
}

}  // namespace

UnsettledAnswer::UnsettledAnswer(const ledger::Charge& charge, const limits::Spent& booked, limits::Reservation&& reservation)
    : charge_(charge), spent_(booked), reservation_(std::move(reservation)) {
  std::size_t size = 0;
  for (const std::string_view* text : texts_of(charge_)) size += text->size();
  texts_.reserve(size);  // views into it stay good
  for (std::string_view* text : texts_of(charge_)) {
    const std::size_t from = texts_.size();
    texts_.append(*text);
    *text = std::string_view(texts_).substr(from);
  }
}

Usage UnsettledAnswer::usage_of(StoredEnd end, const Usage& told) const {
  if (told.is_reported) return told;
  Usage usage;
  usage.prompt_tokens = charge_.usage.prompt_tokens;
  if (end == StoredEnd::cancelled) usage.completion_tokens = least_answer;
  usage.total_tokens = usage.prompt_tokens + usage.completion_tokens;
  usage.is_estimated = true;
  return usage;
}

void UnsettledAnswer::settle(StoredEnd end, const Usage& told, Till& till) {
  const Usage usage = usage_of(end, told);
  if (estimate && told.is_reported) {
    estimate->learn_answer(told.completion_tokens);
    estimate->learn_prompt(prompt_counted, told.prompt_tokens);
  }
  ledger::Charge charge = charge_;
  charge.requests = 0;
  charge.usage = difference(usage, charge_.usage);
  charge.cost = (prices ? limits::cost_of(prices->at(charge_.at, usage.prompt_tokens, false), usage) : 0) - charge_.cost;
  charge.is_estimated = false;
  charge.ends_estimate = told.is_reported;
  spent_.tokens += charge.usage.prompt_tokens + charge.usage.completion_tokens;
  spent_.cost += charge.cost;
  std::vector<ledger::Delta> deltas;
  reservation_.correct(spent_, now_ms(), [&](const limits::Pot& pot, std::int64_t slot_ms, std::int64_t amount) {
    if (pot.measure() != Measure::concurrent && amount != 0) deltas.push_back({pot.meter(), slot_ms, amount});
  });
  for (const SharedPart& part : shared) {
    const std::int64_t change = (part.measure == Measure::tokens ? spent_.tokens : spent_.cost) - part.held;
    if (change == 0 || !till.shared) continue;
    till.shared->adjust(part.ask.key, part.ask.kind, part.slot_ms, part.ask.window_ms, change);
  }
  till.lane.append(charge, deltas);
}

void Unsettled::add(affinity::ObjectKey key, std::unique_ptr<UnsettledAnswer> answer) {
  const auto now = Clock::now();
  std::list<Entry> gone;  // let go of without the lock
  const std::lock_guard lock(mutex_);
  const auto drop = [&](std::list<Entry>::iterator entry) {
    by_key_.erase(entry->key);
    gone.splice(gone.end(), entries_, entry);
  };
  if (const auto same = by_key_.find(key); same != by_key_.end()) drop(same->second);
  while (!entries_.empty() && (entries_.size() >= most || now - entries_.front().since > keep)) drop(entries_.begin());
  entries_.push_back({key, now, std::move(answer)});
  by_key_.emplace(key, std::prev(entries_.end()));
}

std::unique_ptr<UnsettledAnswer> Unsettled::take(affinity::ObjectKey key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  auto answer = std::move(found->second->answer);
  entries_.erase(found->second);
  by_key_.erase(found);
  return answer;
}

}  // namespace tollgate::filters
