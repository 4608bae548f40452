// `tollgate schema`: what editors complete and explain the configuration by.
#include "cli/commands.hpp"

#include <iostream>

namespace tollgate::cli {

int schema_command(int argc, char**, const config::LoadOptions& options) {
  if (argc > 0) {
    std::cerr << "usage: tollgate schema > tollgate.schema.json\n";
    return 2;
  }
  std::cout << config::schema(options) << std::flush;
  return 0;
}

}  // namespace tollgate::cli
