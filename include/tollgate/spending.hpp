// What callers may spend: limits, budgets, prices, and where the books are kept. Part of Config.
//
// Money is in nano-dollars (1e-9 USD), a 64-bit number that reaches 9.2 billion dollars; prices are
// in pico-dollars (1e-12 USD) a token, so that the cheapest list price is still a whole number.
// Thread safety: immutable after load.
#pragma once

#include "tollgate/network.hpp"
#include "tollgate/values.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tollgate {

struct Model;

// What is counted.
enum class Measure : unsigned char { requests, tokens, concurrent, money };
inline constexpr std::size_t measure_count = 4;

// Whose pot it is. The finer ones (user, session, task) are named by the caller, always inside its
// subscription.
enum class Scope : unsigned char { subscription, product, cost_center, key, user, session, task };
inline constexpr std::size_t scope_count = 7;

// How long a pot lasts.
enum class WindowKind : unsigned char {
  sliding,  // any stretch of `length`: nothing is given back before it is `length` old
  hour,     // calendar periods in `zone`
  day,
  week,     // from Monday
  month,
  life,     // for ever, or until the scope has been idle for `length` (a session)
};

struct Window {
  WindowKind kind = WindowKind::sliding;
  std::chrono::milliseconds length{60'000};  // sliding and life
  std::string zone = "UTC";                  // calendar periods; a name of the IANA data base
  bool operator==(const Window&) const = default;
};

// What happens to an answer that meets the limit under way.
enum class AtLimit : unsigned char {
  end,     // it is ended there, with a valid last chunk: nothing is spent beyond the limit
  finish,  // it may finish; the excess is booked, and counted as overshoot
};

// What holds while the shared store cannot be asked.
enum class WhenUnshared : unsigned char {
  closed,      // refuse
  open,        // count here alone
  last_lease,  // go on with what was leased, then refuse
};

// One limit or budget.
struct SpendRule {
  std::string name;   // unique and the same after a reload: "standard.tokens/minute"; a metric label
  Location where;
  bool is_budget = false;  // tells as 429 insufficient_quota instead of rate_limit_exceeded
  Measure measure = Measure::requests;
  Scope each = Scope::subscription;
  Window window;
  std::int64_t amount = 0;  // requests, tokens, calls at a time, nano-dollars
  AtLimit at_limit = AtLimit::end;
  bool is_audit_only = false;            // counts and tells, never refuses
  std::vector<int> alert_percent;        // ascending, 1 to 100
  const Model* fall_to = nullptr;        // when spent: serve this model instead of refusing
  WhenUnshared when_unshared = WhenUnshared::closed;
};

struct CostCenter {
  std::string name;
  Location where;
  std::vector<SpendRule> rules;  // shared by all its subscriptions
};

// Pico-dollars a token; absent rates follow the rule beside them.
struct Rates {
  std::int64_t input = 0;
  std::optional<std::int64_t> cached_input;  // else input
  std::optional<std::int64_t> cache_write;   // else input
  std::int64_t output = 0;
  std::optional<std::int64_t> reasoning;     // else output
  std::optional<std::int64_t> audio_input;   // else input
  std::optional<std::int64_t> audio_cached;  // else audio_input, or cached_input where there is none
  std::optional<std::int64_t> audio_output;  // else output
};

// The prices of one model from a day on. `model` matches the base model of a deployment.
struct Price {
  std::string model;
  Location where;           // line 0: a built-in default
  std::chrono::sys_days from{};  // the epoch: since ever
  Rates rates;
  std::int64_t long_context_above = 0;  // prompt tokens; 0: there are no other rates for long prompts
  Rates long_context;
  int batch_percent = 50;   // of the rates, for batch work
  int regional_percent = 100;  // of the rates, where the deployment is not global
};

struct LedgerConfig {
  std::string path = "tollgate-ledger.db";  // "off": nothing is kept over a restart
  std::chrono::milliseconds flush{50};      // a settled charge is durable after this at the latest
  bool is_strict = false;                   // a charge is durable before the answer ends
  bool closed_when_broken = false;          // refuse, while the ledger cannot write, what has a budget
  std::chrono::hours retain{24 * 400};
};

// Pots shared by several gateways, kept in Redis.
enum class SharingMode : unsigned char { exact, leased };
struct SharingConfig {
  std::string redis;                  // redis://host:port[/db] or rediss://; "": not shared
  std::string user;
  Secret password;
  std::string ca_file;                // rediss: PEM to trust instead of the system's
  Network network = Network::any;
  std::string prefix = "tollgate";    // of the keys
  SharingMode mode = SharingMode::exact;
  int lease_percent = 2;              // leased: of a limit, taken at a time
  std::chrono::milliseconds timeout{50};  // of one round trip; then `when_unshared` holds
};

struct AlertsConfig {
  std::string webhook;                // https:// address that is told of alerts; "": none
  Secret webhook_token;               // sent as bearer; empty: none
  std::string ca_file;                // https: PEM to trust instead of the system's
  Network network = Network::any;
};

// Which encoding counts for a base model that the built-in table does not know.
struct TokensConfig {
  std::string default_encoding = "o200k_base";
  std::vector<std::pair<std::string, std::string>> encodings;  // base model -> encoding
};

}  // namespace tollgate
