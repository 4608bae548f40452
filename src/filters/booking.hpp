// One exchange's stay in the books: what it reserved, here and in the shared store, and how it
// settles. Settles itself when it is destroyed, so no ending of an exchange is forgotten.
// One thread: the exchange's worker.
#pragma once

#include "filters/caller.hpp"
#include "filters/till.hpp"
#include "filters/unsettled.hpp"
#include "ledger/ledger.hpp"
#include "limits/estimate.hpp"
#include "limits/price.hpp"
#include "limits/reservation.hpp"
#include "openai/delivered_text.hpp"
#include "sharing/ask.hpp"
#include "tokens/tokens.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/exchange.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tollgate::filters {

class Booking {
 public:
  // What is booked. A session books itself as one request that uses nothing, and each of its answers.
  enum class Of : unsigned char { exchange, session, answer };
  Booking(Exchange& ex, Till& till, Of of = Of::exchange)
      : ex_(ex),
        till_(till),
        of_(of),
        own_usage_(of == Of::exchange ? nullptr : std::make_unique<Usage>()),
        usage_(own_usage_ ? *own_usage_ : ex.usage) {}
  Booking(const Booking&) = delete;
  ~Booking();

  // A pot that the exchange has to fit into; before reserve().
  void add(limits::Claim claim);
  void expect(std::size_t claims) { reservation_.expect(claims); }
  bool counts_tokens() const noexcept { return counts_tokens_; }

  // Prices by deployment, and what learns from how the exchange ends; both outlive it.
  void set_prices(std::span<const limits::DeploymentPrices> prices) { prices_ = prices; }
  void set_estimate(limits::Estimate* estimate) { estimate_ = estimate; }

  // From now on `rule` only counts: it is spent, and the request goes on in a cheaper way.
  void stop_enforcing(const SpendRule& rule);

  // Reserves in all pots or in none; the refusal names the rule.
  awaitable<limits::Refusal> reserve(const limits::Need& need);

  // Of a session, once it is let in: its answers book what they take.
  void release_spending();

  // With strict durability: the reservation is on the disk before the call. Else ready at once.
  awaitable<void> make_durable();

  std::int64_t granted_answer() const noexcept { return granted_; }
  bool is_capped() const noexcept { return is_capped_; }
  awaitable<std::int64_t> top_up(std::int64_t wish);

  // Counts what a stream delivers, for when the provider does not say. `end_at` is where it was ended.
  openai::DeliveredText& count_answer(openai::Dialect dialect, tokens::Encoding encoding) {
    return delivered_.emplace(dialect, encoding);
  }
  void end_at(std::int64_t tokens) { ended_at_ = tokens; }

  // What an answer of a session used, if the provider has said so; else it is booked as it was reserved.
  void set_usage(const Usage& usage) { *own_usage_ = usage; }

  // A budget that has nothing left.
  limits::Refusal spent_budget() { return reservation_.spent_budget(now_ms()); }

  // Books what the exchange used; with strict durability it returns when that is on the disk. Once.
  awaitable<void> settle();

  const limits::Level& requests() const noexcept { return reservation_.requests(); }
  const limits::Level& tokens() const noexcept { return reservation_.tokens(); }

 private:
  // What is booked in the shared store.
  struct Shared {
    const SpendRule* rule;
    limits::RuleNumbers* numbers;
    sharing::Ask ask;
    std::int64_t slot_ms = 0;
    std::int64_t held = 0;
    bool is_enforced = true;  // false: told what is used, but not asked
    bool is_granted = false;
  };

  ledger::Ticket book();
  limits::Spent spent();
  void book_other(limits::Spent& spent);
  WallTime at() const;
  // For the pots of the reservation; without any it is of no account.
  std::int64_t moment() const { return reservation_.is_empty() ? 0 : now_ms(); }
  void note_usage();
  void assume_usage();
  std::int64_t reserved_cost() const;  // nano-dollars
  std::int64_t shared_wish(const limits::Need& need) const;
  awaitable<limits::Refusal> reserve_shared(const limits::Need& need, std::int64_t answer);
  void settle_shared(const limits::Spent& spent);
  void settle_background();
  void keep_unsettled(const limits::Spent& spent, const ledger::Charge& charge);
  awaitable<void> durable(ledger::Ticket ticket);

  Exchange& ex_;
  Till& till_;
  const Of of_;
  std::unique_ptr<Usage> own_usage_;  // null: the exchange's
  Usage& usage_;
  limits::Reservation reservation_;
  std::vector<Shared> shared_;
  std::span<const limits::DeploymentPrices> prices_;
  limits::Estimate* estimate_ = nullptr;
  limits::Need need_;
  std::int64_t granted_ = 0;
  std::optional<openai::DeliveredText> delivered_;
  std::int64_t ended_at_ = -1;
  std::uint64_t intent_ = 0;
  bool counts_tokens_ = false;
  bool is_capped_ = false;
  bool is_reserved_ = false;
  bool is_settled_ = false;
  bool is_abandoned_ = false;  // the exchange was cut off: the client left, or the gateway ends
};

}  // namespace tollgate::filters
