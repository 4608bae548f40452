// `tollgate ptu-advisor`: how many units to reserve, from what the ledger has seen.
#include "cli/commands.hpp"
#include "cli/ptu/output.hpp"
#include "cli/ptu/picture.hpp"
#include "cli/reading.hpp"
#include "cli/text.hpp"

#include "config/amounts.hpp"
#include "config/values.hpp"
#include "ledger/report.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string_view>
#include <utility>

namespace tollgate::cli {
namespace {

constexpr const char* how_to =
    "usage: tollgate ptu-advisor [--ledger FILE] [--config FILE] [--from DATE] [--to DATE] [--last 30d]\n"
    "                            [--model NAME] [--deployment NAME] [--scope global|data_zone|regional]\n"
    "                            [--unit-price $1/hour] [--head-room 20%] [--unit-tokens N --answer-weight N]\n"
    "                            [--csv | --json] [--picture] [--svg FILE]\n"
    "\n"
    "  --ledger    the file to read (default: what --config says, else tollgate-ledger.db)\n"
    "  --config    also tells prices of your own, deployment types, and what there is now\n"
    "  --from --to days as 2026-11-30, both included, or moments as 2026-11-30T18:00; UTC\n"
    "  --last      how far to look back from the last use, in days (30d) or hours (12h), instead of --from\n"
    "  --model     one base model; --deployment: what one deployment had, as if it were alone\n"
    "  --scope     the deployment type to buy (default: that of the deployments, else global)\n"
    "  --unit-price     what a unit costs an hour (default: unit_price of the deployments)\n"
    "  --head-room      what to add to the peak\n"
    "  --unit-tokens    what a unit of a model that is not known carries in a minute, and\n"
    "  --answer-weight  how many input tokens an answer token of it counts as; with --model\n"
    "  --picture   draw the load; on a terminal it is drawn anyway\n"
    "  --svg       write the picture to a file\n";

enum class Format : unsigned char { table, csv, json };

struct Arguments {
  std::string ledger;
  std::string config;
  GroupOptions group;
  Format format = Format::table;
  bool wants_picture = false;
  std::string svg;
};

// A value in the words of the configuration.
template <class T>
T value_of(std::optional<T> value, const std::string& option, const config::Fault& fault) {
  if (!value) throw Misuse(option + ": " + fault.message);
  return *std::move(value);
}

std::int64_t count_of(const std::string& option, const std::string& text, std::int64_t most) {
  config::Fault fault;
  const std::int64_t count = value_of(config::parse_count(text, fault), option, fault);
  if (count < 1 || count > most)
    throw Misuse(option + ": " + text + " is not between 1 and " + std::to_string(most));
  return count;
}

std::int64_t minutes_back(const std::string& text) {
  config::Fault fault;
  if (text.ends_with('h')) {
    const auto time = value_of(config::parse_duration(text, fault), "--last", fault);
    return std::chrono::floor<std::chrono::minutes>(time).count();
  }
  const std::chrono::minutes time = value_of(config::parse_days(text, fault), "--last", fault);
  if (time.count() < 1) throw Misuse("--last: nothing is to be seen in " + text);
  return time.count();
}

DeploymentScope scope_named(const std::string& name) {
  for (DeploymentScope scope : {DeploymentScope::global, DeploymentScope::data_zone, DeploymentScope::regional})
    if (scope_text(scope) == name) return scope;
  throw Misuse("--scope: one of global, data_zone, regional");
}

void take_value(Arguments& arguments, const std::string& name, const std::string& value) {
  config::Fault fault;
  GroupOptions& group = arguments.group;
  if (name == "--ledger") arguments.ledger = value;
  if (name == "--config") arguments.config = value;
  if (name == "--svg") arguments.svg = value;
  if (name == "--from") group.from = minute_of(value, false);
  if (name == "--to") group.to = minute_of(value, true);
  if (name == "--last") group.last = minutes_back(value);
  if (name == "--model") group.model = value;
  if (name == "--deployment") group.deployment = value;
  if (name == "--scope") group.scope = scope_named(value);
  if (name == "--unit-price") group.unit_price = value_of(config::parse_hourly(value, fault), name, fault);
  if (name == "--head-room") group.head_room_percent = value_of(config::parse_percent(value, fault), name, fault);
  if (name == "--unit-tokens") group.unit_tokens = count_of(name, value, 1'000'000'000);
  if (name == "--answer-weight") group.answer_weight = count_of(name, value, 1'000);
}

void check(const GroupOptions& group) {
  if (group.from && group.to && *group.from >= *group.to) throw Misuse("--from has to be before --to");
  if (group.unit_price && *group.unit_price == 0) throw Misuse("--unit-price: a unit is not free");
  if (group.unit_tokens.has_value() != group.answer_weight.has_value())
    throw Misuse("--unit-tokens and --answer-weight belong together");
  if (group.unit_tokens && group.model.empty()) throw Misuse("--unit-tokens needs --model: models differ");
}

Arguments parse(int argc, char** argv) {
  constexpr std::array<std::string_view, 13> with_value{
      "--ledger", "--config", "--svg",        "--from",      "--to",          "--last",         "--model",
      "--deployment", "--scope", "--unit-price", "--head-room", "--unit-tokens", "--answer-weight"};
  Arguments result;
  bool has_from = false, has_last = false;
  for (int i = 0; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--csv" || name == "--json") {
      if (result.format != Format::table) throw Misuse("--csv and --json: one of them");
      result.format = name == "--csv" ? Format::csv : Format::json;
    } else if (name == "--picture") {
      result.wants_picture = true;
    } else if (std::find(with_value.begin(), with_value.end(), name) == with_value.end()) {
      throw Misuse("unknown argument " + name);
    } else if (++i == argc) {
      throw Misuse(name + " needs a value");
    } else {
      take_value(result, name, argv[i]);
      has_from = has_from || name == "--from";
      has_last = has_last || name == "--last";
    }
  }
  if (has_from && has_last) throw Misuse("--from and --last: one of them");
  if (result.wants_picture && result.format != Format::table)
    throw Misuse("--picture goes with the table; --svg writes it to a file");
  check(result.group);
  return result;
}

bool is_utf8_terminal() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    return locale.find("UTF-8") != std::string_view::npos || locale.find("utf8") != std::string_view::npos ||
           locale.find("utf-8") != std::string_view::npos;
  }
  return false;
}

void write_tables(const std::vector<Advised>& all, bool wants_picture) {
  const char* gap = "";
  for (const Advised& advised : all) {
    std::cout << std::exchange(gap, "\n");
    write_advice(std::cout, advised);
    if (wants_picture && advised.is_sold()) draw(std::cout, advised, is_utf8_terminal());
  }
}

void write_picture_file(const std::vector<Advised>& all, const std::string& path) {
  std::ofstream file(path);
  write_svg(file, all);
  file.close();
  if (!file) throw std::runtime_error(path + " cannot be written");
}

}  // namespace

int ptu_advisor_command(int argc, char** argv) {
  if (tells_help(argc, argv, how_to)) return 0;
  try {
    const Arguments arguments = parse(argc, argv);
    const std::shared_ptr<const Config> config = config_of(arguments.config);
    const std::string path = ledger_path(arguments.ledger, config.get());
    ledger::Report report(path);
    std::vector<Advised> all;
    for (Group& group : read_groups(report, config.get(), arguments.group, std::chrono::system_clock::now()))
      all.emplace_back(std::move(group));
    if (all.empty()) std::cerr << "no use of a deployment in " << path << " for this time and these names\n";
    if (arguments.format == Format::csv) write_advice_csv(std::cout, all);
    if (arguments.format == Format::json) write_advice_json(std::cout, all);
    if (arguments.format == Format::table)
      write_tables(all, arguments.wants_picture || ::isatty(STDOUT_FILENO) != 0);
    std::cout.flush();
    if (!arguments.svg.empty()) write_picture_file(all, arguments.svg);
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
