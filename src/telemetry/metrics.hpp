// All metrics of the process and their text for Prometheus (docs/metrics.md lists them).
//
// Every worker counts in a WorkerMetrics of its own; a scrape adds them up.
// Thread safety: any thread, except that a WorkerMetrics belongs to its worker and watch() is
// called before the first scrape. A scrape makes a worker wait only if it adds a series just then,
// and no longer than its series take to be listed.
#pragma once

#include "telemetry/worker_metrics.hpp"

#include "tollgate/clock.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::telemetry {

class RecordWriter;

class Metrics {
 public:
  // `max_series`: of one family in one worker; a tenth of it for the histograms, of which each
  // prints some 70 lines.
  explicit Metrics(std::string_view version, std::size_t max_series = 10'000);

  // A shard for one worker; it lives as long as this object.
  WorkerMetrics& add_worker();

  // Lets the scrape show the writer's numbers. The writer must outlive the last scrape.
  void watch(const RecordWriter& records) { records_ = &records; }

  // The outcome of loading the configuration again; the first load is not counted.
  void on_config_reload(bool is_ok);

  // Prometheus text format 0.0.4; send it as `content_type`.
  std::string render() const;
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Page;
  std::vector<const WorkerMetrics*> workers() const;

  const std::string version_;
  const std::size_t max_series_;
  const WallTime started_;
  const RecordWriter* records_ = nullptr;

  mutable std::mutex mutex_;  // guards the list, not what it points to
  std::vector<std::unique_ptr<WorkerMetrics>> workers_;

  std::atomic<std::uint64_t> reloads_ok_{0};
  std::atomic<std::uint64_t> reloads_failed_{0};
  std::atomic<std::int64_t> last_reload_seconds_;
};

}  // namespace tollgate::telemetry
