// Traffic of three classes on reserved capacity with a pay-as-you-go deployment behind it, in made-up
// time. The capacity is the bucket of the stand-in for Azure (src/mock_azure/limits.hpp), which shares no
// code with the model that predicts it.
#pragma once

#include "balancer/ptu_model.hpp"
#include "mock_azure/limits.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <queue>
#include <random>
#include <vector>

namespace tollgate::balancer::simulation {

enum class Way : unsigned char {
  naive,    // every call tries the PTU first
  breaker,  // and after a refusal none does for as long as it said
  model,    // and those that the model has no room for do not
};

inline constexpr std::size_t classes = 3;  // interactive, standard, batch

struct Setup {
  Way way = Way::model;
  std::int64_t units = 100, tokens_a_unit = 2500, weight = 4, window = 60;  // the truth; by the minute, and seconds
  double believed = 1;       // the rate of the configuration, as a share of the truth
  double load = 1.2;         // what is asked for, as a share of the truth
  double others = 0;         // load that does not come through here, as a share of the truth
  bool has_header = false;
  bool has_advice = true;    // refusals say when to come back
  std::array<double, classes> mix{0.3, 0.4, 0.3};  // of the calls
  std::array<double, classes> lines{1.0, 0.95, 0.80};
  double prompt = 1200, answer = 250;  // median tokens
  double names_limit = 0.5;  // share of calls that say max_tokens; twice the answer, rounded up
  double cached = 0.2;       // of the prompt, on average
  std::int64_t service_guess = 256, our_guess = 400;  // answer tokens of calls without a limit
  double seconds = 1800;
  double pause_every = 0, pause = 0;  // seconds
  std::uint32_t seed = 1;
};

struct Outcome {
  std::array<int, classes> calls{}, on_ptu{}, refused{}, held_back{};
  std::vector<double> first_tokens;  // of interactive calls, seconds
  std::vector<double> errors;        // of the predicted utilisation, in points, once it has learnt
  double busy = 0;                   // work done by the PTU, as a share of what it could do
  double rate = 0, window = 0;       // as learnt, shares of the truth

  int all_refused() const { return refused[0] + refused[1] + refused[2]; }
  int all_calls() const { return calls[0] + calls[1] + calls[2]; }
};

inline double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

class Simulation {
 public:
  explicit Simulation(const Setup& setup)
      : s_(setup),
        random_(setup.seed),
        truth_(setup.units, setup.tokens_a_unit, setup.weight, setup.window),
        rate_(static_cast<double>(setup.units * setup.tokens_a_unit) / 60),
        model_(rate_ * setup.believed, start) {}

  Outcome run() {
    const double mean_work = find_mean_work();
    const double arrivals = s_.load * rate_ / mean_work, theirs = s_.others * rate_ / mean_work;
    schedule(exponential(arrivals), Kind::arrival, -1);
    if (theirs > 0) schedule(exponential(theirs), Kind::other, -1);
    schedule(0.25, Kind::sample, -1);
    while (!events_.empty() && events_.top().at < s_.seconds) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      switch (event.kind) {
        case Kind::arrival:
          schedule(now_ + exponential(arrivals) + pause(), Kind::arrival, -1);
          arrive();
          break;
        case Kind::other:
          schedule(now_ + exponential(theirs), Kind::other, -1);
          other();
          break;
        case Kind::reached: reach(calls_[event.call]); break;
        case Kind::refused: refuse(calls_[event.call]); break;
        case Kind::accepted: accept(calls_[event.call]); break;
        case Kind::ended: end(calls_[event.call]); break;
        case Kind::sample:
          schedule(now_ + 0.25, Kind::sample, -1);
          sample();
          break;
      }
    }
    out_.busy = done_ / (rate_ * (s_.seconds - warm_up()));
    out_.rate = model_.rate() / rate_;
    out_.window = model_.size() / model_.rate() / static_cast<double>(s_.window);
    return out_;
  }

 private:
  enum class Kind : unsigned char { arrival, other, reached, refused, accepted, ended, sample };
  struct Event {
    double at;
    std::uint64_t order;
    Kind kind;
    std::size_t call;
    bool operator>(const Event& o) const { return at != o.at ? at > o.at : order > o.order; }
  };
  struct Call {
    std::size_t klass = 0;
    std::int64_t prompt = 0, cached = 0, limit = -1, answer = 0;
    bool is_ours = true;
    double came = 0;
    std::int64_t charged = 0;
    double reported = 0;
    Duration advice{};
    PtuCharge charge;
    double work(std::int64_t weight) const { return static_cast<double>(prompt - cached + weight * answer); }
  };

  static constexpr TimePoint start{std::chrono::hours(1000)};
  static constexpr double half_trip = 0.01;    // seconds to the service
  static constexpr double token_time = 0.012;  // seconds

  static TimePoint at(double seconds) {
    return start + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  }
  double warm_up() const { return std::min(300.0, s_.seconds / 4); }
  double exponential(double rate) { return std::exponential_distribution<double>(rate)(random_); }
  double around(double median, double spread) { return median * std::exp(spread * std::normal_distribution<double>()(random_)); }
  bool chance(double share) { return std::uniform_real_distribution<double>()(random_) < share; }

  // Time added before the next call: now and then nobody asks for anything.
  double pause() {
    if (s_.pause_every <= 0 || now_ - paused_ < s_.pause_every) return 0;
    paused_ = now_ + s_.pause;
    return s_.pause;
  }

  void schedule(double when, Kind kind, std::size_t call) { events_.push({when, order_++, kind, call}); }

  Call draw() {
    Call call;
    const double x = std::uniform_real_distribution<double>()(random_);
    call.klass = x < s_.mix[0] ? 0 : x < s_.mix[0] + s_.mix[1] ? 1 : 2;
    call.prompt = std::max<std::int64_t>(16, std::llround(around(s_.prompt, 0.8)));
    call.answer = std::max<std::int64_t>(4, std::llround(around(s_.answer, 0.7)));
    if (chance(2 * s_.cached)) call.cached = call.prompt / 2;
    if (chance(s_.names_limit)) call.limit = (2 * call.answer + 99) / 100 * 100;
    call.came = now_;
    return call;
  }

  double find_mean_work() {
    auto kept = random_;
    double sum = 0;
    for (int i = 0; i < 20'000; ++i) sum += draw().work(s_.weight);
    random_ = kept;
    return sum / 20'000;
  }

  void arrive() {
    Call call = draw();
    const bool counts = now_ > warm_up();
    out_.calls[call.klass] += counts;
    bool goes = true;
    if (s_.way == Way::breaker) goes = now_ >= closed_until_;
    if (s_.way == Way::model) {
      goes = model_.below(s_.lines[call.klass], 0, at(now_)) <= at(now_) || model_.wants_to_see(at(now_));
    }
    if (!goes) {
      out_.held_back[call.klass] += counts;
      return served_elsewhere(call);
    }
    const std::int64_t bound = call.limit >= 0 ? call.limit : s_.our_guess;
    const double expected = static_cast<double>(call.prompt) * (1 - s_.cached);
    call.charge = model_.admit(expected + static_cast<double>(s_.weight * bound), at(now_));
    calls_.push_back(call);
    schedule(now_ + half_trip, Kind::reached, calls_.size() - 1);
  }

  void other() {
    Call call = draw();
    call.is_ours = false;
    calls_.push_back(call);
    reach(calls_.back());
  }

  void reach(Call& call) {
    const auto index = static_cast<std::size_t>(&call - calls_.data());
    const auto admission = truth_.admit(at(now_), call.prompt - call.cached, call.limit >= 0 ? call.limit : s_.service_guess);
    call.reported = admission.utilization / 100;
    if (!admission.admitted()) {
      call.advice = admission.retry_after;
      if (call.is_ours) schedule(now_ + half_trip, Kind::refused, index);
      return;
    }
    call.charged = admission.charged;
    const double first_token = around(0.25, 0.35);
    if (call.is_ours) schedule(now_ + first_token, Kind::accepted, index);
    schedule(now_ + first_token + token_time * static_cast<double>(call.answer), Kind::ended, index);
  }

  void refuse(Call& call) {
    out_.refused[call.klass] += now_ > warm_up();
    closed_until_ = std::max(closed_until_, now_ + std::chrono::duration<double>(call.advice).count());
    model_.refused(call.charge, s_.has_advice ? std::optional<Duration>(call.advice) : std::nullopt, at(now_));
    served_elsewhere(call);
  }

  void served_elsewhere(const Call& call) {
    if (call.klass == 0 && now_ > warm_up()) out_.first_tokens.push_back(now_ - call.came + around(0.45, 0.4));
  }

  void accept(Call& call) {
    model_.accepted(call.charge, s_.has_header ? std::optional(call.reported) : std::nullopt, at(now_));
    if (now_ <= warm_up()) return;
    ++out_.on_ptu[call.klass];
    if (call.klass == 0) out_.first_tokens.push_back(now_ - call.came);
  }

  void end(const Call& call) {
    truth_.settle(at(now_), call.charged, call.prompt - call.cached, call.answer);
    if (now_ > warm_up()) done_ += call.work(s_.weight);
    if (call.is_ours) model_.settle(call.charge, call.work(s_.weight), at(now_));
  }

  void sample() {
    if (!model_.is_learnt() || now_ < warm_up()) return;
    const double truth = truth_.settle(at(now_), 0, 0, 0);
    out_.errors.push_back(std::abs(100 * model_.utilization(at(now_)) - truth));
  }

  Setup s_;
  std::mt19937 random_;
  mock::PtuLimit truth_;
  double rate_;
  PtuModel model_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<Call> calls_;
  std::uint64_t order_ = 0;
  double now_ = 0, paused_ = 0;
  double closed_until_ = 0;
  double done_ = 0;
  Outcome out_;
};

inline Outcome simulate(const Setup& setup) { return Simulation(setup).run(); }

}  // namespace tollgate::balancer::simulation
