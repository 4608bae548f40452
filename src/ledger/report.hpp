// Reads the books while a gateway writes them, or after: usage by any columns, meters.
#pragma once

#include "ledger/entry.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tollgate::sqlite {
class Database;
}

namespace tollgate::ledger {

// What usage can be told by: time (UTC, each the start of its period), then the texts of a charge,
// `kind` (payg, ptu) and `batch` (yes, no).
std::span<const std::string_view> usage_columns();

struct UsageQuery {
  std::vector<std::string> by;  // out of usage_columns(); none: one row
  std::optional<std::int64_t> from_minute;  // since the epoch, inclusive
  std::optional<std::int64_t> to_minute;    // exclusive
  std::vector<std::pair<std::string, std::string>> only;  // column and value
};

struct UsageRow {
  std::vector<std::string> keys;  // in the order of `by`
  Sums sums;
  std::int64_t first_minute = 0;  // with usage
  std::int64_t last_minute = 0;
};

struct MeterRow {
  std::string key;
  std::int64_t slot_ms = 0;
  std::int64_t used = 0;
};

// What one deployment was given in one minute. The texts are valid until the next is read.
struct MinuteUse {
  std::int64_t minute = 0;      // since the epoch; that in which the requests came in
  std::string_view deployment;  // "": the gateway answered by itself
  std::string_view model;       // the base model
  DeploymentKind kind = DeploymentKind::payg;
  bool is_batch = false;
  Sums sums;
};

// One thread. Errors are std::runtime_error, their text is for people.
class Report {
 public:
  explicit Report(const std::string& path);
  ~Report();

  std::vector<UsageRow> usage(const UsageQuery& query);  // in the order of the keys
  // Minutes since the epoch, `to` exclusive; in the order of time. Without calls about stored objects that took
  // no tokens, except batches.
  void each_minute(std::optional<std::int64_t> from, std::optional<std::int64_t> to,
                   const std::function<void(const MinuteUse&)>& visit);
  std::optional<std::int64_t> last_minute();             // with usage
  std::vector<MeterRow> meters(std::int64_t now_ms);     // that have not expired

 private:
  const std::string path_;
  std::unique_ptr<sqlite::Database> db_;
};

}  // namespace tollgate::ledger
