// A load as a picture: over time and by share of the minutes, with the units that would carry it.
// On a terminal, or as SVG.
#pragma once

#include "cli/ptu/output.hpp"

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace tollgate::cli {

// Some minutes side by side, those without use included.
struct Bucket {
  std::int64_t average = 0;
  std::int64_t p95 = 0;
  std::int64_t peak = 0;
  bool operator==(const Bucket&) const = default;
};

// `count` buckets, or one a minute where there are fewer; of the same length but for rounding.
std::vector<Bucket> buckets_of(const std::vector<LoadMinute>& minutes, std::int64_t begin, std::int64_t end,
                               std::size_t count);

// What some units carry, as a line across the picture.
struct CapacityLine {
  int units = 0;
  std::int64_t load = 0;  // tokens a minute
  bool is_present = false;
};
std::vector<CapacityLine> capacity_lines(const Advised& advised);

// The load at the upper end of the picture: what it shows of the load fits, and the lines if they
// are not far beyond it.
std::int64_t top_of(const Advised& advised);

std::string short_number(std::int64_t value);  // 950, 12.5k, 3M

// REQUIRES, of both: the model is sold in units.
void draw(std::ostream& out, const Advised& advised, bool is_utf8);
void write_svg(std::ostream& out, const std::vector<Advised>& all);

}  // namespace tollgate::cli
