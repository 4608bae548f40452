// Who is calling: finds the subscription by its key, in every place where a client may put one.
// Looks at the head alone, so an unknown caller never makes the gateway read a body.
#include "base/sha256.hpp"
#include "filters/filters.hpp"
#include "filters/reply.hpp"
#include "http/text.hpp"

#include <cstdint>
#include <cstring>
#include <unordered_map>

namespace tollgate::filters {

namespace {

// The first credential found, "" if none. Views into the head.
std::string_view credential_of(const Exchange& ex) {
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
  if (!api_key.empty()) return api_key;
  if (!bearer.empty()) return bearer;
  if (!subscription_key.empty()) return subscription_key;
  return http::query_parameter(ex.route.query, "subscription-key").value_or("");
}

Error refusal(ErrorKind kind, std::string message) {
  Error error;
  error.kind = kind;
  error.source = ErrorSource::client;
  error.message = std::move(message);
  return error;
}

class Access final : public Filter {
 public:
  explicit Access(const Config& config) {
    for (const auto& subscription : config.subscriptions) {
      for (const auto& digest : subscription->keys) by_digest_[bucket_of(digest)] = {digest, subscription.get()};
    }
  }

  awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const override {
    const auto key = credential_of(ex);
    if (key.empty()) {
      return reply_error(ex, out, refusal(ErrorKind::unauthorized,
          "No API key was given. Send it as `api-key`, as `Authorization: Bearer` or as "
          "`Ocp-Apim-Subscription-Key`."));
    }
    const Subscription* subscription = find(key);
    if (!subscription || ex.path_prefix != subscription->path_prefix) {
      // One answer for both, so that a prefix tells nothing about whose it is. A subscription with a
      // prefix may also be called without it.
      if (!subscription || !ex.path_prefix.empty()) {
        return reply_error(ex, out, refusal(ErrorKind::unauthorized, "The API key is not valid here."));
      }
    }
    ex.subscription = subscription;
    if (subscription->is_suspended) {
      return reply_error(ex, out, refusal(ErrorKind::suspended, "This subscription is suspended."));
    }
    return next(ex, out);
  }

 private:
  struct Entry {
    KeyDigest digest;
    const Subscription* subscription;
  };

  // The place in the table comes from a digest, which tells nothing about the key it is of.
  static std::uint64_t bucket_of(const KeyDigest& digest) noexcept {
    std::uint64_t bucket;
    std::memcpy(&bucket, digest.data(), sizeof bucket);
    return bucket;
  }

  const Subscription* find(std::string_view key) const {
    const KeyDigest digest = base::sha256(key);
    const auto found = by_digest_.find(bucket_of(digest));
    if (found == by_digest_.end()) return nullptr;
    if (!base::equal_in_constant_time(found->second.digest, digest)) return nullptr;
    return found->second.subscription;
  }

  std::unordered_map<std::uint64_t, Entry> by_digest_;
};

}  // namespace

std::shared_ptr<const Filter> make_access(const Config& config) {
  return std::make_shared<Access>(config);
}

}  // namespace tollgate::filters
