#include "affinity/table.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::affinity {
namespace {

constexpr std::size_t first_slots = 64;
constexpr std::size_t looked_at = 16;  // entries, of which the one that expires first makes room

// So many slots for so many entries: three in four are taken at most.
std::size_t slots_for(std::size_t entries) { return entries + entries / 3 + 1; }

}  // namespace

Table::Table(std::size_t most) : most_(most / shards) {}

// Scales the key to the number of slots, which need not be a power of two.
std::size_t Table::home_of(ObjectKey key, std::size_t slots) noexcept {
  return static_cast<std::size_t>((key.high >> 32) * slots >> 32);
}

// Where the key is or would be; slots.size() when there are no slots.
std::size_t Table::find_slot(const Shard& shard, ObjectKey key) noexcept {
  const std::size_t slots = shard.slots.size();
  if (slots == 0) return 0;
  std::size_t at = home_of(key, slots);
  while (shard.slots[at].expires != 0 && shard.slots[at].key != key) at = at + 1 == slots ? 0 : at + 1;
  return at;
}

std::optional<Entry> Table::find(ObjectKey key, Seconds now) const {
  const Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.slots.empty()) return std::nullopt;
  const Entry& entry = shard.slots[find_slot(shard, key)];
  if (entry.expires <= now) return std::nullopt;
  return entry;
}

Table::Changed Table::put(const Entry& entry, Seconds now, bool replaces) {
  Shard& shard = shard_of(entry.key);
  const std::lock_guard lock(shard.mutex);
  Changed changed;
  if (!shard.slots.empty()) {
    Entry& found = shard.slots[find_slot(shard, entry.key)];
    if (found.expires != 0) {
      const bool stays = found.expires > now && found.owner != entry.owner && !replaces;
      const bool is_same = found.owner == entry.owner && found.expires == entry.expires;
      changed.is_changed = !stays && !is_same;
      if (changed.is_changed) found = entry;
      return changed;
    }
  }
  if (shard.count == most_) {
    changed.evicted = make_room(shard);
  } else if (slots_for(shard.count + 1) > shard.slots.size()) {
    grow(shard);
  }
  insert_new(shard, entry);
  changed.is_changed = true;
  return changed;
}

bool Table::erase(ObjectKey key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.slots.empty()) return false;
  const std::size_t at = find_slot(shard, key);
  if (shard.slots[at].expires == 0) return false;
  erase_slot(shard, at);
  return true;
}

std::size_t Table::size() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.count;
  }
  return sum;
}

// Those behind it that stand away from home because of it move up, so that no search ends too early.
void Table::erase_slot(Shard& shard, std::size_t at) noexcept {
  const std::size_t slots = shard.slots.size();
  std::size_t hole = at;
  for (std::size_t next = hole;;) {
    next = next + 1 == slots ? 0 : next + 1;
    const Entry& entry = shard.slots[next];
    if (entry.expires == 0) break;
    const std::size_t home = home_of(entry.key, slots);
    // It may move if its home is not between the hole and itself.
    const std::size_t from_home = next >= home ? next - home : next + slots - home;
    const std::size_t from_hole = next >= hole ? next - hole : next + slots - hole;
    if (from_home < from_hole) continue;
    shard.slots[hole] = entry;
    hole = next;
  }
  shard.slots[hole] = {};
  --shard.count;
}

void Table::insert_new(Shard& shard, const Entry& entry) noexcept {
  shard.slots[find_slot(shard, entry.key)] = entry;
  ++shard.count;
}

// Keys are spread evenly, so a stretch of slots is a fair sample.
ObjectKey Table::make_room(Shard& shard) noexcept {
  const std::size_t slots = shard.slots.size();
  std::size_t best = slots;
  std::size_t seen = 0;
  for (std::size_t i = 0; i < slots && seen < looked_at; ++i) {
    const std::size_t at = (shard.hand + i) % slots;
    if (shard.slots[at].expires == 0) continue;
    ++seen;
    if (best == slots || shard.slots[at].expires < shard.slots[best].expires) best = at;
  }
  shard.hand = (best + looked_at) % slots;
  const ObjectKey key = shard.slots[best].key;
  erase_slot(shard, best);
  return key;
}

void Table::grow(Shard& shard) {
  const std::size_t wanted = std::max(first_slots, 2 * shard.slots.size());
  std::vector<Entry> before(std::min(wanted, slots_for(most_)));
  std::swap(before, shard.slots);
  shard.count = 0;
  for (const Entry& entry : before) {
    if (entry.expires != 0) insert_new(shard, entry);
  }
}

}  // namespace tollgate::affinity
