#include "balancer/ptu_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tollgate::balancer {

namespace {

double in_seconds(Duration time) noexcept { return std::chrono::duration<double>(time).count(); }
Duration for_seconds(double seconds) noexcept {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// All in shares of the size: how wrong a sighting is, mostly because calls under way are charged by
// estimates, one whose beginning is not known for sure, and one from long ago.
constexpr double slack_of_size = 0.03, cold_slack_of_size = 0.15, look_back_slack_of_size = 0.05;
constexpr double known_rate = 0.03;  // doubt, as a share: good enough to tell when it began to fill up
// How far off the rate is looked for that explains how it filled up, and in how many steps.
constexpr double widest = 4;
constexpr int steps = 40;
// How far above the top it has to be predicted before a call that is accepted contradicts it.
constexpr double margin = 0.06;

// By how much the level may go wrong, of the size, before it has to be seen again. Not too often, and
// not too seldom.
constexpr double most_drift = 0.02;
constexpr double least_trust = 3;        // seconds
constexpr double most_trust = 20;        // windows
constexpr double between_looks = 0.25;   // seconds: a refusal is back by then
// A look costs a refusal. Who is usually found to be right may wait longer for the next.
constexpr double first_error = 0.05, error_pace = 0.3;  // of the size
constexpr double most_patience = 8;

constexpr double least_window = 5;       // seconds
constexpr double most_utilization = 10;  // that is believed
// Who lets nobody in above the top is not far above it. More than what went in from here explains, and a
// bucket on top of that, is no level, whatever a refusal says; the time that it says holds all the same.
constexpr double most_surprise = 1;

}  // namespace

PtuModel::PtuModel(double rate, TimePoint now) noexcept
    : fit_(rate), now_(now), usual_error_(first_error), good_until_(now), refused_until_(now), next_look_(now) {
  last_.at = now;
  filling_.note(now, 0);
}

double PtuModel::utilization(TimePoint now) const noexcept {
  const double level = level_ - fit_.rate() * std::max(0.0, in_seconds(now - now_));
  return std::max(0.0, level) / fit_.size();
}

TimePoint PtuModel::below(double line, double tokens, TimePoint now) const noexcept {
  const double above = (utilization(now) - line) * fit_.size() + tokens;
  return std::max(now + for_seconds(std::max(0.0, above) / fit_.rate()), refused_until_);
}

bool PtuModel::wants_to_see(TimePoint now) const noexcept {
  if (now < good_until_ || now < refused_until_) return false;
  return now >= next_look_ || utilization(now) <= 1 + margin;
}

PtuCharge PtuModel::admit(double tokens, TimePoint now) noexcept {
  drain(now);
  PtuCharge charge;
  charge.at = now;
  charge.tokens = tokens;
  charge.fed_before = fed_ + refused_;
  charge.level_before = level_ - corrections_;
  // Beyond the top one call at a time finds out, so that those that come together are not all refused.
  if (level_ > fit_.size() * (1 + margin)) next_look_ = now + for_seconds(std::min(between_looks, tokens / fit_.rate()));
  feed(tokens);
  return charge;
}

void PtuModel::refused(const PtuCharge& charge, std::optional<Duration> until_free, TimePoint now) noexcept {
  drain(now);
  const double level_then = level_at(charge);
  // Those that came after it found a bucket without it.
  feed(-charge.tokens);
  refused_ += charge.tokens;
  corrections_ -= charge.tokens;
  // When nothing is said: the call before was let in, so it is above the top by no more than one call.
  const double half_a_call = charge.tokens / 2;
  const double seconds = until_free ? in_seconds(*until_free) : half_a_call / fit_.rate();
  const double believable = (std::max(level_then - fit_.size(), 0.0) + most_surprise * fit_.size()) / fit_.rate();
  see({charge.at, charge.fed_before, 1, std::min(seconds, believable)}, level_then, until_free ? 0 : half_a_call);
  refused_until_ = std::max(refused_until_, charge.at + for_seconds(seconds));
}

void PtuModel::accepted(const PtuCharge& charge, std::optional<double> reported, TimePoint now) noexcept {
  drain(now);
  const double level_then = level_at(charge);
  if (reported) {
    const double share = std::clamp(*reported, 0.0, most_utilization);
    return see({charge.at, charge.fed_before + charge.tokens, share, 0}, level_then + charge.tokens, 0);
  }
  if (charge.at > last_.at) {
    const double fed = charge.fed_before - refused_ - last_.fed;
    fit_.learn_at_most(fed - margin * fit_.size(), 1 - last_.of_size, in_seconds(charge.at - last_.at) - last_.seconds);
  }
  correct(std::min(0.0, fit_.size() - level_then));
}

void PtuModel::settle(const PtuCharge& charge, double used, TimePoint now) noexcept {
  drain(now);
  feed(used - charge.tokens);
}

void PtuModel::use(double tokens, TimePoint now) noexcept {
  drain(now);
  feed(tokens);
}

void PtuModel::drain(TimePoint now) noexcept {
  const double passed = in_seconds(now - now_);
  if (passed <= 0) return;
  now_ = now;
  level_ -= fit_.rate() * passed;
  keep_level_above_nothing();
  const double doubt = std::min(0.65, 0.02 + 3 * fit_.rate_doubt());
  most_ = std::max(most_ - (1 - doubt) * fit_.rate() * passed, level_);
  if (most_ > 0) {
    filling_.note(now, fed_);
    return;
  }
  last_ = {now, fed_, 0, 0};
  dry_seconds_ = 0;
  filling_.clear();
  filling_.note(now, fed_);
  // Nobody asked for longer than it takes to run dry.
  if (passed > 2 * fit_.window()) is_cold_ = false;
}

void PtuModel::feed(double tokens) noexcept {
  fed_ += tokens;
  level_ += tokens;
  most_ = std::max(0.0, most_ + tokens);
  keep_level_above_nothing();
}

void PtuModel::keep_level_above_nothing() noexcept {
  if (level_ >= 0) return;
  dry_seconds_ -= level_ / fit_.rate();
  level_ = 0;
}

void PtuModel::correct(double by) noexcept {
  corrections_ += by;
  level_ = std::max(0.0, level_ + by);
}

void PtuModel::see(Sighting seen, double level_then, double slack) noexcept {
  seen.fed -= refused_;
  note_error((seen.of_size * fit_.size() + seen.seconds * fit_.rate() - level_then) / fit_.size(), seen.at >= good_until_);
  learn(seen, slack);
  correct(seen.of_size * fit_.size() + seen.seconds * fit_.rate() - level_then);
  most_ = level_;
  ++sightings_;
  const double trust = std::clamp(patience_ * most_drift * fit_.window() / fit_.rate_doubt(), least_trust, most_trust * fit_.window());
  good_until_ = std::max(good_until_, seen.at + for_seconds(trust));
}

void PtuModel::note_error(double error, bool was_due) noexcept {
  // Refusals of calls that came together find what the first of them has put right.
  if (!was_due && std::abs(error) <= usual_error_) return;
  usual_error_ += error_pace * (std::abs(error) - usual_error_);
  if (usual_error_ > 2 * most_drift) {
    patience_ = std::max(1.0, patience_ / 2);
  } else if (usual_error_ < most_drift && was_due) {
    patience_ = std::min(most_patience, patience_ * 2);
  }
}

void PtuModel::learn(const Sighting& seen, double slack) noexcept {
  if (seen.at <= last_.at) return;
  const Rise all{seen.fed - last_.fed, seen.of_size - last_.of_size,
                 in_seconds(seen.at - last_.at) + seen.seconds - last_.seconds};
  // Full so soon after a start: it was not empty then. And time does not run backwards.
  const bool says_nothing = (is_cold_ && all.fed < fit_.rate() * least_window) || all.seconds <= 0;
  if (!says_nothing) {
    const bool was_empty = seen.of_size == 1 && (last_.of_size == 0 || dry_seconds_ > fit_.window());
    const Rise rise = was_empty ? likeliest_rise(seen) : all;
    // Dry for a moment, if the rate is right: half of it may be wrong.
    const double half_dry = was_empty ? 0 : dry_seconds_ / 2;
    slack += fit_.rate() * half_dry + (is_cold_ ? cold_slack_of_size : slack_of_size) * fit_.size();
    const bool knew_rate = fit_.rate_doubt() <= known_rate;
    if (!fit_.learn(rise.fed, rise.of_size, rise.seconds - half_dry, slack)) return;
    if (was_empty && !knew_rate) {
      first_filling_ = filling_;
      first_full_ = seen;
    } else {
      look_back_at_first_filling();
    }
  }
  last_ = seen;
  filling_.clear();
  dry_seconds_ = 0;
  is_cold_ = false;
}

// It was empty, and then it filled up: since when depends on the rate, and what is learnt of the rate on that.
PtuModel::Rise PtuModel::likeliest_rise(const Sighting& full) const noexcept {
  Rise likeliest;
  double least = std::numeric_limits<double>::infinity();
  for (int i = -steps; i <= steps; ++i) {
    const double rate = fit_.rate() * std::pow(widest, static_cast<double>(i) / steps);
    const Rise rise = highest_rise(filling_, full, rate);
    const double strangeness = fit_.strangeness(rate, rise.fed - rate * rise.seconds);
    if (strangeness >= least) continue;
    least = strangeness;
    likeliest = rise;
  }
  return likeliest;
}

PtuModel::Rise PtuModel::highest_rise(const Filling& filling, const Sighting& full, double rate) noexcept {
  Rise highest;
  double most = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < filling.count; ++i) {
    const Mark& mark = filling.marks[i];
    const Rise rise{full.fed - mark.fed, full.of_size, in_seconds(full.at - mark.at) + full.seconds};
    const double height = rise.fed - rate * rise.seconds;
    if (rise.seconds <= 0 || height <= most) continue;
    most = height;
    highest = rise;
  }
  return highest;
}

void PtuModel::Filling::note(TimePoint at, double fed) noexcept {
  if (count > 0 && at - marks[count - 1].at < between) return;
  if (count == marks.size()) {
    for (std::size_t i = 1; 2 * i < count; ++i) marks[i] = marks[2 * i];
    count /= 2;
    between *= 2;
  }
  marks[count++] = {at, fed};
}

void PtuModel::Filling::clear() noexcept {
  count = 0;
  between = soonest;
}

// Now that the rate is known, the way up to the first refusal tells the size.
void PtuModel::look_back_at_first_filling() noexcept {
  if (first_filling_.count == 0 || fit_.rate_doubt() > known_rate) return;
  const Rise rise = highest_rise(first_filling_, first_full_, fit_.rate());
  if (rise.seconds > 0) fit_.learn(rise.fed, 1, rise.seconds, look_back_slack_of_size * fit_.size());
  first_filling_.count = 0;
}

}  // namespace tollgate::balancer
