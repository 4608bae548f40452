// The load of a group of deployments minute by minute, and what its tokens cost by pay-as-you-go.
#pragma once

#include "limits/price.hpp"
#include "tollgate/config.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace tollgate::cli {

// Tokens as reserved capacity counts them: input that was not cached, and answers by their weight.
struct LoadMinute {
  std::int64_t minute = 0;     // since the epoch
  std::int64_t load = 0;       // weighted tokens
  std::int64_t cost = 0;       // nano-dollars, if all of it were paid by the token
  // Of both, what went to pay-as-you-go deployments.
  std::int64_t payg_load = 0;
  std::int64_t payg_cost = 0;
};

struct Tokens {
  std::int64_t requests = 0;
  std::int64_t input = 0;   // cached ones included
  std::int64_t cached = 0;
  std::int64_t output = 0;
};

// What one deployment had in one minute.
struct DeploymentMinute {
  std::int64_t minute = 0;
  DeploymentKind kind = DeploymentKind::payg;
  Tokens tokens;
  limits::CallRates rates;  // pay-as-you-go
};

// Weighted tokens; cached input counts nothing.
std::int64_t load_of(const Tokens& tokens, std::int64_t answer_weight) noexcept;

class Load {
 public:
  explicit Load(std::int64_t answer_weight) : answer_weight_(answer_weight) {}

  // REQUIRES: minutes do not go back.
  void add(const DeploymentMinute& use);

  const std::vector<LoadMinute>& minutes() const noexcept { return minutes_; }  // with usage, in order
  const Tokens& total() const noexcept { return total_; }

 private:
  std::int64_t answer_weight_;
  std::vector<LoadMinute> minutes_;
  Tokens total_;
};

}  // namespace tollgate::cli
