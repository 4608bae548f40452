// Finds the pilots of a perfect hash (see tokens/hashing.hpp).
#pragma once

#include "tokens/hashing.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace tollgate::tokens::generate {

struct PerfectHash {
  std::uint32_t slots = 0;
  unsigned bucket_bits = 0;
  std::vector<std::uint16_t> pilots;
  std::vector<std::uint32_t> slot_of_key;  // in the order of the hashes
};

inline PerfectHash make_perfect_hash(const std::vector<std::uint64_t>& hashes) {
  PerfectHash result;
  const auto keys = static_cast<std::uint32_t>(hashes.size());
  result.slots = keys + keys / 12;
  while ((3u << result.bucket_bits) < keys) ++result.bucket_bits;
  result.pilots.resize(std::size_t{1} << result.bucket_bits);
  result.slot_of_key.resize(keys);

  std::vector<std::vector<std::uint32_t>> buckets(result.pilots.size());
  for (std::uint32_t key = 0; key < keys; ++key)
    buckets[bucket_of(hashes[key], result.bucket_bits)].push_back(key);
  std::vector<std::uint32_t> order(buckets.size());
  std::iota(order.begin(), order.end(), 0);
  // Large buckets first, while there is room.
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return buckets[a].size() > buckets[b].size(); });

  std::vector<bool> is_taken(result.slots);
  std::vector<std::uint32_t> wanted;
  for (const auto bucket : order) {
    bool is_placed = false;
    for (std::uint32_t pilot = 0; pilot < 0x10000 && !is_placed; ++pilot) {
      wanted.clear();
      for (const auto key : buckets[bucket]) {
        const auto slot = slot_of(hashes[key], static_cast<std::uint16_t>(pilot), result.slots);
        if (is_taken[slot] || std::find(wanted.begin(), wanted.end(), slot) != wanted.end()) break;
        wanted.push_back(slot);
      }
      if (wanted.size() != buckets[bucket].size()) continue;
      is_placed = true;
      result.pilots[bucket] = static_cast<std::uint16_t>(pilot);
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        is_taken[wanted[i]] = true;
        result.slot_of_key[buckets[bucket][i]] = wanted[i];
      }
    }
    if (!is_placed) throw std::runtime_error("no pilot separates the keys of a bucket");
  }
  return result;
}

}  // namespace tollgate::tokens::generate
