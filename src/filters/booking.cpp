#include "filters/booking.hpp"

#include "filters/durable_wait.hpp"
#include "ledger/lane.hpp"
#include "sharing/shared_pots.hpp"

#include <algorithm>
#include <array>

namespace tollgate::filters {

namespace {

std::int64_t to_ms(WallTime time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

std::int64_t now_ms() { return to_ms(std::chrono::system_clock::now()); }

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

std::string_view header_of(const Exchange& ex, HeaderName name) {
  for (const Header& header : ex.headers) {
    if (header.known == name) return header.value;
  }
  return {};
}

ledger::Charge charge_of(const Exchange& ex) {
  ledger::Charge charge;
  charge.at = ex.started_wall;
  charge.subscription = ex.subscription->name;
  charge.product = ex.subscription->product->name;
  charge.cost_center = ex.subscription->cost_center;
  charge.user = ex.user;
  charge.session = header_of(ex, HeaderName::x_tollgate_session);
  charge.task = header_of(ex, HeaderName::x_tollgate_task);
  charge.operation = name_of(ex.route.operation);
  charge.model_asked = ex.model ? std::string_view(ex.model_asked) : std::string_view();
  if (ex.deployment) {
    charge.model = ex.deployment->model;
    charge.deployment = ex.deployment->name;
    charge.region = ex.deployment->region;
    charge.kind = ex.deployment->kind;
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
      claim.pot->advance(to_ms(ex_.started_wall));
      const limits::Period period = claim.pot->period();
      claim.pot->unlock();
      shared.ask.period_start_ms = period.begin_ms;
      if (rule.window.kind != WindowKind::life) shared.ask.window_ms = period.end_ms - period.begin_ms;
    }
    shared_.push_back(shared);
  }
  reservation_.add(std::move(claim));
}

void Booking::stop_enforcing(const SpendRule& rule) {
  std::erase_if(shared_, [&](const Shared& shared) { return shared.rule == &rule; });
  reservation_.stop_enforcing(rule);
}

awaitable<limits::Refusal> Booking::reserve(const limits::Need& need) {
  need_ = need;
  limits::Refusal refusal;
  limits::Need here = need;
  if (!shared_.empty()) {
    refusal = co_await reserve_shared(need, need.answer_modest);
    if (!refusal.rule) {
      granted_ = need.answer_modest;
    } else if (!refusal.is_unshared && need.answer_least < need.answer_modest) {
      refusal = co_await reserve_shared(need, need.answer_least);
      granted_ = need.answer_least;
    }
    if (refusal.rule) co_return refusal;
    here.answer_least = here.answer_modest = here.answer_wish = granted_;
  }
  refusal = reservation_.reserve(here, to_ms(ex_.started_wall));
  if (refusal.rule) co_return refusal;
  granted_ = reservation_.granted_answer();
  const bool is_capped_elsewhere =
      std::any_of(shared_.begin(), shared_.end(), [](const Shared& shared) { return caps_answers(*shared.rule); });
  is_capped_ = is_capped_elsewhere || reservation_.is_capped();
  co_return refusal;
}

awaitable<limits::Refusal> Booking::reserve_shared(const limits::Need& need, std::int64_t answer) {
  std::vector<sharing::Ask> asks;
  asks.reserve(shared_.size());
  for (Shared& shared : shared_) {
    shared.ask.amount = amount_of(shared.rule->measure, need, answer);
    asks.push_back(shared.ask);
  }
  const std::span<sharing::Ask> all(asks);
  const sharing::Verdict verdict = co_await till_.shared->reserve(all, to_ms(ex_.started_wall));
  limits::Refusal refusal;
  if (!verdict.is_granted) {
    const auto by = static_cast<std::size_t>(std::max(0, verdict.refused_by));
    refusal.rule = shared_[by].rule;
    refusal.numbers = shared_[by].numbers;
    refusal.wait_ms = asks[by].wait_ms == 0 ? 1'000 : asks[by].wait_ms;
    refusal.is_unshared = verdict.is_unshared && asks[by].wait_ms == 0;
    refusal.used = asks[by].used_after;
    co_return refusal;
  }
  for (std::size_t i = 0; i < shared_.size(); ++i) {
    shared_[i].held = asks[i].amount;
    shared_[i].slot_ms = sharing::slot_of(asks[i], verdict);
  }
  co_return refusal;
}

awaitable<void> Booking::make_durable() {
  if (!till_.is_strict) return done();
  ledger::Charge charge = charge_of(ex_);
  charge.usage.prompt_tokens = need_.prompt_tokens;
  charge.usage.completion_tokens = need_.answer_least;
  charge.usage.total_tokens = need_.prompt_tokens + need_.answer_least;
  charge.cost = need_.prompt_cost + limits::cost_at(need_.answer_rate, need_.answer_least);
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
    if (!caps_answers(*shared.rule)) continue;
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

// Usage as the provider told it, else as counted here, for whatever an upstream has served.
void Booking::note_usage() {
  if (ex_.usage.is_reported || ex_.prompt_estimate < 0) return;
  // Left while the provider was at work: the prompt has been read, nothing was delivered.
  const bool was_at_work = is_abandoned_ && ex_.attempts > 0 && ex_.upstream_status == 0;
  if (ex_.upstream_status != 200 && !was_at_work) return;
  const std::int64_t answer = ended_at_ >= 0 ? ended_at_ : delivered_ ? delivered_->tokens() : 0;
  ex_.usage.prompt_tokens = ex_.prompt_estimate;
  ex_.usage.completion_tokens = answer;
  ex_.usage.total_tokens = ex_.prompt_estimate + answer;
  ex_.usage.is_estimated = true;
}

limits::Spent Booking::spent() {
  limits::Spent spent;
  spent.is_request = ex_.attempts > 0;
  if (!ex_.usage.is_reported && !ex_.usage.is_estimated) return spent;
  spent.tokens = ex_.usage.prompt_tokens + ex_.usage.completion_tokens;
  if (!ex_.deployment || prices_.empty()) return spent;
  const bool is_batch = ex_.route.operation == Operation::batches;
  const auto rates = prices_[ex_.deployment->index].at(ex_.started_wall, ex_.usage.prompt_tokens, is_batch);
  spent.cost = limits::cost_of(rates, ex_.usage);
  if (rates.is_priced) ex_.cost = spent.cost;
  return spent;
}

ledger::Ticket Booking::book() {
  is_settled_ = true;
  note_usage();
  const limits::Spent used = spent();
  if (estimate_ && ex_.usage.is_reported) {
    estimate_->learn_answer(ex_.usage.completion_tokens);
    if (ex_.prompt_estimate >= 0) estimate_->learn_prompt(ex_.prompt_estimate, ex_.usage.prompt_tokens);
  }
  std::array<ledger::Delta, 16> first;
  std::vector<ledger::Delta> more;
  std::size_t count = 0;
  reservation_.settle(
      used, to_ms(ex_.started_wall),
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
      [&](const limits::Pot& pot, const SpendRule& rule, int percent) {
        till_.alerts.on_alert({rule.name, pot.key(), percent, pot.use(), pot.limit(), rule.measure, ex_.started_wall});
      });
  settle_shared(used);
  const ledger::Intent intent{intent_};
  if (!used.is_request) return intent_ != 0 ? till_.lane.withdraw(intent) : ledger::Ticket();
  ledger::Charge charge = charge_of(ex_);
  charge.usage = ex_.usage;
  charge.cost = used.cost;
  charge.is_estimated = ex_.usage.is_estimated;
  const std::span<const ledger::Delta> deltas =
      more.empty() ? std::span<const ledger::Delta>(first.data(), count) : std::span<const ledger::Delta>(more);
  return till_.lane.append(charge, deltas, intent);
}

void Booking::settle_shared(const limits::Spent& used) {
  for (const Shared& shared : shared_) {
    if (shared.held == 0) continue;  // never granted
    const std::int64_t change = spent_of(shared.rule->measure, used) - shared.held;
    if (change != 0) {
      till_.shared->adjust(shared.ask.key, shared.ask.kind, shared.slot_ms, shared.ask.window_ms, change);
    }
  }
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
