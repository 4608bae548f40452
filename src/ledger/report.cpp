#include "ledger/report.hpp"

#include "ledger/ledger.hpp"
#include "ledger/schema.hpp"
#include "ledger/sqlite.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace tollgate::ledger {
namespace {

constexpr std::array<std::string_view, 17> columns{
    "minute",  "hour", "day",  "month",     "subscription", "product", "cost_center", "user",  "session",
    "task",    "operation", "model_asked", "model",   "deployment",  "region", "kind", "batch"};

// How a column is told in SQL. Names come from `columns` alone.
std::string expression_of(std::string_view column) {
  const auto time = [](const char* form) {
    return std::string("strftime('") + form + "', minute * 60, 'unixepoch')";
  };
  if (column == "minute") return time("%Y-%m-%dT%H:%MZ");
  if (column == "hour") return time("%Y-%m-%dT%H:00Z");
  if (column == "day") return time("%Y-%m-%d");
  if (column == "month") return time("%Y-%m");
  if (std::find(columns.begin(), columns.end(), column) == columns.end())
    throw std::runtime_error("usage has no column " + std::string(column));
  return std::string(column);
}

std::string sql_of(const UsageQuery& query) {
  std::string keys;
  for (const std::string& column : query.by) keys += expression_of(column) + ", ";
  std::string sql = "SELECT " + keys +
                    "sum(requests), sum(prompt), sum(cached), sum(completion),"
                    " sum(reasoning), sum(estimated), sum(cost), sum(saved), min(minute), max(minute)"
                    " FROM named_usage WHERE minute >= ? AND minute < ?";
  for (const auto& [column, value] : query.only) sql += " AND " + expression_of(column) + " = ?";
  if (query.by.empty()) return sql;
  std::string order;
  for (std::size_t i = 1; i <= query.by.size(); ++i) order += (i > 1 ? "," : "") + std::to_string(i);
  return sql + " GROUP BY " + order + " ORDER BY " + order;
}

}  // namespace

std::span<const std::string_view> usage_columns() { return columns; }

Report::Report(const std::string& path) : path_(path) {
  if (::access(path.c_str(), F_OK) != 0) throw std::runtime_error("there is no ledger at " + path);
  if (::access(path.c_str(), R_OK) != 0)
    throw std::runtime_error(path + " may not be read: run this as the user of the gateway");
  try {
    try {
      db_ = std::make_unique<Database>(path, Database::Mode::read);
      check_is_ledger(*db_, path);
    } catch (const SqliteError&) {
      // In a folder that may not be written SQLite cannot coordinate with a writer. Without a log
      // there is none.
      if (::access((path + "-wal").c_str(), F_OK) == 0) throw;
      db_ = std::make_unique<Database>(path, Database::Mode::read_still);
      check_is_ledger(*db_, path);
    }
  } catch (const SqliteError& error) {
    throw std::runtime_error(path + " cannot be read: " + error.what());
  }
}

Report::~Report() = default;

std::vector<UsageRow> Report::usage(const UsageQuery& query) {
  std::vector<UsageRow> rows;
  Statement select(*db_, sql_of(query));
  constexpr std::int64_t always = std::int64_t{1} << 40;
  select.bind(1, query.from_minute.value_or(-always)).bind(2, query.to_minute.value_or(always));
  for (int at = 3; const auto& [column, value] : query.only) select.bind(at++, value);
  try {
    while (select.step()) {
      UsageRow row;
      int column = 0;
      for (std::size_t i = 0; i < query.by.size(); ++i) row.keys.emplace_back(select.text(column++));
      for (std::int64_t* sum :
           {&row.sums.requests, &row.sums.prompt, &row.sums.cached, &row.sums.completion,
            &row.sums.reasoning, &row.sums.estimated, &row.sums.cost, &row.sums.saved,
            &row.first_minute, &row.last_minute})
        *sum = select.number(column++);
      rows.push_back(std::move(row));
    }
  } catch (const SqliteError& error) {
    throw std::runtime_error(path_ + " cannot be read: " + error.what());
  }
  if (query.by.empty() && rows.size() == 1 && rows[0].sums.requests == 0) rows.clear();
  return rows;
}

std::vector<MeterRow> Report::meters(std::int64_t now_ms) {
  std::vector<MeterRow> rows;
  Statement select(*db_,
                   "SELECT key, slot, used FROM slots JOIN meters ON meters.id = slots.meter "
                   "WHERE expires > ?1 ORDER BY key, slot");
  select.bind(1, now_ms);
  try {
    while (select.step())
      rows.push_back({std::string(select.text(0)), select.number(1), select.number(2)});
  } catch (const SqliteError& error) {
    throw std::runtime_error(path_ + " cannot be read: " + error.what());
  }
  return rows;
}

}  // namespace tollgate::ledger
