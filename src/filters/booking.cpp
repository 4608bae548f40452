#include "filters/booking.hpp"

#include "filters/caller.hpp"
#include "filters/durable_wait.hpp"
#include "ledger/lane.hpp"
#include "openai/request_scan.hpp"
#include "openai/route.hpp"
#include "sharing/shared_pots.hpp"

#include <algorithm>
#include <array>

namespace tollgate::filters {

namespace {

// What an answer of that many tokens takes of a shared pot, prompt and all.
std::int64_t amount_of(Measure measure, const limits::Need& need, std::int64_t answer) {
  switch (measure) {
    case Measure::requests:
    case Measure::concurrent: return 1;
    case Measure::tokens: return need.prompt_tokens + answer;
    case Measure::money: return need.prompt_cost + limits::cost_at(need.answer_rate, answer);
  }
  return 0;
}

std::int64_t spent_of(Measure measure, const limits::Spent& spent) {
  switch (measure) {
    case Measure::requests: return spent.is_request ? 1 : 0;
    case Measure::concurrent: return 0;
    case Measure::tokens: return spent.tokens;
    case Measure::money: return spent.cost;
  }
  return 0;
}

bool caps_answers(const SpendRule& rule) {
  return (rule.measure == Measure::tokens || rule.measure == Measure::money) && !rule.is_audit_only &&
         rule.at_limit == AtLimit::end;
}

ledger::Charge charge_of(const Exchange& ex, const Deployment* deployment, WallTime at) {
  ledger::Charge charge;
  charge.at = at;
  charge.subscription = ex.subscription->name;
  charge.product = ex.subscription->product->name;
  charge.cost_center = ex.subscription->cost_center;
  charge.user = ex.user;
  charge.session = header_of(ex, HeaderName::x_tollgate_session);
  charge.task = header_of(ex, HeaderName::x_tollgate_task);
  charge.operation = name_of(ex.route.operation);
  charge.model_asked = ex.model ? std::string_view(ex.model_asked) : std::string_view();
  if (deployment) {
    charge.model = deployment->model;
    charge.deployment = deployment->name;
    charge.region = deployment->region;
    charge.kind = deployment->kind;
  }
  charge.is_batch = ex.route.operation == Operation::batches;
  return charge;
}

}  // namespace

Booking::~Booking() {
  if (is_settled_) return;
  is_abandoned_ = true;
  book();
}

void Booking::add(limits::Claim claim) {
  if (!claim.pot) claim.pot = claim.named.get();
  const SpendRule& rule = *claim.rule;
  counts_tokens_ = counts_tokens_ || rule.measure == Measure::tokens || rule.measure == Measure::money;
  claim.is_enforced = !rule.is_audit_only && !till_.shared;
  if (till_.shared && !rule.is_audit_only) {
    Shared shared{&rule, claim.numbers, {}};
    shared.ask.key = claim.pot->key();
    shared.ask.limit = rule.amount;
    shared.ask.when_unshared = rule.when_unshared;
    shared.ask.window_ms = rule.window.length.count();
    if (rule.measure == Measure::concurrent) {
      shared.ask.kind = sharing::PotKind::held;
    } else if (rule.window.kind == WindowKind::sliding) {
      shared.ask.kind = sharing::PotKind::sliding;
    } else {
      shared.ask.kind = sharing::PotKind::fixed;
      claim.pot->lock();
      claim.pot->advance(now_ms());
      const limits::Period period = claim.pot->period();
      claim.pot->unlock();
      if (rule.window.kind != WindowKind::life) {
        shared.ask.period_start_ms = period.begin_ms;
        shared.ask.window_ms = period.end_ms - period.begin_ms;
      }
    }
    shared_.push_back(shared);
  }
  reservation_.add(std::move(claim));
}

void Booking::stop_enforcing(const SpendRule& rule) {
  for (Shared& shared : shared_) {
    if (shared.rule == &rule) shared.is_enforced = false;
  }
  reservation_.stop_enforcing(rule);
}

awaitable<limits::Refusal> Booking::reserve(const limits::Need& need) {
  need_ = need;
  limits::Refusal refusal;
  limits::Need here = need;
  if (!shared_.empty()) {
    // What others have left is not known: a wish is tried, then less.
    std::int64_t tried = -1;
    const std::array<std::int64_t, 3> answers{shared_wish(need), need.answer_modest, need.answer_least};
    for (const std::int64_t answer : answers) {
      if (answer == tried) continue;
      tried = answer;
      refusal = co_await reserve_shared(need, answer);
      if (!refusal.rule || refusal.is_unshared) break;
    }
    if (refusal.rule) co_return refusal;
    granted_ = tried;
    here.answer_least = here.answer_modest = here.answer_wish = granted_;
  }
  refusal = reservation_.reserve(here, moment());
  if (refusal.rule) co_return refusal;
  is_reserved_ = true;
  granted_ = reservation_.granted_answer();
  const bool is_capped_elsewhere =
      std::any_of(shared_.begin(), shared_.end(), [](const Shared& shared) { return shared.is_enforced && caps_answers(*shared.rule); });
  is_capped_ = is_capped_elsewhere || reservation_.is_capped();
  co_return refusal;
}

// A small part of the limits' size, so that one long wish keeps nobody out; never less than modest.
std::int64_t Booking::shared_wish(const limits::Need& need) const {
  constexpr std::int64_t part = 64;
  std::int64_t wish = need.answer_wish;
  for (const Shared& shared : shared_) {
    if (!shared.is_enforced || !caps_answers(*shared.rule)) continue;
    const std::int64_t share = shared.rule->amount / part;
    if (shared.rule->measure == Measure::tokens) wish = std::min(wish, share);
    if (shared.rule->measure == Measure::money && need.answer_rate > 0) {
      wish = std::min(wish, static_cast<std::int64_t>(static_cast<double>(share) * 1000.0 / static_cast<double>(need.answer_rate)));
    }
  }
  return std::max(wish, need.answer_modest);
}

awaitable<limits::Refusal> Booking::reserve_shared(const limits::Need& need, std::int64_t answer) {
  std::vector<sharing::Ask> asks;
  std::vector<Shared*> asked;
  asks.reserve(shared_.size());
  for (Shared& shared : shared_) {
    if (!shared.is_enforced) continue;
    shared.ask.amount = amount_of(shared.rule->measure, need, answer);
    asks.push_back(shared.ask);
    asked.push_back(&shared);
  }
  limits::Refusal refusal;
  if (asks.empty()) co_return refusal;
  const std::span<sharing::Ask> all(asks);
  const sharing::Verdict verdict = co_await till_.shared->reserve(all, now_ms());
  if (!verdict.is_granted) {
    const auto by = static_cast<std::size_t>(std::max(0, verdict.refused_by));
    refusal.rule = asked[by]->rule;
    refusal.numbers = asked[by]->numbers;
    refusal.wait_ms = asks[by].wait_ms == 0 ? 1'000 : asks[by].wait_ms;
    refusal.is_unshared = verdict.is_unshared && asks[by].wait_ms == 0;
    refusal.used = asks[by].used_after;
    co_return refusal;
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    asked[i]->is_granted = true;
    asked[i]->held = asks[i].amount;
    asked[i]->slot_ms = sharing::slot_of(asks[i], verdict);
  }
  co_return refusal;
}

void Booking::release_spending() {
  need_ = {};
  reservation_.release_spending();
  for (Shared& shared : shared_) {
    const bool is_spending = shared.rule->measure == Measure::tokens || shared.rule->measure == Measure::money;
    if (!is_spending || shared.held == 0) continue;
    till_.shared->adjust(shared.ask.key, shared.ask.kind, shared.slot_ms, shared.ask.window_ms, -shared.held);
    shared.held = 0;
  }
}

awaitable<void> Booking::make_durable() {
  if (!till_.is_strict) return done();
  ledger::Charge charge = charge_of(ex_, ex_.deployment, at());
  if (of_ == Of::answer) charge.requests = 0;
  charge.usage.prompt_tokens = need_.prompt_tokens;
  charge.usage.completion_tokens = need_.answer_least;
  charge.usage.total_tokens = need_.prompt_tokens + need_.answer_least;
  charge.cost = reserved_cost();
  charge.is_estimated = true;
  std::vector<ledger::Delta> deltas;
  reservation_.each_held([&](const limits::Pot& pot, std::int64_t slot_ms, std::int64_t amount) {
    if (pot.measure() != Measure::concurrent) deltas.push_back({pot.meter(), slot_ms, amount});
  });
  const auto opened = till_.lane.open(charge, deltas);
  intent_ = opened.intent.id;
  return durable(opened.ticket);
}

awaitable<std::int64_t> Booking::top_up(std::int64_t wish) {
  for (Shared& shared : shared_) {
    if (!shared.is_enforced || !caps_answers(*shared.rule)) continue;
    sharing::Ask ask = shared.ask;
    ask.amount = shared.rule->measure == Measure::tokens ? wish : limits::cost_at(need_.answer_rate, wish);
    const std::span<sharing::Ask> one(&ask, 1);
    const sharing::Verdict verdict = co_await till_.shared->reserve(one, now_ms());
    if (!verdict.is_granted) co_return 0;  // what other pots gave for it is given back by the settling
    shared.held += ask.amount;
  }
  const std::int64_t more = reservation_.top_up(wish, now_ms());
  granted_ += more;
  co_return more;
}

// An answer of a session is of the moment that it is made, a request of the one when it came.
WallTime Booking::at() const { return of_ == Of::answer ? std::chrono::system_clock::now() : ex_.started_wall; }

std::int64_t Booking::reserved_cost() const { return need_.prompt_cost + limits::cost_at(need_.answer_rate, need_.answer_least); }

// An answer that was left before its end: what it would have said is not known, least of all as sound.
void Booking::assume_usage() {
  if (usage_.is_reported || !is_reserved_) return;
  usage_.prompt_tokens = need_.prompt_tokens;
  usage_.completion_tokens = need_.answer_least;
  usage_.total_tokens = usage_.prompt_tokens + usage_.completion_tokens;
  usage_.is_estimated = true;
  ex_.usage += usage_;
  ex_.usage.is_reported = false;
  ex_.usage.is_estimated = true;
}

// Usage as the provider told it, else as counted here, for whatever an upstream has served.
void Booking::note_usage() {
  if (of_ == Of::answer) return assume_usage();
  if (of_ == Of::session) return;
  // Looking at a stored answer shows what it cost when it was made; that is not spent again.
  settle_background();
  if (ex_.route.operation == Operation::response_object && ex_.route.tail != "/responses/compact") ex_.usage = Usage();
  if (ex_.usage.is_reported || ex_.prompt_estimate < 0) return;
  // Left while the provider was at work: the prompt has been read, nothing was delivered.
  const bool was_at_work = is_abandoned_ && ex_.was_sent && ex_.upstream_status == 0;
  if (ex_.upstream_status != 200 && !was_at_work) return;
  // It began, came to nothing, and the caller was told an error: that costs nothing.
  if (ex_.status >= 400) return;
  std::int64_t answer = ended_at_ >= 0 ? ended_at_ : delivered_ ? delivered_->tokens() : 0;
  // An answer that is made in the background is not seen here: it takes what it was granted until it is known.
  if (ex_.facts && ex_.facts->background) answer = std::max(answer, granted_);
  ex_.usage.prompt_tokens = ex_.prompt_estimate;
  ex_.usage.completion_tokens = answer;
  ex_.usage.total_tokens = ex_.prompt_estimate + answer;
  ex_.usage.is_estimated = true;
}

limits::Spent Booking::spent() {
  limits::Spent spent;
  spent.is_request = of_ == Of::answer ? is_reserved_ : ex_.attempts > 0;
  if (!usage_.is_reported && !usage_.is_estimated) return spent;
  spent.tokens = usage_.prompt_tokens + usage_.completion_tokens;
  if (!ex_.deployment || prices_.empty()) return spent;
  const bool is_batch = ex_.route.operation == Operation::batches;
  const auto rates = prices_[ex_.deployment->index].at(at(), usage_.prompt_tokens, is_batch);
  const bool was_left = of_ == Of::answer && usage_.is_estimated;
  spent.cost = was_left ? reserved_cost() : limits::cost_of(rates, usage_);
  const std::int64_t before = of_ == Of::answer ? std::max<std::int64_t>(0, ex_.cost) : 0;
  if (rates.is_priced) ex_.cost = before + spent.cost;
  return spent;
}

// The call that was let go of has cost its prompt.
void Booking::book_other(limits::Spent& spent) {
  if (prices_.empty()) return;
  Usage usage;
  usage.prompt_tokens = usage.total_tokens = std::max<std::int64_t>(0, ex_.prompt_estimate);
  usage.is_estimated = true;
  const auto rates = prices_[ex_.other->index].at(ex_.started_wall, usage.prompt_tokens, false);
  ledger::Charge charge = charge_of(ex_, ex_.other, at());
  charge.requests = 0;
  charge.usage = usage;
  charge.cost = limits::cost_of(rates, usage);
  charge.is_estimated = true;
  spent.tokens += usage.prompt_tokens;
  spent.cost += charge.cost;
  if (rates.is_priced) {
    ex_.cost = spent.cost;
    ex_.other_cost = charge.cost;
  }
  till_.lane.append(charge, {}, {});
}

ledger::Ticket Booking::book() {
  is_settled_ = true;
  note_usage();
  limits::Spent used = spent();
  const std::int64_t own_cost = used.cost;
  if (ex_.other) book_other(used);
  if (estimate_ && usage_.is_reported && usage_.total_tokens > 0) {
    estimate_->learn_answer(usage_.completion_tokens);
    if (ex_.prompt_estimate >= 0) estimate_->learn_prompt(ex_.prompt_estimate, usage_.prompt_tokens);
  }
  std::array<ledger::Delta, 16> first;
  std::vector<ledger::Delta> more;
  std::size_t count = 0;
  reservation_.settle(
      used, moment(),
      [&](const limits::Pot& pot, const SpendRule& rule, std::int64_t slot_ms, std::int64_t amount) {
        if (rule.measure == Measure::concurrent) return;
        const ledger::Delta delta{pot.meter(), slot_ms, amount};
        if (count < first.size()) {
          first[count++] = delta;
        } else {
          if (more.empty()) more.assign(first.begin(), first.end());
          more.push_back(delta);
        }
      },
      [&](const limits::Pot& pot, const SpendRule& rule, const limits::AlertReached& alert) {
        till_.alerts.on_alert({rule.name, pot.key(), alert.percent, alert.used, alert.limit, rule.measure,
                               std::chrono::system_clock::now()});
      });
  settle_shared(used);
  const ledger::Intent intent{intent_};
  if (!used.is_request) return intent_ != 0 ? till_.lane.withdraw(intent) : ledger::Ticket();
  ledger::Charge charge = charge_of(ex_, ex_.deployment, at());
  if (of_ == Of::answer) charge.requests = 0;
  charge.usage = usage_;
  charge.cost = own_cost;
  charge.is_estimated = usage_.is_estimated;
  const std::span<const ledger::Delta> deltas =
      more.empty() ? std::span<const ledger::Delta>(first.data(), count) : std::span<const ledger::Delta>(more);
  if (!ex_.background_id.empty() && usage_.is_estimated) keep_unsettled(used, charge);
  return till_.lane.append(charge, deltas, intent);
}

void Booking::settle_shared(const limits::Spent& used) {
  for (Shared& shared : shared_) {
    const std::int64_t change = spent_of(shared.rule->measure, used) - shared.held;
    // What was never asked for is told only when it came to something.
    const bool is_counted_only = !shared.is_granted && (shared.is_enforced || shared.rule->measure == Measure::concurrent);
    if (change == 0 || is_counted_only) continue;
    if (!shared.is_granted) {
      shared.slot_ms = sharing::slot_of(shared.ask.kind, shared.ask.window_ms, shared.ask.period_start_ms, now_ms());
    }
    shared.held += change;
    till_.shared->adjust(shared.ask.key, shared.ask.kind, shared.slot_ms, shared.ask.window_ms, change);
  }
}

// A look at an answer that was made in the background and has come to its end.
void Booking::settle_background() {
  if (ex_.stored_end == StoredEnd::none || ex_.upstream_status != 200 || ex_.route.operation != Operation::response_object) return;
  if (ex_.stored_end == StoredEnd::done && !ex_.usage.is_reported) return;
  const auto answer = till_.unsettled.take(affinity::key_of(openai::ids_in_path(ex_.route).outer));
  if (answer) answer->settle(ex_.stored_end, ex_.usage, till_);
}

// Of an answer that is made in the background, as it is booked now.
void Booking::keep_unsettled(const limits::Spent& used, const ledger::Charge& charge) {
  auto answer = std::make_unique<UnsettledAnswer>(charge, used, std::move(reservation_));
  answer->least_answer = std::max(delivered_ ? delivered_->tokens() : 0, std::min(granted_, need_.answer_least));
  if (!prices_.empty()) answer->prices = prices_[ex_.deployment->index];
  answer->estimate = estimate_;
  answer->prompt_counted = ex_.prompt_estimate;
  for (const Shared& shared : shared_) {
    const bool is_spending = shared.rule->measure == Measure::tokens || shared.rule->measure == Measure::money;
    if (is_spending && shared.held != 0) answer->shared.push_back({shared.rule->measure, shared.ask, shared.slot_ms, shared.held});
  }
  till_.unsettled.add(affinity::key_of(ex_.background_id), std::move(answer));
}

awaitable<void> Booking::settle() {
  const ledger::Ticket ticket = book();
  if (!till_.is_strict) return done();
  return durable(ticket);
}

awaitable<void> Booking::durable(ledger::Ticket ticket) {
  DurableWait wait(ex_.loop, till_.ledger, ticket);
  co_await wait;
}

}  // namespace tollgate::filters
