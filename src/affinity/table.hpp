// Which owner an object has: a bounded table in memory, 24 bytes an object and a third to spare.
//
// Thread safety: any thread; a shard is locked for one look-up or change. Time is what the caller says
// it is, in seconds since the epoch.
#pragma once

#include "affinity/object_key.hpp"
#include "affinity/owners.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace tollgate::affinity {

using Seconds = std::uint32_t;  // since the epoch, until 2106

struct Entry {
  ObjectKey key;
  OwnerId owner = 0;
  Seconds expires = 0;  // 0: there is no entry
};

class Table {
 public:
  static constexpr std::size_t shards = 64;

  // `most` entries, or a few less: each shard has its own part. REQUIRES: most >= shards.
  explicit Table(std::size_t most);

  // Nothing that has expired at `now`.
  std::optional<Entry> find(ObjectKey key, Seconds now) const;

  struct Changed {
    bool is_changed = false;         // false: another owner stays, or it is just as it was
    std::optional<ObjectKey> evicted;  // had to make room
  };
  // Where an entry of another owner is found that has not expired, it stays unless `replaces`. When
  // there is no room the entry of a few that would expire first goes.
  Changed put(const Entry& entry, Seconds now, bool replaces);

  bool erase(ObjectKey key);

  std::size_t size() const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::vector<Entry> slots;
    std::size_t count = 0;
    std::size_t hand = 0;  // where the next search for room begins
  };

  static std::size_t home_of(ObjectKey key, std::size_t slots) noexcept;
  static std::size_t find_slot(const Shard& shard, ObjectKey key) noexcept;
  static void erase_slot(Shard& shard, std::size_t at) noexcept;
  static void insert_new(Shard& shard, const Entry& entry) noexcept;
  ObjectKey make_room(Shard& shard) noexcept;
  void grow(Shard& shard);
  Shard& shard_of(ObjectKey key) noexcept { return shards_[key.low % shards]; }
  const Shard& shard_of(ObjectKey key) const noexcept { return shards_[key.low % shards]; }

  std::size_t most_;   // a shard
  std::array<Shard, shards> shards_;
};

}  // namespace tollgate::affinity
