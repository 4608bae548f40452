// The form that a charge has in a lane: fixed numbers, deltas, then the key that its usage row is
// added under. All of one entry stands together, so that appending is one copy. Pure data.
#pragma once

#include "ledger/charge.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tollgate::ledger {

enum class Step : unsigned char {
  book,      // a charge; closes `intent` if it names one
  open,      // a reservation
  withdraw,  // closes `intent`
};

// What usage rows add up.
struct Sums {
  std::int64_t requests = 0;
  std::int64_t prompt = 0;
  std::int64_t cached = 0;
  std::int64_t completion = 0;
  std::int64_t reasoning = 0;
  std::int64_t estimated = 0;  // requests
  std::int64_t cost = 0;       // nano-dollars
  std::int64_t saved = 0;      // nano-dollars

  Sums& operator+=(const Sums& other) noexcept;
  bool operator==(const Sums&) const = default;
};

// The texts of a charge, in this order everywhere.
inline constexpr std::size_t text_count = 11;
inline constexpr std::array<const char*, text_count> text_columns{
    "subscription", "product",     "cost_center", "user",       "session", "task",
    "operation",    "model_asked", "model",       "deployment", "region"};

// Whose usage it is, apart from the time.
struct SeriesKey {
  std::array<std::string_view, text_count> texts;
  bool is_ptu = false;
  bool is_batch = false;
};
SeriesKey read_series(std::string_view key);

struct Entry {
  Step step = Step::book;
  std::uint64_t intent = 0;
  std::uint32_t charges = 1;  // that it adds up
  std::int64_t minute = 0;  // since the epoch
  Sums sums;
  std::string_view series;  // read_series() takes it apart
  std::span<const Delta> deltas;
};

// Appends to a buffer that write_entry() alone has filled.
void write_entry(std::vector<char>& out, Step step, std::uint64_t intent, const Charge& charge,
                 std::span<const Delta> deltas);

// Of all but the amounts. REQUIRES: `entry` begins with one.
std::uint64_t hash_of_entry(std::span<const char> entry) noexcept;

// Adds the last entry of a buffer, which begins at `last`, to the one at `earlier` and takes it off. False, and
// nothing happens, where they differ in more than their amounts. REQUIRES: both are charges and close no intent.
bool add_last(std::vector<char>& entries, std::size_t earlier, std::size_t last);

// Takes the first entry off. REQUIRES: `rest` is not empty and begins with an entry. Views stay
// valid as long as the buffer.
Entry read_entry(std::span<const char>& rest);

}  // namespace tollgate::ledger
