// May the caller spend this now: reserves over every limit and budget that applies, before anything
// is sent, and settles when the exchange has ended, whichever way (filters/booking.hpp).
#include "filters/answer_meter.hpp"
#include "filters/booking.hpp"
#include "filters/caller.hpp"
#include "filters/filters.hpp"
#include "filters/limit_text.hpp"
#include "filters/prompt_count.hpp"
#include "filters/reply.hpp"
#include "filters/session_meter.hpp"
#include "filters/till.hpp"
#include "limits/estimate.hpp"
#include "limits/store.hpp"
#include "openai/reasoning.hpp"
#include "openai/request_scan.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace tollgate::filters {

namespace {

constexpr std::size_t longest_name = 256;
constexpr std::int64_t longest_answer = 10'000'000;  // tokens; no model comes near

// What a client names goes into books and records: printable and bounded.
std::string printable(std::string_view text) {
  std::string out(text.substr(0, longest_name));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return out;
}

// The name of the caller's own choosing that a scope stands for, "" if it names none.
std::string_view name_in(const Exchange& ex, Scope scope) {
  switch (scope) {
    case Scope::key: return ex.key_label;
    case Scope::user: return ex.user;
    case Scope::session: return header_of(ex, HeaderName::x_tollgate_session).substr(0, longest_name);
    case Scope::task: return header_of(ex, HeaderName::x_tollgate_task).substr(0, longest_name);
    default: return {};
  }
}

// The rules of one subscription, with the pots that are known beforehand.
struct Plan {
  struct Entry {
    limits::Pot* pot;  // null: its name is the caller's choice
    const SpendRule* rule;
    limits::RuleNumbers* numbers;
  };
  std::vector<Entry> entries;
  bool has_budget = false;
  std::unique_ptr<std::atomic<limits::Estimate*>[]> estimates;  // by model
};

// With strict durability the charge is on the disk before the answer ends: an answer whose length was
// told would end with its last byte, before it is settled.
class OpenEnd final : public SinkDecorator {
 public:
  using SinkDecorator::SinkDecorator;
  awaitable<Flow> head(const ResponseHead& head) override {
    ResponseHead open = head;
    open.content_length.reset();
    co_return co_await out_.head(open);
  }
};

class Limits final : public Filter {
 public:
  Limits(const Config& config, const Services& services) : services_(services), closed_when_broken_(config.ledger.closed_when_broken) {
    const auto now = now_ms();
    for (const auto& subscription : config.subscriptions) plans_.push_back(make_plan(config, *subscription, now));
    for (const auto& model : config.models) prompt_rules_.push_back(prompt_rules_for(config, *model));
    for (const auto& deployment : config.deployments) prices_.emplace_back(config, *deployment);
  }

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    if (!ex.till) return next(ex, out);
    return handle_booked(ex, out, next);
  }

 private:
  // How the answers of a session are booked: in the pots of tokens and money of its caller.
  class SessionBooks final : public AnswerBooks {
   public:
    explicit SessionBooks(const Limits& limits) : limits_(limits) {}
    std::unique_ptr<Booking> open(Exchange& ex) const override {
      const Plan& plan = limits_.plans_[ex.subscription->index];
      auto booking = std::make_unique<Booking>(ex, *ex.till, Booking::Of::answer);
      booking->set_prices(limits_.prices_);
      limits_.add_pots(ex, plan, *booking, true);
      booking->set_estimate(&limits_.estimate_of(ex, plan));
      return booking;
    }
    limits::Need need(const Exchange& ex, std::int64_t prompt_tokens) const override {
      return limits_.need_of_answer(ex, prompt_tokens);
    }

   private:
    const Limits& limits_;
  };

  awaitable<Outcome> handle_booked(Exchange& ex, ResponseSink& out, Next next) const {
    Booking booking(ex, *ex.till, ex.upgrade ? Booking::Of::session : Booking::Of::exchange);
    booking.set_prices(prices_);
    const std::optional<Outcome> refused = co_await admit(ex, out, booking);
    if (refused) co_return *refused;
    Outcome outcome;
    OpenEnd open(out);
    ResponseSink& told = ex.till->is_strict ? static_cast<ResponseSink&>(open) : out;
    if (ex.upgrade) {
      outcome = co_await serve_session(ex, told, next);
    } else if (ex.is_stream && has_tokens(ex)) {
      AnswerMeter meter(told, ex, booking, prompt_rules_[ex.model->index].encoding);
      outcome = co_await next(ex, meter);
      if (meter.has_ended_answer()) outcome.end = End::stopped;
    } else {
      outcome = co_await next(ex, told);
    }
    co_await booking.settle();
    co_return outcome;
  }

  awaitable<Outcome> serve_session(Exchange& ex, ResponseSink& out, Next next) const {
    const SessionBooks books(*this);
    SessionMeter meter(out, ex, books);
    Outcome outcome = co_await next(ex, meter);
    if (meter.refused_with() != ErrorKind::none) outcome.error = meter.refused_with();
    co_return outcome;
  }

  // An outcome: it was refused and the client has been told. A step of its own, so that what it takes
  // is given back before a long answer begins.
  awaitable<std::optional<Outcome>> admit(Exchange& ex, ResponseSink& out, Booking& booking) const {
    if (ex.facts && !ex.facts->user.empty()) ex.user = printable(ex.facts->user);
    const Plan& plan = plans_[ex.subscription->index];
    if (!add_pots(ex, plan, booking)) co_return co_await refuse_name(ex, out);
    if (closed_when_broken_ && plan.has_budget && ex.till->ledger.is_failing()) {
      co_return co_await refuse_without_books(ex, out);
    }
    for (;;) {
      // Of an answer that is seen as it comes, or not at all, the provider may never tell the prompt.
      const bool may_go_untold = ex.is_stream || (ex.facts && ex.facts->background);
      if (has_tokens(ex) && (booking.counts_tokens() || may_go_untold)) co_await count_prompt(ex, prompt_rules_[ex.model->index]);
      limits::Estimate* const estimate = booking.counts_tokens() && ex.model ? &estimate_of(ex, plan) : nullptr;
      booking.set_estimate(estimate);
      const limits::Need need = need_of(ex, estimate);
      const limits::Refusal refusal = co_await booking.reserve(need);
      if (!refusal.rule) break;
      if (refusal.is_unshared || !fall_back(ex, refusal, booking)) co_return co_await refuse(ex, out, booking, refusal);
    }
    bound_answer(ex, booking);
    if (ex.upgrade) booking.release_spending();
    append_level(ex.own_headers, "requests", booking.requests());
    append_level(ex.own_headers, "tokens", booking.tokens());
    co_await booking.make_durable();
    co_return std::nullopt;
  }

  limits::Need need_of(const Exchange& ex, const limits::Estimate* estimate) const {
    limits::Need need;
    if (!estimate) return need;
    // What it will take cannot be known; there has to be something left.
    if (!has_tokens(ex)) need.prompt_tokens = 1;
    if (ex.prompt_estimate >= 0) need.prompt_tokens = estimate->prompt(ex.prompt_estimate);
    // The dearest of those that may serve it: whichever does, what is reserved is enough.
    for (const RouteStep& step : ex.model->steps) {
      for (const RouteChoice& choice : step) {
        const auto rates = prices_[choice.deployment->index].at(ex.started_wall, need.prompt_tokens, false);
        need.prompt_cost = std::max(need.prompt_cost, limits::prompt_cost(rates, need.prompt_tokens));
        need.answer_rate = std::max(need.answer_rate, limits::answer_rate(rates));
      }
    }
    if (!has_tokens(ex) || ex.route.operation == Operation::embeddings) return need;
    const std::int64_t answers = ex.facts ? ex.facts->n : 1;
    const std::int64_t asked = ex.facts && ex.facts->max_tokens >= 0 ? ex.facts->max_tokens : ex.model->max_answer_tokens;
    const std::int64_t bound = std::min(asked, longest_answer);
    const std::int64_t expected = estimate->answer();
    need.answer_least = answers * std::min(bound, expected);
    need.answer_modest = need.answer_wish = need.answer_least;
    if (can_top_up(ex)) return need;
    // An answer that comes whole cannot be topped up: it is bounded by what was granted.
    need.answer_modest = answers * std::min(bound, 4 * expected);
    need.answer_wish = answers * bound;
    return need;
  }

  // Of an answer of a session that is about to begin.
  limits::Need need_of_answer(const Exchange& ex, std::int64_t prompt_tokens) const {
    const limits::Estimate& estimate = estimate_of(ex, plans_[ex.subscription->index]);
    const auto rates = prices_[ex.deployment->index].at(std::chrono::system_clock::now(), prompt_tokens, false);
    limits::Need need;
    need.prompt_tokens = prompt_tokens;
    need.prompt_cost = limits::prompt_cost(rates, prompt_tokens);
    need.answer_rate = limits::answer_rate(rates);
    need.answer_least = std::min<std::int64_t>(ex.model->max_answer_tokens, estimate.answer());
    need.answer_modest = need.answer_wish = need.answer_least;
    return need;
  }

  // Only what is seen can be counted, and a thinking model's tokens are not.
  static bool can_top_up(const Exchange& ex) {
    return ex.is_stream && !openai::is_reasoning_model(ex.model->deployment->model);
  }

  static void bound_answer(Exchange& ex, const Booking& booking) {
    if (!booking.is_capped() || !has_tokens(ex) || ex.route.operation == Operation::embeddings || can_top_up(ex)) return;
    const std::int64_t bound = ex.facts->max_tokens >= 0 ? ex.facts->max_tokens : ex.model->max_answer_tokens;
    const std::int64_t granted = booking.granted_answer() / std::max<std::int64_t>(1, ex.facts->n);
    // The Responses API refuses a smaller bound than 16 (azure-openai: responses).
    const std::int64_t smallest = ex.route.operation == Operation::responses ? 16 : 1;
    if (granted < bound) ex.answer_cap = std::min(bound, std::max(smallest, granted));
  }

  // Ends: each time one rule less is enforced.
  static bool fall_back(Exchange& ex, const limits::Refusal& refusal, Booking& booking) {
    const SpendRule& rule = *refusal.rule;
    const bool can_change = has_tokens(ex) && ex.route.operation != Operation::embeddings;
    if (!rule.fall_to || !can_change) return false;
    if (ex.model != rule.fall_to) ex.route_reason = "budget:cheaper";
    ex.model = rule.fall_to;
    booking.stop_enforcing(rule);
    refusal.numbers->fell_back.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  // --- refusals ---

  awaitable<std::optional<Outcome>> refuse(Exchange& ex, ResponseSink& out, const Booking& booking,
                                           const limits::Refusal& refusal) const {
    ex.refused_by = refusal.rule->name;
    refusal.numbers->refused.fetch_add(1, std::memory_order_relaxed);
    append_level(ex.own_headers, "requests", booking.requests());
    append_level(ex.own_headers, "tokens", booking.tokens());
    Error error = refusal.is_unshared ? unshared_refusal(*refusal.rule)
                                      : refusal_of(*refusal.rule, refusal.used, refusal.wait_ms, ex.started_wall);
    co_return co_await reply_error(ex, out, std::move(error));
  }

  static awaitable<std::optional<Outcome>> refuse_name(Exchange& ex, ResponseSink& out) {
    Error error;
    error.kind = ErrorKind::rate_limited;
    error.source = ErrorSource::client;
    error.message = "This subscription has named more users, sessions and tasks than the gateway keeps count of.";
    error.retry_after = std::chrono::minutes(1);
    co_return co_await reply_error(ex, out, std::move(error));
  }

  static awaitable<std::optional<Outcome>> refuse_without_books(Exchange& ex, ResponseSink& out) {
    Error error;
    error.kind = ErrorKind::overloaded;
    error.message = "Spending cannot be recorded at the moment, so requests under a budget are refused.";
    error.retry_after = std::chrono::seconds(5);
    co_return co_await reply_error(ex, out, std::move(error));
  }

  // --- plans ---

  Plan make_plan(const Config& config, const Subscription& subscription, std::int64_t now_ms) const {
    Plan plan;
    add_rules(plan, subscription.rules, subscription, now_ms);
    add_rules(plan, subscription.product->rules, subscription, now_ms);
    if (subscription.cost_center_rules) add_rules(plan, subscription.cost_center_rules->rules, subscription, now_ms);
    plan.estimates = std::make_unique<std::atomic<limits::Estimate*>[]>(config.models.size());
    return plan;
  }

  void add_rules(Plan& plan, const std::vector<SpendRule>& rules, const Subscription& subscription, std::int64_t now_ms) const {
    for (const SpendRule& rule : rules) {
      plan.has_budget = plan.has_budget || rule.is_budget;
      const auto fixed = [&](std::string_view owner) { return &services_.pots->fixed(rule, owner, now_ms); };
      limits::Pot* pot = nullptr;
      if (rule.each == Scope::subscription) pot = fixed(subscription.name);
      if (rule.each == Scope::product) pot = fixed(subscription.product->name);
      if (rule.each == Scope::cost_center) pot = fixed(subscription.cost_center);
      plan.entries.push_back({pot, &rule, &services_.pots->numbers_of(rule.name)});
    }
  }

  // False: the subscription has more names than are kept count of. `only_spending`: pots of tokens and money.
  bool add_pots(const Exchange& ex, const Plan& plan, Booking& booking, bool only_spending = false) const {
    booking.expect(plan.entries.size());
    for (const auto& entry : plan.entries) {
      const bool is_spending = entry.rule->measure == Measure::tokens || entry.rule->measure == Measure::money;
      if (only_spending && !is_spending) continue;
      limits::Claim claim;
      claim.pot = entry.pot;
      claim.rule = entry.rule;
      claim.numbers = entry.numbers;
      if (!entry.pot) {
        const std::string_view name = name_in(ex, entry.rule->each);
        if (name.empty()) continue;
        claim.named = services_.pots->named(*entry.rule, ex.subscription->name, name, now_ms());
        if (!claim.named) return false;
      }
      booking.add(std::move(claim));
    }
    return true;
  }

  limits::Estimate& estimate_of(const Exchange& ex, const Plan& plan) const {
    auto& place = plan.estimates[ex.model->index];
    limits::Estimate* estimate = place.load(std::memory_order_acquire);
    if (!estimate) {
      estimate = &services_.estimates->of(ex.subscription->name, ex.model->name);
      place.store(estimate, std::memory_order_release);
    }
    return *estimate;
  }

  Services services_;
  bool closed_when_broken_;
  std::vector<Plan> plans_;                        // by subscription
  std::vector<openai::PromptRules> prompt_rules_;  // by model
  std::vector<limits::DeploymentPrices> prices_;   // by deployment
};

}  // namespace

std::shared_ptr<const Filter> make_limits(const Config& config, const Services& services) {
  return std::make_shared<Limits>(config, services);
}

}  // namespace tollgate::filters
