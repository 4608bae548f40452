#include "ledger/report.hpp"

#include "ledger/ledger.hpp"
#include "ledger/schema.hpp"
#include "sqlite/sqlite.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace tollgate::ledger {

using sqlite::Database;
using sqlite::SqliteError;
using sqlite::Statement;

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

constexpr std::int64_t always = std::int64_t{1} << 40;

// The columns of Sums, from `column` on.
int read_sums(const Statement& select, int column, Sums& sums) {
  for (std::int64_t* sum : {&sums.requests, &sums.prompt, &sums.cached, &sums.completion, &sums.reasoning,
                            &sums.estimated, &sums.cost, &sums.saved})
    *sum = select.number(column++);
  return column;
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
  select.bind(1, query.from_minute.value_or(-always)).bind(2, query.to_minute.value_or(always));
  for (int at = 3; const auto& [column, value] : query.only) select.bind(at++, value);
  try {
    while (select.step()) {
      UsageRow row;
      int column = 0;
      for (std::size_t i = 0; i < query.by.size(); ++i) row.keys.emplace_back(select.text(column++));
      column = read_sums(select, column, row.sums);
      row.first_minute = select.number(column);
      row.last_minute = select.number(column + 1);
      rows.push_back(std::move(row));
    }
  } catch (const SqliteError& error) {
    throw std::runtime_error(path_ + " cannot be read: " + error.what());
  }
  if (query.by.empty() && rows.size() == 1 && rows[0].sums.requests == 0) rows.clear();
  return rows;
}

void Report::each_minute(std::optional<std::int64_t> from, std::optional<std::int64_t> to,
                         const std::function<void(const MinuteUse&)>& visit) {
  // Names are looked up for what a minute has added up to, not for each of its rows.
  Statement select(*db_,
                   "SELECT minute, (SELECT name FROM names WHERE id = deployment),"
                   " (SELECT name FROM names WHERE id = model), is_ptu, is_batch,"
                   " requests, prompt, cached, completion, reasoning, estimated, cost, saved FROM"
                   " (SELECT minute, deployment, model, is_ptu, is_batch, sum(requests) AS requests,"
                   " sum(prompt) AS prompt, sum(cached) AS cached, sum(completion) AS completion,"
                   " sum(reasoning) AS reasoning, sum(estimated) AS estimated, sum(cost) AS cost,"
                   " sum(saved) AS saved FROM usage JOIN series ON series.id = usage.series"
                   " WHERE minute >= ?1 AND minute < ?2 AND (is_batch OR prompt <> 0 OR completion <> 0"
                   " OR operation NOT IN (SELECT id FROM names WHERE name IN"
                   " ('response_object', 'files', 'fine_tuning', 'vector_stores')))"
                   " GROUP BY minute, deployment, model, is_ptu, is_batch) ORDER BY minute");
  select.bind(1, from.value_or(-always)).bind(2, to.value_or(always));
  try {
    while (select.step()) {
      MinuteUse use;
      use.minute = select.number(0);
      use.deployment = select.text(1);
      use.model = select.text(2);
      use.kind = select.number(3) == 0 ? DeploymentKind::payg : DeploymentKind::ptu;
      use.is_batch = select.number(4) != 0;
      read_sums(select, 5, use.sums);
      visit(use);
    }
  } catch (const SqliteError& error) {
    throw std::runtime_error(path_ + " cannot be read: " + error.what());
  }
}

std::optional<std::int64_t> Report::last_minute() {
  try {
    if (db_->number("SELECT count(*) FROM (SELECT 1 FROM usage LIMIT 1)") == 0) return std::nullopt;
    return db_->number("SELECT max(minute) FROM usage");
  } catch (const SqliteError& error) {
    throw std::runtime_error(path_ + " cannot be read: " + error.what());
  }
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
