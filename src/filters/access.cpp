// Who is calling: finds the subscription by a key, an Entra ID token or a client certificate.
// Looks at the head alone, so an unknown caller never makes the gateway read a body.
#include "base/sha256.hpp"
#include "filters/filters.hpp"
#include "filters/reply.hpp"
#include "http/text.hpp"
#include "identity/compact_jws.hpp"
#include "identity/key_book.hpp"
#include "identity/key_ring.hpp"
#include "identity/mapping.hpp"
#include "identity/token_cache.hpp"
#include "identity/verify.hpp"
#include "net/loop.hpp"

#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

namespace tollgate::filters {

namespace {

// How long a request whose token names an unknown key waits for newer keys.
constexpr std::chrono::seconds longest_wait{2};
constexpr std::chrono::milliseconds look_again{20};

constexpr const char* plain_challenge = "Bearer realm=\"tollgate\"";

struct Credential {
  std::string_view text;  // "" when none was sent; a view into the head
  bool is_bearer = false;
};

// The first credential found.
Credential credential_of(const Exchange& ex) {
  std::string_view bearer, api_key, subscription_key;
  for (const auto& header : ex.headers) {
    switch (header.known) {
      case HeaderName::api_key: api_key = header.value; break;
      case HeaderName::authorization:
        if (header.value.size() > 7 && http::iequals(header.value.substr(0, 7), "bearer ")) {
          bearer = http::trim(header.value.substr(7));
        }
        break;
      case HeaderName::ocp_apim_subscription_key: subscription_key = header.value; break;
      default: break;
    }
  }
  if (!api_key.empty()) return {api_key, false};
  if (!bearer.empty()) return {bearer, true};
  if (!subscription_key.empty()) return {subscription_key, false};
  const auto in_query = [&ex](std::string_view name) { return http::query_parameter(ex.route.query, name).value_or(""); };
  if (const auto key = in_query("subscription-key"); !key.empty() || !ex.upgrade) return {key, false};
  // Browsers can set no headers on a WebSocket.
  if (const auto key = in_query("api-key"); !key.empty()) return {key, false};
  return {ex.upgrade->key, true};
}

Error refusal(ErrorKind kind, std::string message, std::string challenge = {}) {
  Error error;
  error.kind = kind;
  error.source = ErrorSource::client;
  error.message = std::move(message);
  error.challenge = std::move(challenge);
  return error;
}

Error unauthorized(std::string message) {
  return refusal(ErrorKind::unauthorized, std::move(message), plain_challenge);
}

Error token_refusal(identity::TokenFault fault) {
  const std::string why = identity::text_of(fault);
  if (fault == identity::TokenFault::keys_not_loaded) {
    Error error = refusal(ErrorKind::identity_unavailable, why + ". Please retry.");
    error.source = ErrorSource::gateway;
    error.retry_after = std::chrono::seconds(5);
    return error;
  }
  return refusal(ErrorKind::unauthorized, why + ".",
                 std::string(plain_challenge) + ", error=\"invalid_token\", error_description=\"" + why + "\"");
}

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

class Access final : public Filter {
 public:
  Access(const Config& config, const Services& services) : config_(config), ring_(services.key_ring) {
    is_suspended_.resize(config.subscriptions.size());
    for (const auto& subscription : config.subscriptions) {
      for (const auto& key : subscription->keys) add_key(key.digest, key.validity, *subscription);
      is_suspended_[subscription->index] = subscription->is_suspended;
      knows_certificates_ |= !subscription->certificates.empty();
    }
    if (services.runtime_access) add_runtime(*services.runtime_access);
  }

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    const Credential credential = credential_of(ex);
    if (credential.text.empty()) {
      if (ex.certificate && knows_certificates_) return by_certificate(ex, out, next, owner_of_certificate(ex));
      return reply_error(ex, out, unauthorized(
          "No API key was given. Send it as `api-key`, as `Authorization: Bearer` or as "
          "`Ocp-Apim-Subscription-Key`."));
    }
    const KeyDigest digest = base::sha256(credential.text);
    if (const Entry* entry = find(digest)) return by_key(ex, out, next, *entry);
    if (credential.is_bearer && config_.identity.entra && ring_ && identity::looks_like_jws(credential.text)) {
      return by_token(ex, out, next, credential.text, digest);
    }
    // SDKs insist on sending some key. What a certificate proves is not undone by one that nobody has.
    if (const auto* owner = owner_of_certificate(ex)) return by_certificate(ex, out, next, owner);
    return reply_error(ex, out, unauthorized("The API key is not valid here."));
  }

 private:
  struct Learnt {
    identity::TokenFault fault = identity::TokenFault::none;
    const Subscription* subscription = nullptr;
    std::string label;
  };

  struct Entry {
    KeyDigest digest;
    Validity validity;
    const Subscription* subscription;
    std::string label;
  };

  // The place in the table comes from a digest, which tells nothing about the key it is of.
  static std::uint64_t bucket_of(const KeyDigest& digest) noexcept {
    std::uint64_t bucket;
    std::memcpy(&bucket, digest.data(), sizeof bucket);
    return bucket;
  }

  void add_key(const KeyDigest& digest, const Validity& validity, const Subscription& subscription) {
    by_digest_.try_emplace(bucket_of(digest), Entry{digest, validity, &subscription, identity::label_of(digest)});
  }

  void add_runtime(const identity::RuntimeAccess& runtime) {
    std::unordered_map<std::string_view, const Subscription*> by_name;
    for (const auto& subscription : config_.subscriptions) by_name.emplace(subscription->name, subscription.get());
    for (const auto& key : runtime.keys) {
      const auto owner = by_name.find(key.subscription);  // it may be gone from the configuration
      if (owner != by_name.end()) add_key(key.digest, key.validity, *owner->second);
    }
    for (const auto& name : runtime.suspended) {
      const auto owner = by_name.find(name);
      if (owner != by_name.end()) is_suspended_[owner->second->index] = true;
    }
  }

  const Entry* find(const KeyDigest& digest) const {
    const auto found = by_digest_.find(bucket_of(digest));
    if (found == by_digest_.end()) return nullptr;
    return base::equal_in_constant_time(found->second.digest, digest) ? &found->second : nullptr;
  }

  awaitable<Outcome> by_key(Exchange& ex, ResponseSink& out, Next next, const Entry& entry) const {
    if (!is_at_home(ex, *entry.subscription)) {
      return reply_error(ex, out, unauthorized("The API key is not valid here."));
    }
    if (!entry.validity.has_begun(ex.started_wall)) {
      return reply_error(ex, out, unauthorized("The API key is not valid yet."));
    }
    if (entry.validity.has_ended(ex.started_wall)) {
      return reply_error(ex, out, unauthorized("The API key has expired."));
    }
    return enter(ex, out, next, *entry.subscription, entry.label);
  }

  const Subscription* owner_of_certificate(const Exchange& ex) const {
    if (!ex.certificate || !knows_certificates_) return nullptr;
    return identity::subscription_of(config_, *ex.certificate);
  }

  // `subscription` is null when the certificate is nobody's.
  awaitable<Outcome> by_certificate(Exchange& ex, ResponseSink& out, Next next,
                                    const Subscription* subscription) const {
    if (ex.certificate->expires <= ex.started_wall) {
      return reply_error(ex, out, unauthorized("The client certificate has expired."));
    }
    if (!subscription || !is_at_home(ex, *subscription)) {
      return reply_error(ex, out, refusal(ErrorKind::not_permitted,
                                          "The client certificate is not one of a subscription here."));
    }
    return enter(ex, out, next, *subscription, identity::label_of(ex.certificate->sha256));
  }

  awaitable<Outcome> by_token(Exchange& ex, ResponseSink& out, Next next, std::string_view token,
                              const KeyDigest& digest) const {
    const auto now = seconds_of(ex.started_wall);
    if (auto known = cache_.find(digest, ring_->generation(), now)) {
      return enter_token(ex, out, next, known->subscription, std::move(known->label));
    }
    return by_new_token(ex, out, next, token, digest);
  }

  awaitable<Outcome> by_new_token(Exchange& ex, ResponseSink& out, Next next, std::string_view token,
                                  KeyDigest digest) const {
    Learnt learnt = co_await learn(ex, token, digest);
    if (learnt.fault == identity::TokenFault::none) {
      co_return co_await enter_token(ex, out, next, learnt.subscription, std::move(learnt.label));
    }
    Error error = token_refusal(learnt.fault);
    co_return co_await reply_error(ex, out, std::move(error));
  }

  // Verifies a token that is not in the cache. A step of its own, so that what it takes is given back
  // before a long answer begins.
  awaitable<Learnt> learn(Exchange& ex, std::string_view token, KeyDigest digest) const {
    const auto& rules = *config_.identity.entra;
    const auto now = seconds_of(ex.started_wall);
    const auto give_up = Clock::now() + longest_wait;
    auto trusted = ring_->current();
    identity::Verified verified = identity::verify_token(token, rules, *trusted, now);
    if (verified.fault == identity::TokenFault::unknown_key &&
        ring_->ask_refresh(verified.issuer, trusted->generation)) {
      do {
        net::Sleep pause(ex.loop, Clock::now() + look_again);
        co_await pause;
      } while (ring_->is_refreshing(verified.issuer) && Clock::now() < give_up);
      trusted = ring_->current();
      verified = identity::verify_token(token, rules, *trusted, now);
    }
    Learnt learnt;
    learnt.fault = verified.fault;
    if (verified.fault != identity::TokenFault::none) co_return learnt;
    identity::KnownToken known;
    known.subscription = learnt.subscription = identity::subscription_of(config_, verified.claims);
    known.label = learnt.label = identity::label_of(verified.claims);
    known.expires = verified.claims.expires +
                    std::chrono::duration_cast<std::chrono::seconds>(rules.skew).count();
    known.generation = trusted->generation;
    cache_.insert(digest, std::move(known), now);
    co_return learnt;
  }

  awaitable<Outcome> enter_token(Exchange& ex, ResponseSink& out, Next next, const Subscription* subscription,
                                 std::string label) const {
    if (!subscription || !is_at_home(ex, *subscription)) {
      return reply_error(ex, out, refusal(ErrorKind::not_permitted,
          "The token is valid, but its application, roles, scopes and groups are those of no subscription here.",
          std::string(plain_challenge) + ", error=\"insufficient_scope\""));
    }
    return enter(ex, out, next, *subscription, std::move(label));
  }

  // A subscription with a prefix may also be called without it; nobody else may use the prefix, and the
  // answer tells nothing about whose it is.
  static bool is_at_home(const Exchange& ex, const Subscription& subscription) {
    return ex.path_prefix.empty() || ex.path_prefix == subscription.path_prefix;
  }

  awaitable<Outcome> enter(Exchange& ex, ResponseSink& out, Next next, const Subscription& subscription,
                           std::string label) const {
    ex.subscription = &subscription;
    ex.key_label = std::move(label);
    const char* why = nullptr;
    if (is_suspended_[subscription.index]) why = "This subscription is suspended.";
    else if (!subscription.validity.has_begun(ex.started_wall)) why = "This subscription has not begun yet.";
    else if (subscription.validity.has_ended(ex.started_wall)) why = "This subscription has ended.";
    if (why) return reply_error(ex, out, refusal(ErrorKind::suspended, why));
    return next(ex, out);
  }

  const Config& config_;  // of the same snapshot, which keeps both
  identity::KeyRing* ring_;
  std::unordered_map<std::uint64_t, Entry> by_digest_;
  std::vector<char> is_suspended_;  // by index of the subscription
  bool knows_certificates_ = false;
  mutable identity::TokenCache cache_;
};

}  // namespace

std::shared_ptr<const Filter> make_access(const Config& config, const Services& services) {
  return std::make_shared<Access>(config, services);
}

}  // namespace tollgate::filters
