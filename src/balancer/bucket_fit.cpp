#include "balancer/bucket_fit.hpp"

#include <algorithm>
#include <cmath>

namespace tollgate::balancer {

namespace {

// At first: nobody documents the window, the table of rates may be wrong, others may share the units.
constexpr double first_window = 60;  // seconds
constexpr double first_rate_doubt = 0.5, first_window_doubt = 0.6;
constexpr double first_noise = 0.04, least_noise = 0.01, most_noise = 0.3;

constexpr double furthest = 10;  // the rate stays within a tenth and ten times the configured one
constexpr double shortest_window = 3, longest_window = 300;  // seconds

constexpr double least_span = 0.25;    // of the size: closer sightings say more about noise than about rates
constexpr double wander = 1e-5;        // variance of the rate's share that a window of time adds
constexpr double linked_windows = 10;  // for how long what one learns about the rate says something about the size
constexpr double counting_error = 0.003;  // of what was fed

// A surprise of more sigmas means that the rate has changed, or is an outlier: the doubt grows, and the
// surprise is cut to this.
constexpr double most_sigmas = 3;
// Noise goes up and down. Smaller surprises that all go one way mean that it has changed, too.
constexpr double lean_pace = 0.2, most_lean = 1;
constexpr double startled = 9, stirred = 2;  // factors of the variance

}  // namespace

BucketFit::BucketFit(double rate) noexcept
    : first_rate_(rate),
      rate_(rate),
      size_(rate * first_window),
      rate_rate_(std::pow(first_rate_doubt * rate, 2)),
      size_rate_(rate_rate_ * first_window),
      size_size_(rate_rate_ * first_window * first_window + std::pow(first_window_doubt * size_, 2)),
      noise_(first_noise) {}

double BucketFit::rate_doubt() const noexcept { return std::sqrt(rate_rate_) / rate_; }

double BucketFit::strangeness(double rate, double size) const noexcept {
  const double r = rate - rate_, s = size - size_;
  const double determinant = rate_rate_ * size_size_ - size_rate_ * size_rate_;
  return (r * r * size_size_ - 2 * r * s * size_rate_ + s * s * rate_rate_) / determinant;
}

bool BucketFit::learn(double fed, double of_size, double seconds, double slack) noexcept {
  if (std::abs(of_size) * size_ + std::abs(seconds) * rate_ < least_span * size_) return false;
  slack = std::max(slack, noise_ * size_) + counting_error * std::abs(fed);
  forget(seconds);
  const double surprise = fed - size_ * of_size - rate_ * seconds;
  Gain found = gain(of_size, seconds, slack);
  const double sigmas = surprise / std::sqrt(found.variance);
  lean_ += lean_pace * (std::clamp(sigmas, -most_sigmas, most_sigmas) - lean_);
  hear_noise(surprise - lean_ * std::sqrt(found.variance), found.variance, slack);
  const bool leans = std::abs(lean_) > most_lean;
  if (leans) lean_ = 0;
  if (leans || std::abs(sigmas) > most_sigmas) {
    rate_rate_ = std::max(rate_rate_, std::min(startled * rate_rate_, std::pow(first_rate_doubt * rate_, 2)));
    found = gain(of_size, seconds, slack);
  }
  size_size_ -= found.size * found.size * found.variance;
  size_rate_ -= found.size * found.rate * found.variance;
  rate_rate_ -= found.rate * found.rate * found.variance;
  const double most = most_sigmas * std::sqrt(found.variance);
  move(found, std::clamp(surprise, -most, most));
  return true;
}

void BucketFit::learn_at_most(double fed, double of_size, double seconds) noexcept {
  const double missing = fed - size_ * of_size - rate_ * seconds;
  if (missing <= 0) return;
  Gain found = gain(of_size, seconds, noise_ * size_);
  if (missing > most_sigmas * std::sqrt(found.variance) && rate_doubt() < first_rate_doubt) {
    rate_rate_ *= stirred;
    found = gain(of_size, seconds, noise_ * size_);
  }
  move(found, missing);
}

BucketFit::Gain BucketFit::gain(double of_size, double seconds, double slack) const noexcept {
  const double size = size_size_ * of_size + size_rate_ * seconds;
  const double rate = size_rate_ * of_size + rate_rate_ * seconds;
  const double variance = size * of_size + rate * seconds + slack * slack;
  return {size / variance, rate / variance, variance};
}

void BucketFit::move(const Gain& gain, double surprise) noexcept {
  rate_ = std::clamp(rate_ + gain.rate * surprise, first_rate_ / furthest, first_rate_ * furthest);
  size_ = std::clamp(size_ + gain.size * surprise, rate_ * shortest_window, rate_ * longest_window);
  // Rounding must not make the covariance impossible, nor doubts grow without end.
  rate_rate_ = std::clamp(rate_rate_, 1e-8 * rate_ * rate_, rate_ * rate_);
  size_size_ = std::clamp(size_size_, 1e-6 * size_ * size_, 4 * size_ * size_);
  const double most = 0.999 * std::sqrt(rate_rate_ * size_size_);
  size_rate_ = std::clamp(size_rate_, -most, most);
}

// The rate wanders. What was learnt of the size long ago was learnt with the rate of then.
void BucketFit::forget(double seconds) noexcept {
  const double windows = std::abs(seconds) / window();
  rate_rate_ += wander * rate_ * rate_ * windows;
  size_rate_ *= std::exp(-windows / linked_windows);
}

// What surprises more than the doubts explain is noise. One surprise says little: it may be a change.
void BucketFit::hear_noise(double surprise, double variance, double slack) noexcept {
  constexpr double pace = 0.1, loudest = 4;
  const double heard = (surprise * surprise - (variance - slack * slack)) / (size_ * size_);
  const double before = noise_ * noise_;
  const double now = before + pace * (std::clamp(heard, 0.0, loudest * before) - before);
  noise_ = std::clamp(std::sqrt(now), least_noise, most_noise);
}

}  // namespace tollgate::balancer
