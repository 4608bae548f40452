#include "credentials/schedule.hpp"

#include <algorithm>
#include <array>

namespace tollgate::credentials {

namespace {

using namespace std::chrono_literals;

// What the metadata service asks its callers to wait (entra-identity: IMDS); longer than 70 s in all, the
// time that an update of it may take.
constexpr std::array<std::chrono::seconds, 5> machine_waits{0s, 2s, 6s, 14s, 30s};
constexpr std::array<std::chrono::seconds, 5> tenant_waits{1s, 2s, 5s, 12s, 30s};

constexpr std::chrono::seconds after_refusal{30};      // somebody has to change something first
constexpr std::chrono::seconds with_token_at_hand{30};
constexpr std::chrono::minutes longest_advice{5};
constexpr std::chrono::hours long_lived{2};
constexpr std::chrono::minutes usual_margin{5};
constexpr std::chrono::minutes least_margin{4};

Duration scaled(Duration duration, double factor) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(duration) * factor);
}

Duration spread(Duration duration, double chance) { return scaled(duration, 0.9 + 0.2 * chance); }

}  // namespace

Duration refresh_after(std::chrono::seconds lifetime, std::chrono::seconds refresh_in, double chance) {
  const Duration life = lifetime;
  Duration planned = lifetime >= long_lived ? life / 2 : std::max(life - usual_margin, life / 2);
  if (refresh_in > 0s && refresh_in < lifetime) planned = refresh_in;
  // However chance has it, there must be time for some attempts.
  const Duration latest = std::max(planned, life - std::min<Duration>(least_margin, life / 10));
  const Duration first = scaled(planned, 0.9);
  const Duration last = std::min(scaled(planned, 1.1), latest);
  return first + scaled(last - first, chance);
}

bool is_refusal(CredentialKind kind, int status) noexcept {
  if (status < 400 || status > 499) return false;
  if (status == 429) return false;
  if (kind == CredentialKind::managed_identity) return status != 404 && status != 410;
  return status != 408;
}

Duration retry_after(CredentialKind kind, const Failure& last, int failures, Duration remaining, double chance) {
  if (is_refusal(kind, last.status)) return spread(after_refusal, chance);
  const auto& waits = kind == CredentialKind::managed_identity ? machine_waits : tenant_waits;
  const auto index = static_cast<std::size_t>(std::max(failures, 1) - 1);
  Duration wait = waits[std::min(index, waits.size() - 1)];
  // With a token at hand nobody waits for the next, but several attempts must fit in before it ends.
  if (remaining > Duration::zero() && failures > 1) {
    wait = std::min<Duration>(with_token_at_hand, std::max<Duration>(1s, remaining / 4));
  }
  wait = spread(wait, chance);
  if (last.retry_after > 0ms) wait = std::max(wait, std::min<Duration>(last.retry_after, longest_advice));
  return wait;
}

Duration Retries::fail(CredentialKind kind, const Failure& last, Duration remaining, double chance) {
  const bool has_token = remaining > Duration::zero();
  if (had_token_ && !has_token) failures_ = 0;
  had_token_ = has_token;
  return retry_after(kind, last, ++failures_, remaining, chance);
}

}  // namespace tollgate::credentials
