#include "telemetry/exposition.hpp"

#include <charconv>

namespace tollgate::telemetry {

namespace {

double in_seconds(std::chrono::nanoseconds value) {
  return static_cast<double>(value.count()) / 1e9;
}

template <class Number>
void append_number(std::string& out, Number value) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

}  // namespace

void append_label(std::string& labels, std::string_view name, std::string_view value) {
  if (!labels.empty()) labels += ',';
  labels += name;
  labels += "=\"";
  for (char c : value) {
    if (c == '\n') {
      labels += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') labels += '\\';
    labels += c;
  }
  labels += '"';
}

std::string label(std::string_view name, std::string_view value) {
  std::string labels;
  append_label(labels, name, value);
  return labels;
}

void Exposition::family(std::string_view name, Type type, std::string_view help) {
  static constexpr std::string_view words[] = {"counter", "gauge", "histogram"};
  name_ = name;
  ((text_ += "# HELP ") += name) += ' ';
  (text_ += help) += '\n';
  ((text_ += "# TYPE ") += name) += ' ';
  (text_ += words[static_cast<int>(type)]) += '\n';
}

void Exposition::start_line(std::string_view suffix, std::string_view labels,
                            std::string_view bound) {
  (text_ += name_) += suffix;
  if (labels.empty() && bound.empty()) return;
  (text_ += '{') += labels;
  if (!bound.empty()) {
    if (!labels.empty()) text_ += ',';
    ((text_ += "le=\"") += bound) += '"';
  }
  text_ += '}';
}

template <class Number>
void Exposition::end_line(Number value) {
  text_ += ' ';
  append_number(text_, value);
  text_ += '\n';
}

void Exposition::sample(std::string_view labels, std::uint64_t value) {
  start_line("", labels);
  end_line(value);
}

void Exposition::sample(std::string_view labels, std::int64_t value) {
  start_line("", labels);
  end_line(value);
}

void Exposition::sample(std::string_view labels, double value) {
  start_line("", labels);
  end_line(value);
}

void Exposition::histogram(std::string_view labels,
                           std::span<const std::chrono::nanoseconds> bounds,
                           std::span<const std::uint64_t> counts, std::uint64_t sum_ns) {
  // The count is the sum of the buckets, so that both agree although workers go on counting.
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    std::string bound = "+Inf";
    if (i < bounds.size()) {
      bound.clear();
      append_number(bound, in_seconds(bounds[i]));
    }
    start_line("_bucket", labels, bound);
    end_line(so_far);
  }
  start_line("_sum", labels);
  end_line(in_seconds(std::chrono::nanoseconds(sum_ns)));
  start_line("_count", labels);
  end_line(so_far);
}

}  // namespace tollgate::telemetry
