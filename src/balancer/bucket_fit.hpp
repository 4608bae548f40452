// Rate and size of a leaky bucket that is only seen from outside. Pure.
//
// A sighting is a moment at which the level was known as `of_size` x size + `seconds` x rate: empty is
// (0, 0), a refusal that says "in R seconds" is (1, R), a reported utilisation is (share, 0). What was
// fed between two sightings must have gone somewhere:
//
//   fed = size x (change of of_size) + rate x (time passed + change of seconds)
//
// which is linear in both unknowns. A Kalman filter estimates them together. It forgets: a capacity that
// changes, or others who use the same bucket and make it seem slower, are followed within some sightings.
// Thread safety: none; whoever owns it guards it.
#pragma once

namespace tollgate::balancer {

class BucketFit {
 public:
  // Tokens a second, as the configuration has it; the size is guessed.
  explicit BucketFit(double rate) noexcept;

  double rate() const noexcept { return rate_; }            // tokens a second
  double size() const noexcept { return size_; }            // tokens that make 100 %
  double window() const noexcept { return size_ / rate_; }  // seconds of capacity that fill it
  double rate_doubt() const noexcept;                       // standard deviation, as a share of the rate

  // How far from what is believed that would be, in sigmas, squared.
  double strangeness(double rate, double size) const noexcept;

  // Between two sightings; `seconds` includes the time that passed. `slack`: by how many tokens they
  // may be wrong. False: too little happened between them to say anything.
  bool learn(double fed, double of_size, double seconds, double slack) noexcept;

  // The level was not above the second sighting. Raises the estimates if that cannot be otherwise.
  void learn_at_most(double fed, double of_size, double seconds) noexcept;

 private:
  // How a difference between what was fed and what was expected is shared out.
  struct Gain {
    double size, rate, variance;
  };
  Gain gain(double of_size, double seconds, double slack) const noexcept;
  void move(const Gain& gain, double surprise) noexcept;
  void forget(double seconds) noexcept;
  void hear_noise(double surprise, double variance, double slack) noexcept;

  double first_rate_;
  double rate_, size_;
  double rate_rate_, size_rate_, size_size_;  // covariance
  double lean_ = 0;  // of the latest surprises to one side, in sigmas
  double noise_;  // of sightings, as a share of the size: grows where calls are large for the bucket
};

}  // namespace tollgate::balancer
