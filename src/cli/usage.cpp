// `tollgate usage`: who spent what, read from the ledger while the gateway runs.
#include "cli/commands.hpp"
#include "cli/reading.hpp"
#include "cli/text.hpp"
#include "cli/usage_output.hpp"

#include "ledger/report.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string_view>

namespace tollgate::cli {
namespace {

constexpr const char* how_to =
    "usage: tollgate usage [--ledger FILE] [--config FILE] [--by COLUMN,...] [--from DATE] [--to DATE]\n"
    "                      [--cost-center NAME] [--subscription NAME]\n"
    "                      [--format table|csv|json|focus-csv|focus-jsonl] [--meters]\n"
    "\n"
    "  --ledger    the file to read (default: what --config says, else tollgate-ledger.db)\n"
    "  --config    also tells what reserved capacity cost (kind: ptu, with a unit_price) and how much\n"
    "              of it lay idle, unless one cost center or subscription is asked for\n"
    "  --by        what to tell apart (default cost_center,subscription,model):\n"
    "              minute hour day month subscription product cost_center user session task\n"
    "              operation model_asked model deployment region kind batch\n"
    "  --from --to days as 2026-11-30, both included, or moments as 2026-11-30T18:00; UTC\n"
    "  --format    focus-*: one row a day in the columns of FOCUS 1.2\n"
    "  --meters    what is used of each limit and budget, instead\n";

struct Arguments {
  std::string ledger;
  std::string config;
  std::string format = "table";
  std::vector<std::string> by{"cost_center", "subscription", "model"};
  ledger::UsageQuery query;
  bool wants_meters = false;
};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

std::vector<std::string> columns_of(const std::string& text) {
  const auto known = ledger::usage_columns();
  std::vector<std::string> columns = split(text);
  for (std::string& column : columns) {
    std::replace(column.begin(), column.end(), '-', '_');
    if (std::find(known.begin(), known.end(), column) == known.end())
      throw Misuse("--by: there is no column \"" + column + "\"");
  }
  return columns;
}

Arguments parse(int argc, char** argv) {
  Arguments result;
  for (int i = 0; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--meters") {
      result.wants_meters = true;
      continue;
    }
    const char* const known[] = {"--ledger", "--config", "--by",          "--from",
                                 "--to",     "--format", "--cost-center", "--subscription"};
    if (std::find(std::begin(known), std::end(known), name) == std::end(known))
      throw Misuse("unknown argument " + name);
    if (++i == argc) throw Misuse(name + " needs a value");
    const std::string value = argv[i];
    if (name == "--ledger") result.ledger = value;
    if (name == "--config") result.config = value;
    if (name == "--by") result.by = columns_of(value);
    if (name == "--from") result.query.from_minute = minute_of(value, false);
    if (name == "--to") result.query.to_minute = minute_of(value, true);
    if (name == "--format") result.format = value;
    if (name == "--cost-center") result.query.only.emplace_back("cost_center", value);
    if (name == "--subscription") result.query.only.emplace_back("subscription", value);
  }
  const char* const formats[] = {"table", "csv", "json", "focus-csv", "focus-jsonl"};
  if (std::find(std::begin(formats), std::end(formats), result.format) == std::end(formats))
    throw Misuse("--format: one of table, csv, json, focus-csv, focus-jsonl");
  if (result.query.from_minute && result.query.to_minute &&
      *result.query.from_minute >= *result.query.to_minute)
    throw Misuse("--from has to be before --to");
  return result;
}

UsageTable read(const std::string& path, const Arguments& arguments, const Config* config) {
  ledger::Report report(path);
  ledger::UsageQuery query = arguments.query;
  query.by.clear();
  UsageTable table;
  if (auto all = report.usage(query); !all.empty()) table.total = all.front();
  table.by = query.by = arguments.format.starts_with("focus") ? focus_columns : arguments.by;
  table.rows = report.usage(query);
  // Where no end was named: where there is usage.
  const std::int64_t from = query.from_minute.value_or(table.total.first_minute);
  const std::int64_t to = std::max(query.to_minute.value_or(table.total.last_minute + 1), from);
  // What has not come yet burns nothing: a month that is half over is half a month.
  const auto now = std::chrono::floor<std::chrono::minutes>(
      std::chrono::system_clock::now().time_since_epoch()).count() + 1;
  const std::int64_t end = std::max(std::min<std::int64_t>(to, now), table.total.last_minute + 1);
  table.days = static_cast<double>(std::max<std::int64_t>(end - from, 1)) / minutes_a_day;
  // Idle capacity is nobody's: who asks for one cost center or subscription is not told of it.
  const bool is_known = !table.rows.empty() || (query.from_minute && query.to_minute);
  if (config != nullptr && is_known && query.only.empty())
    table.reserved = reserved_by_day(report, *config, from, end);
  table.from = moment(from * 60);
  table.to = moment(to * 60);
  return table;
}

void write(std::ostream& out, const UsageTable& table, const std::string& format) {
  if (format == "table") write_table(out, table);
  if (format == "csv") write_csv(out, table);
  if (format == "json") write_json(out, table);
  if (format == "focus-csv") write_focus_csv(out, table);
  if (format == "focus-jsonl") write_focus_jsonl(out, table);
}

}  // namespace

int usage_command(int argc, char** argv) {
  if (tells_help(argc, argv, how_to)) return 0;
  try {
    const Arguments arguments = parse(argc, argv);
    const std::shared_ptr<const Config> config = config_of(arguments.config);
    const std::string path = ledger_path(arguments.ledger, config.get());
    if (arguments.wants_meters) {
      const auto now = std::chrono::floor<std::chrono::milliseconds>(
          std::chrono::system_clock::now().time_since_epoch());
      write_meters(std::cout, ledger::Report(path).meters(now.count()));
    } else {
      const UsageTable table = read(path, arguments, config.get());
      if (table.rows.empty() && table.reserved.empty() && arguments.format == "table") {
        std::cerr << "no usage in " << path << " for this time\n";
        return 0;
      }
      write(std::cout, table, arguments.format);
    }
    std::cout.flush();
    return 0;
  } catch (const Misuse& misuse) {
    std::cerr << misuse.what() << "\n\n" << how_to;
    return 2;
  } catch (const std::runtime_error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

}  // namespace tollgate::cli
