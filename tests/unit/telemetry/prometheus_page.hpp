// A strict reader of the Prometheus text format, to hold the exposition to it.
#pragma once

#include <cctype>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tollgate::telemetry {

class PrometheusPage {
 public:
  // Throws std::runtime_error, naming the line, for anything a scraper could stumble over.
  explicit PrometheusPage(const std::string& text) {
    if (text.empty() || text.back() != '\n') throw std::runtime_error("no line end at the end");
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      line_ = line;
      if (line.starts_with("# HELP ")) {
        read_help(line.substr(7));
      } else if (line.starts_with("# TYPE ")) {
        read_type(line.substr(7));
      } else {
        read_sample(line);
      }
    }
    check_histograms();
  }

  bool has(const std::string& series) const { return samples_.contains(series); }
  // The value of `name{labels}`, written as on the page.
  double operator[](const std::string& series) const {
    auto found = samples_.find(series);
    if (found == samples_.end()) throw std::runtime_error("no such series: " + series);
    return found->second;
  }
  const std::map<std::string, std::string>& types() const { return types_; }
  std::size_t count(std::string_view prefix) const {
    std::size_t count = 0;
    for (const auto& [series, value] : samples_) count += series.starts_with(prefix);
    return count;
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error(why + ": " + line_);
  }

  void read_help(const std::string& rest) {
    auto name = rest.substr(0, rest.find(' '));
    if (rest.size() <= name.size() + 1) fail("no help text");
    if (!helped_.insert(name).second) fail("family stated twice");
    family_ = name;
  }

  void read_type(const std::string& rest) {
    auto space = rest.find(' ');
    auto name = rest.substr(0, space);
    auto type = rest.substr(space + 1);
    if (name != family_) fail("TYPE does not follow its HELP");
    if (type != "counter" && type != "gauge" && type != "histogram") fail("unknown type");
    if (type == "counter" && !name.ends_with("_total")) fail("counter without _total");
    types_[name] = type;
  }

  static bool is_name(std::string_view name) {
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
    for (unsigned char c : name)
      if (!std::isalnum(c) && c != '_') return false;
    return true;
  }

  void read_labels(std::string_view labels) {
    std::set<std::string_view> names;
    while (true) {
      auto equals = labels.find("=\"");
      if (equals == labels.npos || !is_name(labels.substr(0, equals))) fail("bad label name");
      if (!names.insert(labels.substr(0, equals)).second) fail("label twice");
      labels.remove_prefix(equals + 2);
      while (!labels.empty() && labels[0] != '"') {
        bool is_escape = labels[0] == '\\';
        if (is_escape && (labels.size() < 2 || std::string_view("\\\"n").find(labels[1]) ==
                                                   std::string_view::npos))
          fail("bad escape");
        labels.remove_prefix(is_escape ? 2 : 1);
      }
      if (labels.empty()) fail("open label value");
      labels.remove_prefix(1);
      if (labels.empty()) return;
      if (labels[0] != ',') fail("no comma between labels");
      labels.remove_prefix(1);
    }
  }

  void read_sample(const std::string& line) {
    auto space = line.rfind(' ');
    if (space == std::string::npos) fail("no value");
    auto series = line.substr(0, space);
    auto name = series.substr(0, series.find('{'));
    if (!is_name(name)) fail("bad name");
    if (types_.find(family_) == types_.end()) fail("sample in front of its TYPE");
    bool is_histogram = types_[family_] == "histogram";
    bool belongs = is_histogram ? name == family_ + "_bucket" || name == family_ + "_sum" ||
                                      name == family_ + "_count"
                                : name == family_;
    if (!belongs) fail("sample outside its family");
    if (name.size() < series.size()) {
      if (series.back() != '}') fail("open braces");
      read_labels(std::string_view(series).substr(name.size() + 1,
                                                  series.size() - name.size() - 2));
    }
    std::size_t used = 0;
    double value = std::stod(line.substr(space + 1), &used);
    if (used != line.size() - space - 1) fail("bad value");
    if (!samples_.emplace(series, value).second) fail("series twice");
    if (name.ends_with("_bucket") && is_histogram) read_bucket(series, value);
  }

  void read_bucket(const std::string& series, double value) {
    auto le = series.rfind("le=\"");
    if (le == std::string::npos) fail("bucket without le");
    auto key = series.substr(0, le);
    auto bound = series.substr(le + 4, series.size() - le - 6);
    double limit = bound == "+Inf" ? 1e300 : std::stod(bound);
    auto [last, is_first] = last_bucket_.try_emplace(key, limit, value);
    if (is_first) return;
    if (limit <= last->second.first) fail("bounds do not ascend");
    if (value < last->second.second) fail("buckets are not cumulative");
    last->second = {limit, value};
  }

  void check_histograms() {
    for (const auto& [key, last] : last_bucket_) {
      line_ = key;
      if (last.first < 1e300) fail("no +Inf bucket");
      auto name = key.substr(0, key.find("_bucket{"));
      auto labels = key.substr(key.find('{') + 1);
      if (!labels.empty()) labels.pop_back();  // the comma in front of le
      auto braces = labels.empty() ? "" : "{" + labels + "}";
      if ((*this)[name + "_count" + braces] != last.second) fail("count differs from +Inf");
      if (!has(name + "_sum" + braces)) fail("no sum");
    }
  }

  std::string line_;
  std::string family_;
  std::set<std::string> helped_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
  std::map<std::string, std::pair<double, double>> last_bucket_;
};

}  // namespace tollgate::telemetry
