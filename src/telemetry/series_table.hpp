// The series of one metric family in one worker, found by their label text.
//
// Series are only ever added, at addresses that stay, so a worker may keep pointers to them and the
// numbers survive a reload of the configuration.
// Thread safety: get() by the owning worker only; all() by any thread. The lock is taken to add a
// series and to list them, never to count.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tollgate::telemetry {

// Numbers: what is counted for each set of labels.
template <class Numbers>
class SeriesTable {
 public:
  struct Series {
    explicit Series(std::string label_text) : labels(std::move(label_text)) {}
    const std::string labels;  // as exposed, without braces: a="x",b="y"
    Numbers numbers;
  };

  // At most `max_series`; what does not fit is counted under `other_labels`.
  SeriesTable(std::size_t max_series, std::string other_labels)
      : max_series_(max_series), other_(std::move(other_labels)) {}

  Series& get(const std::string& labels) {
    auto found = by_labels_.find(labels);
    if (found != by_labels_.end()) return *found->second;
    if (series_.size() >= max_series_) return other_;
    Series& added = add(labels);
    by_labels_.emplace(added.labels, &added);
    return added;
  }

  bool is_other(const Series& series) const noexcept { return &series == &other_; }

  std::vector<const Series*> all() const {
    std::lock_guard lock(mutex_);
    std::vector<const Series*> list;
    list.reserve(series_.size() + 1);
    for (const Series& series : series_) list.push_back(&series);
    if (series_.size() >= max_series_) list.push_back(&other_);
    return list;
  }

 private:
  Series& add(const std::string& labels) {
    std::lock_guard lock(mutex_);
    return series_.emplace_back(labels);
  }

  const std::size_t max_series_;
  mutable std::mutex mutex_;
  std::deque<Series> series_;
  std::unordered_map<std::string_view, Series*> by_labels_;  // the worker's own
  Series other_;
};

}  // namespace tollgate::telemetry
