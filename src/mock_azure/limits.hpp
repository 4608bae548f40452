// Admission of one deployment: minute quotas for payg, a leaky bucket for ptu. Pure: time comes in.
#pragma once

#include <chrono>
#include <cstdint>

#include "mock_azure/config.hpp"

namespace tollgate::mock {

using Instant = std::chrono::steady_clock::time_point;

enum class Exhausted { nothing, tokens, requests, capacity };

struct Admission {
  Exhausted exhausted = Exhausted::nothing;
  std::chrono::milliseconds retry_after{0};
  std::int64_t remaining_tokens = 0, remaining_requests = 0;  // payg
  std::int64_t reset_tokens_s = 0, reset_requests_s = 0;      // payg
  double utilization = 0;                                     // ptu, percent
  std::int64_t charged = 0;                                   // ptu: what to give to `settle`

  bool admitted() const { return exhausted == Exhausted::nothing; }
};

// Tokens are charged by estimate at arrival and not given back within the minute; requests are
// counted in windows of ten seconds, as the service does, so 600 a minute are 100 in each window.
class PaygLimit {
 public:
  PaygLimit(std::int64_t tokens_per_minute, std::int64_t requests_per_minute)
      : tokens_limit_(tokens_per_minute), requests_limit_(requests_per_minute) {}

  Admission admit(Instant now, std::int64_t estimated_tokens);

 private:
  std::int64_t tokens_limit_, requests_limit_;
  Instant minute_{}, window_{};
  std::int64_t tokens_used_ = 0, requests_used_ = 0, minute_requests_ = 0;
};

// What has gone through the bucket so far.
struct PtuTotals {
  double utilization = 0;  // percent, now
  std::int64_t admitted = 0, refused = 0;
  std::int64_t used = 0;   // weighted tokens of the calls that have ended
};

// Admits while utilisation is at most 100 %, so a burst may go above; drains at the PTU rate.
class PtuLimit {
 public:
  PtuLimit(std::int64_t units, std::int64_t input_tpm_per_unit, std::int64_t output_weight,
           std::int64_t window_seconds);

  Admission admit(Instant now, std::int64_t input_tokens, std::int64_t output_tokens);
  // Replaces the estimate by what was used; returns utilisation in percent.
  double settle(Instant now, std::int64_t charged, std::int64_t input_tokens,
                std::int64_t output_tokens);
  PtuTotals totals(Instant now);

 private:
  void drain(Instant now);
  double utilization() const { return 100.0 * level_ / size_; }

  double rate_;  // weighted tokens a second
  double size_;  // weighted tokens that make 100 %
  std::int64_t output_weight_;
  double level_ = 0;
  Instant drained_at_{};
  PtuTotals totals_;
};

}  // namespace tollgate::mock
