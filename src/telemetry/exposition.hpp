// The Prometheus text format 0.0.4, line by line.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tollgate::telemetry {

// Appends name="value" to a label list, with a comma in front unless it is the first.
void append_label(std::string& labels, std::string_view name, std::string_view value);
std::string label(std::string_view name, std::string_view value);

class Exposition {
 public:
  enum class Type : unsigned char { counter, gauge, histogram };

  // Starts a family; the samples that follow belong to it.
  void family(std::string_view name, Type type, std::string_view help);

  // `labels` as append_label makes them, "" for none.
  void sample(std::string_view labels, std::uint64_t value);
  void sample(std::string_view labels, std::int64_t value);
  void sample(std::string_view labels, double value);

  // `counts`: of each bucket, not cumulative; one more than `bounds`.
  void histogram(std::string_view labels, std::span<const std::chrono::nanoseconds> bounds,
                 std::span<const std::uint64_t> counts, std::uint64_t sum_ns);

  std::string take() { return std::move(text_); }

 private:
  void start_line(std::string_view suffix, std::string_view labels, std::string_view bound = {});
  template <class Number>
  void end_line(Number value);

  std::string text_;
  std::string_view name_;  // names are literals
};

}  // namespace tollgate::telemetry
