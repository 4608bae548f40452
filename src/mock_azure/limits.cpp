#include "mock_azure/limits.hpp"

#include <algorithm>
#include <cmath>

namespace tollgate::mock {
namespace {

using std::chrono::seconds;

constexpr seconds token_window{60};
constexpr seconds request_window{10};
constexpr std::int64_t unlimited = 2'147'483'647;  // what the headers say without a limit

std::int64_t seconds_until(Instant now, Instant then) {
  return std::max<std::int64_t>(1, std::chrono::ceil<seconds>(then - now).count());
}

}  // namespace

Admission PaygLimit::admit(Instant now, std::int64_t estimated_tokens) {
  Admission a;
  a.remaining_tokens = a.remaining_requests = unlimited;
  if (tokens_limit_ == 0 && requests_limit_ == 0) return a;

  if (minute_ == Instant{} || now - minute_ >= token_window) {
    minute_ = now;
    tokens_used_ = minute_requests_ = 0;
  }
  if (window_ == Instant{} || now - window_ >= request_window) {
    window_ = now;
    requests_used_ = 0;
  }
  a.reset_tokens_s = seconds_until(now, minute_ + token_window);
  a.reset_requests_s = seconds_until(now, window_ + request_window);

  // A refused request counts as a request too, so hot retry loops prolong the throttling.
  const std::int64_t window_limit =
      std::max<std::int64_t>(1, requests_limit_ * request_window.count() / token_window.count());
  if (requests_limit_ > 0 && requests_used_ >= window_limit) a.exhausted = Exhausted::requests;
  ++requests_used_;
  ++minute_requests_;
  if (a.admitted() && tokens_limit_ > 0 && tokens_used_ + estimated_tokens > tokens_limit_) {
    a.exhausted = Exhausted::tokens;
  }
  if (a.admitted()) tokens_used_ += estimated_tokens;

  if (tokens_limit_ > 0) {
    a.remaining_tokens = std::max<std::int64_t>(0, tokens_limit_ - tokens_used_);
  }
  if (requests_limit_ > 0) {
    a.remaining_requests = std::max<std::int64_t>(0, requests_limit_ - minute_requests_);
  }
  if (a.exhausted == Exhausted::tokens) a.retry_after = seconds(a.reset_tokens_s);
  if (a.exhausted == Exhausted::requests) a.retry_after = seconds(a.reset_requests_s);
  return a;
}

PtuLimit::PtuLimit(std::int64_t units, std::int64_t input_tpm_per_unit, std::int64_t output_weight,
                   std::int64_t window_seconds)
    : rate_(static_cast<double>(units) * static_cast<double>(input_tpm_per_unit) / 60.0),
      size_(rate_ * static_cast<double>(window_seconds)),
      output_weight_(output_weight) {}

void PtuLimit::drain(Instant now) {
  if (drained_at_ != Instant{}) {
    const std::chrono::duration<double> passed = now - drained_at_;
    level_ = std::max(0.0, level_ - rate_ * passed.count());
  }
  drained_at_ = now;
}

Admission PtuLimit::admit(Instant now, std::int64_t input_tokens, std::int64_t output_tokens) {
  drain(now);
  Admission a;
  a.utilization = utilization();
  if (level_ > size_) {
    a.exhausted = Exhausted::capacity;
    a.retry_after = std::chrono::milliseconds(
        std::max<std::int64_t>(1, std::llround(std::ceil((level_ - size_) / rate_ * 1000.0))));
    ++totals_.refused;
    return a;
  }
  a.charged = input_tokens + output_weight_ * output_tokens;
  level_ += static_cast<double>(a.charged);
  ++totals_.admitted;
  a.utilization = utilization();
  return a;
}

double PtuLimit::settle(Instant now, std::int64_t charged, std::int64_t input_tokens,
                        std::int64_t output_tokens) {
  drain(now);
  const std::int64_t used = input_tokens + output_weight_ * output_tokens;
  level_ = std::max(0.0, level_ + static_cast<double>(used - charged));
  totals_.used += used;
  return utilization();
}

PtuTotals PtuLimit::totals(Instant now) {
  drain(now);
  totals_.utilization = utilization();
  return totals_;
}

}  // namespace tollgate::mock
