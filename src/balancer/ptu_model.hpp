// How full reserved capacity (PTU) is, predicted from what is sent to it.
//
// The service admits by a leaky bucket (azure-openai: provisioned throughput): a call is charged at
// admission with its prompt less what is cached, plus its longest answer times a weight; at the end the
// charge is corrected to what was used; it all drains at the rate of the units; above the size come
// 429s that say when the level will be down to it. The same bucket is run here. Rate and size begin with
// the configured units and are learnt from what is seen: refusals, utilisation that the service reports
// (never needed), and calls that were accepted although there should have been no room.
//
// Unknown load on the same units looks like a lower rate, and is followed as such. A restart begins with
// the configured numbers and an empty bucket; the first refusal puts the level right.
//
// Pure: the time is given. Thread safety: none; its owner guards it.
#pragma once

#include "balancer/bucket_fit.hpp"
#include "tollgate/clock.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace tollgate::balancer {

// One call's part of the bucket. Given back once, by refused() or settle().
struct PtuCharge {
  TimePoint at{};
  double tokens = 0;        // weighted
  double fed_before = 0;    // what had been fed to the bucket, and the level, when it came;
  double level_before = 0;  // both less the amendments known by then
};

class PtuModel {
 public:
  // The rate that units and model promise, in weighted tokens a second.
  PtuModel(double rate, TimePoint now) noexcept;

  // 0 to 1 and above, as a share of what fits.
  double utilization(TimePoint now) const noexcept;

  // When the level, with `tokens` on top, will be down to `line` (1: full), if nothing else comes; `now` if it
  // is.
  TimePoint below(double line, double tokens, TimePoint now) const noexcept;

  // Whether a call that would be held back should go all the same: the last sighting is too long ago
  // for the model to be sure. One of the calls that go will be refused, which shows where the top is; or
  // none is, and then none had to be held back.
  bool wants_to_see(TimePoint now) const noexcept;

  // A call goes out.
  PtuCharge admit(double tokens, TimePoint now) noexcept;

  // It was refused for want of capacity. `until_free`: from then on; absent: nothing was said.
  void refused(const PtuCharge& charge, std::optional<Duration> until_free, TimePoint now) noexcept;

  // It was accepted. `reported`: how full the service said it was with this call in, if it did.
  void accepted(const PtuCharge& charge, std::optional<double> reported, TimePoint now) noexcept;

  // It ended, however, having used so much. REQUIRES: it was not refused.
  void settle(const PtuCharge& charge, double used, TimePoint now) noexcept;

  // That was used by something that was not admitted as a call.
  void use(double tokens, TimePoint now) noexcept;

  // It said that it takes no call before then.
  TimePoint refused_until() const noexcept { return refused_until_; }

  double rate() const noexcept { return fit_.rate(); }  // weighted tokens a second, as learnt
  double size() const noexcept { return fit_.size(); }  // weighted tokens that make 100 %
  bool is_learnt() const noexcept { return sightings_ >= 2; }  // what it says rests on what was seen

 private:
  // A moment at which the level was known; see BucketFit.
  struct Sighting {
    TimePoint at{};
    double fed = 0;
    double of_size = 0, seconds = 0;
  };
  // What came in, by how much the level rose and for how long that took.
  struct Rise {
    double fed = 0, of_size = 0, seconds = 0;
  };
  struct Mark {
    TimePoint at{};
    double fed = 0;
  };
  // What had come in by when, since the last sighting.
  struct Filling {
    static constexpr Duration soonest = std::chrono::milliseconds(100);
    std::array<Mark, 64> marks;
    std::size_t count = 0;
    Duration between = soonest;  // doubled, and every other one forgotten, whenever it is full
    void note(TimePoint at, double fed) noexcept;
    void clear() noexcept;
  };

  void drain(TimePoint now) noexcept;
  void feed(double tokens) noexcept;
  void keep_level_above_nothing() noexcept;
  void correct(double by) noexcept;
  double level_at(const PtuCharge& charge) const noexcept { return charge.level_before + corrections_; }
  void see(Sighting seen, double level_then, double slack) noexcept;
  void note_error(double error, bool was_due) noexcept;
  void learn(const Sighting& seen, double slack) noexcept;
  Rise likeliest_rise(const Sighting& full) const noexcept;
  static Rise highest_rise(const Filling& filling, const Sighting& full, double rate) noexcept;
  void look_back_at_first_filling() noexcept;

  BucketFit fit_;
  TimePoint now_;           // of the levels
  double level_ = 0;        // tokens
  double most_ = 0;         // what it may be at most, were the rate as low as it may be
  double fed_ = 0;          // all tokens ever
  double corrections_ = 0;  // of the level, by all sightings and refusals ever
  double refused_ = 0;      // tokens that were fed and taken back
  Sighting last_;
  double dry_seconds_ = 0;  // since then, with nothing in the bucket, if the rate is right
  Filling filling_;         // since then
  Filling first_filling_;   // while the rate was not known well
  Sighting first_full_;     // at its end
  bool is_cold_ = true;     // nobody knows whether the bucket was empty at the start
  int sightings_ = 0;
  double usual_error_;      // of the prediction, when the level is seen; a share of the size
  double patience_ = 1;     // times as long as its doubt alone would allow a sighting is trusted
  TimePoint good_until_;    // the last sighting
  TimePoint refused_until_;
  TimePoint next_look_;
};

}  // namespace tollgate::balancer
