#include "limits/estimate.hpp"

#include <algorithm>
#include <cmath>

namespace tollgate::limits {

namespace {

constexpr double quantile = 0.95;
constexpr double step = 0.05;    // of the present value, an answer
constexpr double least = 16;
constexpr double forget = 0.999;  // of the excess, a prompt

}  // namespace

std::int64_t Estimate::prompt(std::int64_t tokens) const noexcept {
  return tokens + static_cast<std::int64_t>(std::ceil(prompt_excess_.load(std::memory_order_relaxed)));
}

// The first answers say more than the guess: somewhat above the longest of them is expected.
// Then it moves up by much when it was too low and down by little when it was not: settles where the two
// balance, which is the quantile. Two threads that learn at once may lose one lesson.
void Estimate::learn_answer(std::int64_t tokens) noexcept {
  const double now = answer_.load(std::memory_order_relaxed);
  if (const int learnt = learnt_.load(std::memory_order_relaxed); learnt < few_answers) {
    learnt_.store(learnt + 1, std::memory_order_relaxed);
    const double seen = static_cast<double>(tokens) * 1.25 + least;
    answer_.store(learnt == 0 ? seen : std::max(now, seen), std::memory_order_relaxed);
    return;
  }
  const double pace = step * std::max(now, least);
  const double next = static_cast<double>(tokens) > now ? now + pace * quantile / (1 - quantile) * 0.25 : now - pace * 0.25;
  answer_.store(std::max(least, next), std::memory_order_relaxed);
}

void Estimate::learn_prompt(std::int64_t counted, std::int64_t reported) noexcept {
  const double before = prompt_excess_.load(std::memory_order_relaxed) * forget;
  // A provider that adds tools or images of its own is not followed without bound.
  const double seen = std::min(static_cast<double>(reported - counted), 0.5 * static_cast<double>(counted) + 64);
  prompt_excess_.store(std::max({0.0, before, seen}), std::memory_order_relaxed);
}

Estimate& Estimates::of(std::string_view subscription, std::string_view model) {
  std::string name(subscription);
  name.append("|").append(model);
  const std::lock_guard hold(mutex_);
  auto& estimate = by_name_[name];
  if (!estimate) estimate = std::make_unique<Estimate>();
  return *estimate;
}

}  // namespace tollgate::limits
