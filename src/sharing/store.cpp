#include "sharing/store.hpp"

#include "base/request_id.hpp"
#include "net/tls_context.hpp"
#include "sharing/scripts.hpp"
#include "tollgate/log.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::sharing {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t queue_capacity = 10'000;
constexpr std::size_t batch_size = 128;
constexpr milliseconds tick{1'000};
constexpr milliseconds beat_interval{4'000};
constexpr std::chrono::seconds forget_released{60};

std::int64_t in_ms(TimePoint at) {
  return std::chrono::duration_cast<milliseconds>(at.time_since_epoch()).count();
}

std::shared_ptr<net::TlsClientContext> tls_for(const RedisAddress& address, const std::string& ca_file) {
  if (!address.endpoint.is_tls) return nullptr;
  return std::make_shared<net::TlsClientContext>(ca_file);
}

// A pause of Redis (a fork, a slow command) is no reason to connect anew.
milliseconds silence_for(milliseconds timeout) { return std::max(milliseconds(1'000), 4 * timeout); }

// A request that needs nothing but its reply.
class Call final : public RedisLink::Request {
 public:
  explicit Call(std::function<void(const Reply&)> on_reply) : on_reply_(std::move(on_reply)) {}
  void answered(const Reply& reply) override { on_reply_(reply); }
  void lost() override {}

 private:
  std::function<void(const Reply&)> on_reply_;
};

}  // namespace

Store::Store(net::Loop& loop, net::Perimeter& perimeter, const SharingConfig& config,
             const std::string& replica, Numbers& numbers, Client& client)
    : loop_(loop),
      config_(config),
      address_(parse_redis_address(config.redis)),
      caller_{config.prefix, replica + "/" + base::make_request_id()},
      numbers_(numbers),
      client_(client),
      settlements_(config.prefix, queue_capacity),
      hopeful_until_(Clock::now() + config.timeout),
      link_(loop, net::Egress(perimeter, {"redis", ""}, config.network), address_,
            tls_for(address_, config.ca_file), silence_for(config.timeout), *this) {
  fire = [](Timer& timer) { static_cast<Store&>(timer).on_tick(); };
}

Store::~Store() { loop_.disarm(*this); }

void Store::start() {
  at = Clock::now() + tick;
  loop_.arm(*this);
  link_.start();
}

void Store::sign_off() {
  if (is_up() && link_.is_open()) beat(true);
}

void Store::stop() {
  loop_.disarm(*this);
  phase_ = Phase::away;
  hopeful_until_ = {};
  numbers_.is_connected.set(0);
  set_why_not("closed");
  waiting_.clear();
  link_.close();
}

bool Store::may_answer(TimePoint now) const noexcept {
  if (phase_ < Phase::catching_up) return now < hopeful_until_;
  const auto oldest = link_.oldest_sent();
  return oldest == no_deadline || oldest + patience(config_.timeout) > now;
}

bool Store::is_idle() const noexcept {
  return settlements_.is_empty() && batch_.empty() && link_.unanswered() == 0;
}

std::int64_t Store::now_ms(TimePoint now) noexcept {
  // Estimates differ by what the replies took. Going back a little would part a lease from its slot;
  // a clock that was really set back is followed.
  constexpr std::int64_t doubt_ms = 1'000;
  const auto estimate = in_ms(now) + clock_offset_ms_;
  if (estimate > latest_ms_ || estimate < latest_ms_ - doubt_ms) latest_ms_ = estimate;
  return latest_ms_;
}

void Store::hint_now(std::int64_t now_ms, TimePoint now) noexcept {
  if (!is_clock_known_) clock_offset_ms_ = now_ms - in_ms(now);
}

void Store::note_clock(std::int64_t redis_ms, TimePoint now) noexcept {
  is_clock_known_ = true;
  clock_offset_ms_ = redis_ms - in_ms(now);
}

void Store::call(Words words, std::function<void(const Reply&)> on_reply) {
  link_.send(words, std::make_unique<Call>(std::move(on_reply)));
}

void Store::on_connected() {
  phase_ = Phase::greeting;
  numbers_.connects.add();
  const auto step = [this](const char* name) {
    return [this, name](const Reply& reply) {
      if (reply.is_error()) link_.drop(std::string(name) + ": " + reply.text);
    };
  };
  if (!config_.password.is_empty()) {
    Words auth{"AUTH"};
    if (!config_.user.empty()) auth.push_back(config_.user);
    auth.push_back(config_.password.reveal());
    call(std::move(auth), step("AUTH"));
  }
  if (address_.db != 0) call({"SELECT", std::to_string(address_.db)}, step("SELECT"));
  const auto load = [this](std::string_view text, std::string& sha) {
    call({"SCRIPT", "LOAD", std::string(text)}, [this, &sha](const Reply& reply) {
      if (reply.is_error()) return link_.drop("SCRIPT LOAD: " + reply.text);
      sha = reply.text;
    });
  };
  load(reserve_script, reserve_sha_);
  load(adjust_script, adjust_sha_);
  beat(false);  // the probe: a script that writes
}

void Store::beat(bool is_leaving) {
  const auto now = Clock::now();
  last_beat_ = now;
  const auto held = settlements_.held(now - forget_released);
  Words words = beat_words(caller_, held, is_leaving, 0);
  words[0] = "EVAL";
  words[1] = beat_script;
  call(std::move(words), [this](const Reply& reply) { greeted(reply); });
}

void Store::greeted(const Reply& reply) {
  if (!reply.is_numbers(2)) {
    link_.drop("Redis cannot be used: " + (reply.is_error() ? reply.text : "unexpected reply"));
    return;
  }
  note_clock(reply.list[0].number, Clock::now());
  numbers_.gateways.set(reply.list[1].number);
  if (phase_ != Phase::greeting || !link_.is_open()) return;
  link_.ready();
  phase_ = Phase::catching_up;
  settlements_.restore_held();
  tell_settlements();
}

void Store::came_up() {
  phase_ = Phase::up;
  numbers_.is_connected.set(1);
  set_why_not("");
  log::info("sharing", "connected to Redis at " + address_.endpoint.authority);
  client_.on_up();
  for (auto& reservation : std::exchange(waiting_, {})) {
    if (reservation->ticket.waiter) send(std::move(reservation));
  }
}

void Store::on_gone(const std::string& why) {
  const bool was_up = std::exchange(phase_, Phase::away) == Phase::up;
  is_batch_sent_ = false;
  numbers_.is_connected.set(0);
  if (was_up) {
    numbers_.connection_losses.add();
    hopeful_until_ = Clock::now() + config_.timeout;
    log::warn("sharing", "lost Redis at " + address_.endpoint.authority + ": " + why);
  } else {
    numbers_.connect_failures.add();
    hopeful_until_ = {};
    waiting_.clear();
  }
  set_why_not(why);
}

void Store::on_tick() {
  const auto now = Clock::now();
  at = now + tick;
  loop_.arm(*this);
  link_.check_rules();
  client_.on_tick(now);
  if (phase_ == Phase::away) settlements_.forget_expired(now_ms(now));
  tell_settlements();
  if (phase_ != Phase::up) return;
  if (now - last_beat_ > held_for * 2 / 3) {
    link_.drop("this gateway was stopped for a while");  // what it held may be gone: start over
  } else if (now - last_beat_ >= beat_interval) {
    beat(false);
  }
}

void Store::tell_settlements() {
  if (phase_ >= Phase::catching_up && !is_batch_sent_) send_batch();
  numbers_.adjustments_queued.set(static_cast<std::int64_t>(settlements_.size() + batch_.size()));
  numbers_.adjustments_dropped.set(settlements_.dropped());
}

void Store::send_batch() {
  if (!link_.is_open()) return;
  if (batch_.empty()) {
    batch_ = settlements_.take(batch_size);
    ++batch_number_;
  }
  if (batch_.empty()) {
    if (phase_ == Phase::catching_up) came_up();
    return;
  }
  Words words = adjust_words(caller_, batch_, batch_number_, 0);
  words[0] = "EVALSHA";
  words[1] = adjust_sha_;
  is_batch_sent_ = true;
  call(std::move(words), [this](const Reply& reply) { batch_answered(reply); });
}

void Store::batch_answered(const Reply& reply) {
  is_batch_sent_ = false;
  if (reply.is_numbers(2)) {
    batch_.clear();
    tell_settlements();
    return;
  }
  if (reply.is_error_of("NOSCRIPT")) {
    numbers_.scripts_sent.add();
    call({"SCRIPT", "LOAD", std::string(adjust_script)}, [](const Reply&) {});
    send_batch();
    return;
  }
  numbers_.errors.add();
  // Kept and sent again: at the next tick, or by the next connection.
  if (is_unfit(reply) || phase_ == Phase::catching_up) link_.drop("Redis: " + reply.text);
}

std::string Store::why_not() const {
  const std::lock_guard lock(why_mutex_);
  return why_not_;
}

void Store::set_why_not(const std::string& why) {
  const std::lock_guard lock(why_mutex_);
  why_not_ = why;
}

}  // namespace tollgate::sharing
