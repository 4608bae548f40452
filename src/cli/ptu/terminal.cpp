// Pictures of characters.
#include "cli/ptu/picture.hpp"

#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

namespace tollgate::cli {
namespace {

constexpr std::size_t columns = 72;
constexpr std::size_t rows = 10;
constexpr std::size_t label_width = 7;

struct Pens {
  std::array<const char*, 9> levels;  // from empty to full
  const char* shade;
  const char* recommended;
  const char* present;
  const char* axis;
  const char* corner;
  const char* floor;
};
constexpr Pens blocks{{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, "░", "─", "═", "│", "└", "─"};
constexpr Pens letters{{" ", " ", " ", " ", "#", "#", "#", "#", "#"}, ":", "-", "=", "|", "+", "-"};

struct Chart {
  std::vector<std::int64_t> solid;
  std::vector<std::int64_t> shade;  // above it; may be empty
  std::vector<CapacityLine> lines;
  std::int64_t top = 1;
  std::string left, right;  // below it
};

// How much of a row a value fills, in eighths.
std::size_t filled(std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value <= low) return 0;
  if (value >= high) return 8;
  return static_cast<std::size_t>((value - low) * 8 / (high - low));
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

void write_row(std::ostream& out, const Chart& chart, const Pens& pens, std::size_t row) {
  const auto bound = [&chart](std::size_t rows_below) {
    return chart.top * static_cast<std::int64_t>(rows_below) / static_cast<std::int64_t>(rows);
  };
  const std::int64_t low = bound(rows - row - 1), high = bound(rows - row);
  const auto line = std::find_if(chart.lines.begin(), chart.lines.end(), [&](const CapacityLine& one) {
    return one.load > low && one.load <= high;
  });
  const bool has_line = line != chart.lines.end();
  const char* const empty = !has_line ? " " : line->is_present ? pens.present : pens.recommended;
  const bool has_label = row == 0 || row == rows / 2;
  std::string text = "  " + padded(has_label ? short_number(high) : "", label_width) + " " + pens.axis;
  for (std::size_t i = 0; i < chart.solid.size(); ++i) {
    const std::size_t eighths = filled(chart.solid[i], low, high);
    const bool is_shaded = i < chart.shade.size() && filled(chart.shade[i], low, high) > 0;
    text += eighths > 0 && pens.levels[eighths][0] != ' ' ? pens.levels[eighths] : is_shaded ? pens.shade : empty;
  }
  if (has_line) text += " " + grouped(line->units) + " units";
  text.erase(text.find_last_not_of(' ') + 1);
  out << text << '\n';
}

void write_chart(std::ostream& out, const Chart& chart, const Pens& pens) {
  for (std::size_t row = 0; row < rows; ++row) write_row(out, chart, pens, row);
  out << "  " << padded("0", label_width) << ' ' << pens.corner;
  for (std::size_t i = 0; i < chart.solid.size(); ++i) out << pens.floor;
  const std::size_t width = chart.solid.size();
  const std::size_t used = chart.left.size() + chart.right.size();
  out << "\n  " << std::string(label_width + 2, ' ') << chart.left
      << std::string(width > used ? width - used : 2, ' ') << chart.right << '\n';
}

Chart over_time(const Advised& advised) {
  const Group& group = advised.group;
  Chart chart;
  for (const Bucket& bucket : buckets_of(group.load.minutes(), group.begin, group.end, columns)) {
    chart.solid.push_back(bucket.average);
    chart.shade.push_back(bucket.peak);
  }
  chart.left = minute_text(group.begin);
  chart.right = minute_text(group.end);
  return chart;
}

Chart by_share(const Advised& advised) {
  Chart chart;
  for (std::size_t i = 0; i < columns; ++i)
    chart.solid.push_back(advised.curve.percentile(1000 - static_cast<int>(i * 1000 / columns)));
  chart.left = "0 % of the minutes have more";
  chart.right = "100 %";
  return chart;
}

}  // namespace

void draw(std::ostream& out, const Advised& advised, bool is_utf8) {
  const Pens& pens = is_utf8 ? blocks : letters;
  const auto lines = capacity_lines(advised);
  const std::int64_t top = top_of(advised);
  Chart time = over_time(advised), share = by_share(advised);
  for (Chart* chart : {&time, &share}) {
    chart->lines = lines;
    chart->top = top;
  }
  out << "\n  tokens a minute, over time: " << pens.levels[8] << " average, " << pens.shade << " highest minute, "
      << pens.recommended << " recommended";
  if (lines.size() > 1) {
    out << ", " << pens.present << " present";
    if (lines[1].load > top) out << " (" << grouped(lines[1].units) << " units, above this picture)";
  }
  out << '\n';
  write_chart(out, time, pens);
  out << "\n  the same by share of the minutes\n";
  write_chart(out, share, pens);
}

}  // namespace tollgate::cli
