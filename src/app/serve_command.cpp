#include "app/serve_command.hpp"

#include "app/app.hpp"
#include "config/load.hpp"
#include "pipeline/registry.hpp"

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

namespace tollgate::app {
namespace {

constexpr const char* how_to = "usage: tollgate serve [--config FILE]\n";

}  // namespace

int serve_command(int argc, char** argv) {
  std::string path = "config/tollgate.yaml";
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--config" && i + 1 < argc) {
      path = argv[++i];
    } else {
      const bool is_asked = argument == "--help" || argument == "-h";
      std::fputs(how_to, is_asked ? stdout : stderr);
      return is_asked ? 0 : 2;
    }
  }
  config::LoadOptions options;
  options.known_filters = options.required_filters = pipeline::filter_names();
  const auto loaded = config::load(path, options);
  for (const auto& problem : loaded.problems) {
    std::fprintf(stderr, "%s\n", config::to_text(problem).c_str());
  }
  if (!loaded.config) return 1;
  try {
    App app(path, loaded.config);
    return app.run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "tollgate: %s\n", e.what());
    return 1;
  }
}

}  // namespace tollgate::app
