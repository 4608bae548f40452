#include "identity/token_cache.hpp"

#include <cstring>

namespace tollgate::identity {

std::size_t TokenCache::Hash::operator()(const KeyDigest& digest) const noexcept {
  std::size_t hash;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::optional<KnownToken> TokenCache::find(const KeyDigest& digest, std::uint64_t generation,
                                           std::int64_t now) {
  Shard& shard = shards_[digest.back() % shards];
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.tokens.find(digest);
  if (found == shard.tokens.end()) return std::nullopt;
  if (found->second.expires > now && found->second.generation == generation) return found->second;
  shard.tokens.erase(found);
  return std::nullopt;
}

void TokenCache::insert(const KeyDigest& digest, KnownToken token, std::int64_t now) {
  Shard& shard = shards_[digest.back() % shards];
  const std::lock_guard lock(shard.mutex);
  if (shard.tokens.size() >= shard_size) {
    std::erase_if(shard.tokens, [&](const auto& entry) {
      return entry.second.expires <= now || entry.second.generation != token.generation;
    });
    if (shard.tokens.size() >= shard_size) shard.tokens.erase(shard.tokens.begin());
  }
  shard.tokens.insert_or_assign(digest, std::move(token));
}

std::size_t TokenCache::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    total += shard.tokens.size();
  }
  return total;
}

}  // namespace tollgate::identity
