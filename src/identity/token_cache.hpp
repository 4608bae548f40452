// Tokens that have been verified: the next request with one of them costs a hash and a look-up.
//
// Thread safety: any thread; a lock a shard. Lives as long as the configuration whose rules the tokens
// were checked by, and forgets everything when the signing keys change.
#pragma once

#include "tollgate/config.hpp"

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace tollgate::identity {

struct KnownToken {
  const Subscription* subscription = nullptr;
  std::string label;
  std::int64_t expires = 0;      // seconds since 1970, skew included
  std::uint64_t generation = 0;  // of the signing keys that it was verified with
};

class TokenCache {
 public:
  static constexpr std::size_t shards = 16;
  static constexpr std::size_t shard_size = 1024;

  // By the SHA-256 of the token, never the token itself.
  std::optional<KnownToken> find(const KeyDigest& digest, std::uint64_t generation, std::int64_t now);
  void insert(const KeyDigest& digest, KnownToken token, std::int64_t now);
  std::size_t size() const;

 private:
  struct Hash {
    std::size_t operator()(const KeyDigest& digest) const noexcept;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<KeyDigest, KnownToken, Hash> tokens;
  };
  std::array<Shard, shards> shards_;
};

}  // namespace tollgate::identity
