// Any bytes are either a configuration or a list of problems, never a crash.
#include "config/load.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool has_keys = ::setenv("AZURE_KEY", "azure-key", 1) == 0 &&
                               ::setenv("APP_KEY", "tg-app-key-0123456789", 1) == 0;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto loaded = tollgate::config::load_text(text, "fuzz.yaml");
  if (!has_keys || bool(loaded.config) != loaded.problems.empty()) std::abort();
  for (const auto& problem : loaded.problems)
    if (to_text(problem).empty()) std::abort();
  return 0;
}
