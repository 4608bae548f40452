// `tollgate schema`: what editors complete and explain the configuration by.
#include "cli/commands.hpp"
#include "cli/text.hpp"

#include <iostream>

namespace tollgate::cli {
namespace {

constexpr const char* schema_usage = "usage: tollgate schema > tollgate.schema.json\n";

}  // namespace

int schema_command(int argc, char** argv, const config::LoadOptions& options) {
  if (tells_help(argc, argv, schema_usage)) return 0;
  if (argc > 0) {
    std::cerr << schema_usage;
    return 2;
  }
  std::cout << config::schema(options) << std::flush;
  return 0;
}

}  // namespace tollgate::cli
