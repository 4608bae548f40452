// `tollgate check`: is this configuration good, and what does it come to?
#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "config/tls_files.hpp"

#include <chrono>
#include <iostream>
#include <string>
#include <string_view>

namespace tollgate::cli {
namespace {

constexpr const char* check_usage = "usage: tollgate check [--show-defaults] FILE\n";

int refuse(const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) std::cerr << to_text(problem) << '\n';
  std::cerr << problems.size() << (problems.size() == 1 ? " problem\n" : " problems\n");
  return 1;
}

std::string count_of(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

int check_command(int argc, char** argv, const config::LoadOptions& options) {
  if (tells_help(argc, argv, check_usage)) return 0;
  const char* path = nullptr;
  bool has_defaults = false;
  for (int i = 0; i < argc; ++i) {
    std::string_view argument = argv[i];
    bool is_usage_error =
        argument.starts_with('-') ? argument != "--show-defaults" : path != nullptr;
    if (is_usage_error) {
      path = nullptr;
      break;
    }
    argument == "--show-defaults" ? has_defaults = true : (path = argv[i], true);
  }
  if (!path) {
    std::cerr << check_usage;
    return 2;
  }
  if (has_defaults) {
    config::Shown shown = config::show_defaults(path, options);
    if (!shown.problems.empty()) return refuse(shown.problems);
    std::cout << shown.yaml << std::flush;
    return 0;
  }
  config::Loaded loaded = config::load(path, options);
  if (!loaded.config) return refuse(loaded.problems);
  const Config& c = *loaded.config;
  for (const std::string& text : config::expired_certificates(c, std::chrono::system_clock::now()))
    std::cerr << "warning: " << text << '\n';
  std::cout << path << ": ok (" << count_of(c.deployments.size(), "deployment") << ", "
            << count_of(c.models.size(), "model") << ", " << count_of(c.products.size(), "product")
            << ", " << count_of(c.subscriptions.size(), "subscription") << ")" << std::endl;
  return 0;
}

}  // namespace tollgate::cli
