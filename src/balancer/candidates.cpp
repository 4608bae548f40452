#include "balancer/candidates.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

namespace tollgate::balancer {

namespace {

// A deployment gives a call away only to one that is clearly quicker: small differences are noise.
constexpr double clearly = 1.5;
// Of equals of which none is known: any value does, for then what is under way decides.
constexpr double unknown_seconds = 0.3;
// Prompts go where their beginning is cached unless that costs more than twice the wait.
constexpr double worth_a_cache = 2.0;
constexpr double wait_that_hurts_nobody = 0.05;  // seconds

double random_part() {
  thread_local std::minstd_rand source{std::random_device{}()};
  return std::generate_canonical<double, 30>(source);
}

// None: it is not passed over.
Spill skipped_for(const Standing& standing) noexcept {
  if (standing.is_full) return Spill::full;
  if (standing.is_open_to_calls) return Spill::none;
  return standing.why == Closed::throttled ? Spill::throttled : Spill::open;
}

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) noexcept {
  std::uint64_t x = a ^ (b + 0x9E3779B97F4A7C15u + (a << 6) + (a >> 2));
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

std::string_view reason_of(Spill spill) noexcept {
  switch (spill) {
    case Spill::none: return "primary";
    case Spill::full: return "spill:full";
    case Spill::throttled: return "spill:429";
    case Spill::failed: return "spill:error";
    case Spill::timeout: return "spill:timeout";
    case Spill::unreachable: return "spill:connect";
    case Spill::open: return "spill:open";
  }
  return "";
}

std::optional<Candidate> Candidates::next(TimePoint now) {
  Step spared;  // with those of one step only: the earliest that has any
  bool spared_are_first = false;
  Spill skipped = Spill::none;
  int ordinal = 0;
  for (std::size_t step = 0; step < route_.size(); ++step) {
    const bool is_first = step == 0;
    if (!is_first && spill_ == Spill::none) spill_ = skipped == Spill::none ? Spill::open : skipped;
    const bool keeps_spared = spared.empty();
    Step open;
    for (const RouteChoice& choice : route_[step]) {
      const int place = ordinal++;
      if ((tried_ >> place & 1) != 0 || !is_admitted(*choice.deployment)) continue;
      const Standing standing = backends_[choice.deployment->index]->look(ask_, choice.weight, now);
      if (standing.is_full && !full_) full_ = backends_[choice.deployment->index];
      if (skipped == Spill::none) skipped = skipped_for(standing);
      if (!standing.is_open_to_calls) continue;
      if (standing.is_to_be_spared) {
        if (keeps_spared) spared.push_back({&choice, place, standing});
        if (keeps_spared) spared_are_first = is_first;
        continue;
      }
      if (route_[step].size() > 1) {
        open.push_back({&choice, place, standing});
      } else if (auto found = enter({&choice, place, standing, standing.seconds}, is_first, now)) {
        return found;  // the usual route, without a list
      }
    }
    if (auto found = take(open, is_first, now)) return found;
  }
  return take(spared, spared_are_first, now);
}

// Nullopt: it has closed since it was looked at, by another worker's doing.
std::optional<Candidate> Candidates::enter(const Found& found, bool is_first_step, TimePoint now) {
  tried_ |= 1u << found.ordinal;
  const Deployment* const deployment = found.choice->deployment;
  Backend& backend = *backends_[deployment->index];
  auto visit = Visit::begin(backend, now, ask_, found.expected);
  if (!visit) return std::nullopt;
  if (full_ && full_ != &backend && !is_spill_told_) {
    full_->note_spill(ask_.traffic);
    is_spill_told_ = true;
  }
  // Another of the first step, with nothing tried, is where the call belongs all the same.
  const bool was_only_passed_over = spill_ == Spill::open || spill_ == Spill::full;
  const Spill why = is_first_step && was_only_passed_over ? Spill::none : spill_;
  return Candidate{deployment, std::move(*visit), reason_of(why)};
}

std::optional<Candidate> Candidates::take(Step& open, bool is_first_step, TimePoint now) {
  weigh_up(open);
  while (!open.empty()) {
    const Found chosen = open.size() == 1 ? open.front() : ask_.prefix_hash != 0 ? home_of_prefix(open) : best_of(open);
    if (auto found = enter(chosen, is_first_step, now)) return found;
    std::erase_if(open, [&](const Found& found) { return found.ordinal == chosen.ordinal; });
  }
  return std::nullopt;
}

// Who is not known (any more) is taken for the mean of the others.
void Candidates::weigh_up(Step& open) noexcept {
  double sum = 0, known = 0;
  for (const Found& found : open) {
    sum += found.standing.confidence * found.standing.seconds;
    known += found.standing.confidence;
  }
  const double mean = known > 0 ? sum / known : 0;
  for (Found& found : open) {
    const Standing& standing = found.standing;
    found.expected = standing.confidence * standing.seconds + (1 - standing.confidence) * mean;
    found.cost = (known > 0 ? found.expected : unknown_seconds) * standing.load;
  }
}

// Two by chance and by weight; the first has it unless the second is clearly quicker.
const Candidates::Found& Candidates::best_of(const Step& open) const {
  const auto by_weight = [&](const Found* without) -> const Found& {
    int total = 0;
    for (const Found& found : open) total += &found == without ? 0 : found.choice->weight;
    double at = random_part() * total;
    const Found* last = nullptr;
    for (const Found& found : open) {
      if (&found == without) continue;
      last = &found;
      if ((at -= found.choice->weight) < 0) break;
    }
    return *last;
  };
  const Found& first = by_weight(nullptr);
  const Found& second = by_weight(&first);
  return first.cost > clearly * second.cost ? second : first;
}

// Rendezvous: each prefix has an order of its own among the deployments, and keeps most of it when one
// comes or goes.
const Candidates::Found& Candidates::home_of_prefix(const Step& open) const {
  const Found* home = nullptr;
  double highest = -1, least = open.front().cost;
  for (const Found& found : open) {
    const std::uint64_t draw = mixed(ask_.prefix_hash, std::hash<std::string>{}(found.choice->deployment->name));
    const double part = (static_cast<double>(draw >> 11) + 0.5) * 0x1.0p-53;
    const double score = -static_cast<double>(found.choice->weight) / std::log(part);
    if (score > highest) {
      highest = score;
      home = &found;
    }
    least = std::min(least, found.cost);
  }
  return home->cost > worth_a_cache * least + wait_that_hurts_nobody ? best_of(open) : *home;
}

Backend* Candidates::worth_waiting_for(TimePoint now) const {
  Backend* full = nullptr;
  for (const RouteStep& step : route_) {
    for (const RouteChoice& choice : step) {
      if (!is_admitted(*choice.deployment)) continue;
      Backend* const backend = backends_[choice.deployment->index];
      const Standing standing = backend->look(ask_, choice.weight, now);
      const bool has_no_room = standing.is_full || standing.why == Closed::throttled;
      if (has_no_room && choice.deployment->queue && !full) full = backend;
      if (has_no_room || !standing.is_open_to_calls) continue;
      return choice.deployment->kind == DeploymentKind::ptu ? nullptr : full;
    }
  }
  return full;
}

Candidates::Opening Candidates::opens_first(TimePoint now) const {
  Opening first;
  for (const RouteStep& step : route_) {
    for (const RouteChoice& choice : step) {
      if (!is_admitted(*choice.deployment)) continue;
      Backend& backend = *backends_[choice.deployment->index];
      const Standing standing = backend.look(ask_, choice.weight, now);
      first.is_any_open = first.is_any_open || standing.is_open_to_calls;
      if (standing.is_open_to_calls) continue;
      const TimePoint at = backend.free_at(ask_, now);
      if (first.deployment && at >= first.at) continue;
      first.deployment = choice.deployment;
      first.at = at;
      first.why = standing.why;
    }
  }
  return first;
}

bool Candidates::has_untried() const noexcept {
  std::size_t all = 0;
  for (const RouteStep& step : route_) all += step.size();
  return static_cast<std::size_t>(std::popcount(tried_)) < all;
}

bool Candidates::is_any_admitted() const {
  for (const RouteStep& step : route_) {
    for (const RouteChoice& choice : step) {
      if (is_admitted(*choice.deployment)) return true;
    }
  }
  return false;
}

}  // namespace tollgate::balancer
