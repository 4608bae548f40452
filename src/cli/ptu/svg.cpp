// Pictures for reports and browsers: one panel a model, the load over time beside its duration curve.
#include "cli/ptu/picture.hpp"

#include "cli/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>
#include <string_view>

namespace tollgate::cli {
namespace {

constexpr double width = 1080;
constexpr double panel_height = 360;
constexpr std::size_t most_points = 680;  // about one a pixel

// A rectangle in which loads are drawn; y grows downwards.
struct Plot {
  double left, top, width, height;
  std::int64_t most;  // the load at its upper edge

  double y(std::int64_t load) const {
    return top + height - height * static_cast<double>(load) / static_cast<double>(most);
  }
};

constexpr std::string_view style =
    "<style>\n"
    "text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#333}\n"
    ".title{font-size:16px;font-weight:600}.note{fill:#666}\n"
    ".grid{stroke:#e4e4e4}.axis{stroke:#888}\n"
    ".peak{fill:#cfe0f5}.p95{fill:#8fb7e6}.average{fill:none;stroke:#174a8b;stroke-width:1.5}\n"
    ".recommended{stroke:#c2410c;stroke-width:2;stroke-dasharray:7 4}\n"
    ".present{stroke:#15803d;stroke-width:2}\n"
    ".right{text-anchor:end}.middle{text-anchor:middle}\n"
    "</style>\n";

std::string number(double value) {
  char text[48];
  std::snprintf(text, sizeof text, "%.1f", value);
  std::string result = text;
  if (result.ends_with(".0")) result.resize(result.size() - 2);
  return result;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : printable(text)) {
    if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else if (c == '&') result += "&amp;";
    else result += c;
  }
  return result;
}

void write_text(std::ostream& out, double x, double y, const char* kind, const std::string& text) {
  out << "<text x=\"" << number(x) << "\" y=\"" << number(y) << "\" class=\"" << kind << "\">" << escaped(text)
      << "</text>\n";
}

void write_line(std::ostream& out, double x1, double y1, double x2, double y2, const char* kind) {
  out << "<line x1=\"" << number(x1) << "\" y1=\"" << number(y1) << "\" x2=\"" << number(x2) << "\" y2=\""
      << number(y2) << "\" class=\"" << kind << "\"/>\n";
}

// 1, 2 or 5 times a power of ten, so that at most five of them fit.
std::int64_t grid_step(std::int64_t most) {
  for (std::int64_t decade = 1;; decade *= 10)
    for (std::int64_t step : {decade, decade * 2, decade * 5})
      if (most / step <= 5) return step;
}

void write_frame(std::ostream& out, const Plot& plot) {
  const std::int64_t step = grid_step(plot.most);
  for (std::int64_t load = 0; load <= plot.most; load += step) {
    write_line(out, plot.left, plot.y(load), plot.left + plot.width, plot.y(load), load == 0 ? "axis" : "grid");
    write_text(out, plot.left - 8, plot.y(load) + 4, "right", short_number(load));
  }
}

// Over time

std::int64_t time_step(std::int64_t stretch) {
  constexpr std::array<std::int64_t, 15> steps{1,   5,   15,   30,   60,    180,   360,  720,
                                               1440, 2880, 10080, 20160, 43200, 86400, 172800};
  for (std::int64_t step : steps)
    if (stretch / step <= 7) return step;
  return stretch;
}

void write_times(std::ostream& out, const Plot& plot, const Group& group) {
  const std::int64_t step = time_step(group.end - group.begin);
  // From the first midnight on where days are counted, else at round times.
  const std::int64_t round = std::min<std::int64_t>(step, 1440);
  for (std::int64_t at = (group.begin + round - 1) / round * round; at <= group.end; at += step) {
    const double x = plot.left + plot.width * static_cast<double>(at - group.begin) /
                                     static_cast<double>(group.end - group.begin);
    write_line(out, x, plot.top + plot.height, x, plot.top + plot.height + 5, "axis");
    const std::string text = minute_text(at);
    write_text(out, x, plot.top + plot.height + 20, "middle",
               step < 1440 ? text.substr(5, 5) + " " + text.substr(11, 5) : text.substr(0, 10));
  }
}

// Each bucket is a step as wide as its time; an outline of one value of the buckets.
std::string outline(const Plot& plot, const std::vector<Bucket>& buckets, std::int64_t Bucket::*value) {
  std::string path;
  double x = plot.left;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const std::string y = number(plot.y(buckets[i].*value));
    path += (i == 0 ? "M" : "L") + number(x) + "," + y;
    x = plot.left + plot.width * static_cast<double>(i + 1) / static_cast<double>(buckets.size());
    path += "H" + number(x);
  }
  return path;
}

void write_area(std::ostream& out, const Plot& plot, const std::string& outline, const char* kind) {
  out << "<path class=\"" << kind << "\" d=\"" << outline << "V" << number(plot.y(0)) << "H" << number(plot.left)
      << "Z\"/>\n";
}

void write_over_time(std::ostream& out, const Plot& plot, const Group& group) {
  const auto buckets = buckets_of(group.load.minutes(), group.begin, group.end, most_points);
  write_area(out, plot, outline(plot, buckets, &Bucket::peak), "peak");
  write_area(out, plot, outline(plot, buckets, &Bucket::p95), "p95");
  out << "<path class=\"average\" d=\"" << outline(plot, buckets, &Bucket::average) << "\"/>\n";
  write_frame(out, plot);
  write_times(out, plot, group);
}

// By share of the minutes

void write_by_share(std::ostream& out, const Plot& plot, const LoadCurve& curve) {
  std::string path;
  constexpr int points = 200;
  for (int i = 0; i <= points; ++i) {
    const double x = plot.left + plot.width * i / points;
    path += (i == 0 ? "M" : "L") + number(x) + "," + number(plot.y(curve.percentile(1000 - 1000 * i / points)));
  }
  write_area(out, plot, path, "p95");
  write_frame(out, plot);
  for (int share : {0, 25, 50, 75, 100}) {
    const double x = plot.left + plot.width * share / 100;
    write_line(out, x, plot.top + plot.height, x, plot.top + plot.height + 5, "axis");
    write_text(out, x, plot.top + plot.height + 20, "middle", std::to_string(share) + " %");
  }
}

void write_capacities(std::ostream& out, const Plot& plot, const std::vector<CapacityLine>& lines) {
  for (const CapacityLine& line : lines)
    if (line.load <= plot.most)
      write_line(out, plot.left, plot.y(line.load), plot.left + plot.width, plot.y(line.load),
                 line.is_present ? "present" : "recommended");
}

double write_sample(std::ostream& out, double x, double y, const char* kind, const std::string& text) {
  const std::string_view name = kind;
  if (name == "peak" || name == "p95")
    out << "<rect x=\"" << number(x) << "\" y=\"" << number(y - 10) << "\" width=\"18\" height=\"12\" class=\""
        << kind << "\"/>\n";
  else
    write_line(out, x, y - 4, x + 18, y - 4, kind);
  write_text(out, x + 24, y, "note", text);
  return x + 24 + 6.6 * static_cast<double>(text.size()) + 22;
}

void write_legend(std::ostream& out, double y, const std::vector<CapacityLine>& lines, std::int64_t most) {
  double x = write_sample(out, 70, y, "peak", "highest minute");
  x = write_sample(out, x, y, "p95", "95 % of the minutes");
  x = write_sample(out, x, y, "average", "average");
  for (const CapacityLine& line : lines)
    x = write_sample(out, x, y, line.is_present ? "present" : "recommended",
                     std::string(line.is_present ? "present " : "recommended ") + grouped(line.units) + " units" +
                         (line.load > most ? " (above the picture)" : ""));
}

void write_panel(std::ostream& out, const Advised& advised, double top) {
  const Group& group = advised.group;
  const std::int64_t most = top_of(advised);
  const Plot time{70, top + 56, 680, 230, most};
  const Plot share{820, top + 56, 230, 230, most};
  const auto lines = capacity_lines(advised);
  write_text(out, 24, top + 26, "title",
             group.model + ", " + scope_text(group.scope) + ": " + grouped(advised.advice.recommended) +
                 " units for a peak of " + grouped(advised.curve.peak()) + " tokens a minute and " +
                 std::to_string(group.terms.head_room_percent) + " % head-room");
  write_text(out, time.left, top + 46, "note", "tokens a minute, UTC");
  write_text(out, share.left, top + 46, "note", "by share of the minutes");
  write_over_time(out, time, group);
  write_by_share(out, share, advised.curve);
  write_capacities(out, time, lines);
  write_capacities(out, share, lines);
  write_legend(out, top + 338, lines, most);
}

}  // namespace

void write_svg(std::ostream& out, const std::vector<Advised>& all) {
  const auto panels = static_cast<double>(std::count_if(all.begin(), all.end(), [](const Advised& a) { return a.is_sold(); }));
  const double height = std::max(panels, 1.0) * panel_height;
  out << "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" << number(width) << "\" height=\"" << number(height)
      << "\" viewBox=\"0 0 " << number(width) << ' ' << number(height) << "\" role=\"img\">\n"
      << "<title>Load of reserved capacity</title>\n"
      << style << "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
  double top = 0;
  for (const Advised& advised : all) {
    if (!advised.is_sold()) continue;
    write_panel(out, advised, top);
    top += panel_height;
  }
  out << "</svg>\n";
}

}  // namespace tollgate::cli
