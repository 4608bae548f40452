// The issuers' signing keys as the workers see them: one thread fetches and publishes, all read.
//
// Thread safety: any thread. A short lock around a pointer; only tokens that are not in a cache ask.
#pragma once

#include "identity/verify.hpp"
#include "tollgate/clock.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tollgate::identity {

class KeyRing {
 public:
  std::shared_ptr<const TrustedIssuers> current() const;
  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

  // A token names a key that is not there. True: its issuer's keys are being fetched anew, look again
  // when the generation has changed. False: they were fetched for such a token a moment ago.
  bool ask_refresh(std::size_t issuer, std::uint64_t seen_generation);
  bool is_refreshing(std::size_t issuer) const;

  // --- for the fetcher ---
  // `start` is called from any thread when ask_refresh() wants a fetch.
  void on_ask(std::function<void(std::size_t issuer)> start);
  void reset(std::vector<TrustedIssuers::Entry> entries, Duration refresh_gap);
  void begin_fetch(std::size_t issuer);
  void end_fetch(std::size_t issuer, std::shared_ptr<const Issuer> fetched);  // null: it failed

 private:
  struct State {
    bool is_fetching = false;
    TimePoint next_ask{};
  };
  void publish(std::shared_ptr<const TrustedIssuers> next);

  std::atomic<std::uint64_t> generation_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const TrustedIssuers> trusted_ = std::make_shared<TrustedIssuers>();
  std::vector<State> states_;
  Duration refresh_gap_{};
  std::function<void(std::size_t)> start_;
};

}  // namespace tollgate::identity
