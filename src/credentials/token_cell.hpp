// One credential's token as all threads see it: the main thread fetches and publishes, workers read, wait
// and say when a deployment has refused it.
//
// Thread safety: any thread. A short lock around pointers and counters, never while something waits. Who
// has a copy of the token (WorkerTokens) asks for generation() alone, which is one load.
#pragma once

#include "credentials/token.hpp"
#include "credentials/token_request.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tollgate::credentials {

struct WaitPlace;

// What is counted of a credential; each by whichever thread it happens on.
struct CellNumbers {
  std::atomic<std::uint64_t> fetched{0};      // attempts that gave a token
  std::atomic<std::uint64_t> failed{0};       // that failed, and are tried again
  std::atomic<std::uint64_t> refused{0};      // that the endpoint refused
  std::atomic<std::uint64_t> renewals{0};     // asked for because a deployment had refused the token
  std::atomic<std::uint64_t> waited{0};       // calls that had to wait for a token
  std::atomic<std::uint64_t> unavailable{0};  // calls that got none
};

class TokenCell {
 public:
  // `name`: of the credential, for messages.
  explicit TokenCell(std::string name) : name_(std::move(name)) {}
  TokenCell(const TokenCell&) = delete;

  const std::string& name() const noexcept { return name_; }
  CellNumbers& numbers() noexcept { return numbers_; }

  // Changes with each token.
  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

  // What there is, and what there is to wait for.
  struct View {
    std::shared_ptr<const Token> token;  // null: there never was one; it may have expired
    std::uint64_t attempts = 0;          // that have ended
    std::uint64_t renewed = 0;           // tickets of renew() that have been dealt with
    bool is_fetching = false;
    TimePoint next_attempt{};            // while none is under way
    std::string failure;                 // of the latest attempt, "" when it gave a token; for logs
    int failures = 0;                    // in a row
  };
  View look() const;

  // A deployment has refused `refused`: has another one fetched, now, by one attempt for all who ask for the
  // same. The wait is over when View::renewed reaches what is returned. nullopt: it is of no use, because that
  // token itself came for this reason a moment ago, or because the endpoint fails and is being tried again.
  std::optional<std::uint64_t> renew(const Token& refused, std::string claims, TimePoint now);

  // To be woken at the next end of an attempt. False: one has ended since `seen` of them had, look again.
  bool enlist(std::shared_ptr<WaitPlace> place, std::uint64_t seen);
  void strike(const WaitPlace& place);

  // --- for the fetcher ---
  // `start` is called from any thread when renew() wants an attempt.
  void on_ask(std::function<void()> start);
  // What the attempt is to ask for.
  Renewal begin_attempt();
  void publish(std::shared_ptr<Token> token);  // the attempt has ended well; the serial is set here
  void fail(std::string why, TimePoint next_attempt);
  bool wants_another() const;  // somebody asked for what the attempt that just ended did not ask for
  // Nothing more is fetched: the configuration does not have it any more.
  void close();

 private:
  void end_attempt();  // REQUIRES: the lock is held

  const std::string name_;
  CellNumbers numbers_;
  std::atomic<std::uint64_t> generation_{0};

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const Token> token_;
  std::uint64_t last_serial_ = 0;
  std::uint64_t attempts_ = 0;
  bool is_fetching_ = false;
  TimePoint next_attempt_ = no_deadline;
  std::string failure_;
  int failures_ = 0;
  std::uint64_t ticket_ = 0;          // of the latest renew()
  std::uint64_t ticket_under_way_ = 0;
  std::uint64_t renewed_ = 0;
  std::uint64_t refused_serial_ = 0;  // what the latest ticket is about ...
  std::string asked_claims_;          // ... and with which claims
  Renewal wanted_;
  std::function<void()> start_;
  std::vector<std::shared_ptr<WaitPlace>> waiting_;
};

// Of one configuration's credentials, by TokenCredential::index.
using TokenCells = std::vector<std::shared_ptr<TokenCell>>;

}  // namespace tollgate::credentials
