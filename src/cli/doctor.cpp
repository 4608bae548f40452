// `tollgate doctor`: does all that the configuration leads to work from here, and if not, what is to be done?
#include "cli/commands.hpp"
#include "cli/doctor/examine.hpp"
#include "cli/doctor/output.hpp"
#include "cli/reading.hpp"
#include "cli/text.hpp"
#include "config/values.hpp"
#include "tollgate/log.hpp"

#include <unistd.h>

#include <csignal>
#include <iostream>
#include <string>

namespace tollgate::cli {
namespace {

constexpr const char* how_to =
    "usage: tollgate doctor [--config FILE] [--timeout 10s] [--api-version VERSION] [--json]\n"
    "\n"
    "  --config       what to examine (default config/tollgate.yaml)\n"
    "  --timeout      for everything together, 1s to 5m\n"
    "  --api-version  that the dated paths are tried with (default 2024-10-21)\n"
    "  --json         for programs\n"
    "\n"
    "Run it where the gateway runs, as its user and with its environment. It uses no tokens, posts no alert and\n"
    "changes nothing. Exit status: 0 no fault (there may be warnings), 1 a fault, 2 it could not begin.\n";

struct Arguments {
  std::string config = "config/tollgate.yaml";
  doctor::ExamineOptions options;
  bool is_json = false;
};

std::chrono::milliseconds timeout_of(const std::string& text) {
  config::Fault fault;
  const auto time = config::parse_duration(text, fault);
  if (!time) throw Misuse("--timeout: " + fault.message);
  if (*time < std::chrono::seconds(1) || *time > std::chrono::minutes(5)) throw Misuse("--timeout: 1s to 5m");
  return *time;
}

// It goes into a request line.
std::string version_of(const std::string& text) {
  if (text.empty() || text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
    throw Misuse("--api-version: such as 2024-10-21 or 2025-04-01-preview");
  return text;
}

Arguments parse(int argc, char** argv) {
  Arguments result;
  for (int i = 0; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--json") {
      result.is_json = true;
    } else if (name != "--config" && name != "--timeout" && name != "--api-version") {
      throw Misuse("unknown argument " + name);
    } else if (++i == argc) {
      throw Misuse(name + " needs a value");
    } else if (name == "--config") {
      result.config = argv[i];
    } else if (name == "--timeout") {
      result.options.timeout = timeout_of(argv[i]);
    } else {
      result.options.api_version = version_of(argv[i]);
      result.options.is_version_chosen = true;
    }
  }
  return result;
}

void show_progress(std::size_t done, std::size_t all) {
  std::cerr << "\rlooked at " << done << " of " << all << (done == all ? "\r\x1b[K" : "") << std::flush;
}

}  // namespace

int doctor_command(int argc, char** argv, const config::LoadOptions& load_options) {
  if (tells_help(argc, argv, how_to)) return 0;
  Arguments arguments;
  try {
    arguments = parse(argc, argv);
  } catch (const Misuse& misuse) {
    std::cerr << misuse.what() << "\n\n" << how_to;
    return 2;
  }
  const config::Loaded loaded = config::load(arguments.config, load_options);
  for (const config::Problem& problem : loaded.problems) std::cerr << to_text(problem) << '\n';
  if (!loaded.config) return 2;
  ::signal(SIGPIPE, SIG_IGN);
  log::set_level(log::Level::error);
  if (::isatty(STDERR_FILENO) != 0) arguments.options.on_progress = show_progress;
  const auto reports = doctor::examine(loaded.config, arguments.options);
  if (arguments.is_json) {
    write_reports_json(std::cout, reports);
  } else {
    write_reports(std::cout, reports, ::isatty(STDOUT_FILENO) != 0);
  }
  std::cout.flush();
  return doctor::has_failed(reports) ? 1 : 0;
}

}  // namespace tollgate::cli
