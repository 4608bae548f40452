// Which encoding a model reads its texts in.
#include "tokens/tokens.hpp"

#include <array>
#include <utility>

namespace tollgate::tokens {
namespace {

struct Entry {
  std::string_view prefix;
  Encoding encoding;
};

// The longest prefix decides, so "gpt-4o" and "gpt-4.1" stand beside "gpt-4".
constexpr std::array table{
    Entry{"gpt-6", Encoding::o200k_base},
    Entry{"gpt-5", Encoding::o200k_base},
    Entry{"gpt-4o", Encoding::o200k_base},
    Entry{"gpt-4.1", Encoding::o200k_base},
    Entry{"gpt-4.5", Encoding::o200k_base},
    Entry{"gpt-4", Encoding::cl100k_base},
    Entry{"gpt-3.5", Encoding::cl100k_base},
    Entry{"gpt-35", Encoding::cl100k_base},
    Entry{"gpt-oss", Encoding::o200k_base},
    Entry{"gpt-audio", Encoding::o200k_base},
    Entry{"gpt-realtime", Encoding::o200k_base},
    Entry{"chatgpt-4o", Encoding::o200k_base},
    Entry{"computer-use", Encoding::o200k_base},
    Entry{"codex-mini", Encoding::o200k_base},
    Entry{"model-router", Encoding::o200k_base},
    Entry{"o1", Encoding::o200k_base},
    Entry{"o3", Encoding::o200k_base},
    Entry{"o4", Encoding::o200k_base},
    Entry{"text-embedding", Encoding::cl100k_base},
};

}  // namespace

const char* name_of(Encoding encoding) noexcept {
  return encoding == Encoding::cl100k_base ? "cl100k_base" : "o200k_base";
}

std::optional<Encoding> encoding_named(std::string_view name) noexcept {
  if (name == "cl100k_base") return Encoding::cl100k_base;
  if (name == "o200k_base" || name == "o200k_harmony") return Encoding::o200k_base;
  return std::nullopt;
}

std::optional<Encoding> encoding_of_model(std::string_view base_model) noexcept {
  const Entry* best = nullptr;
  for (const Entry& entry : table)
    if (base_model.starts_with(entry.prefix) &&
        (!best || entry.prefix.size() > best->prefix.size()))
      best = &entry;
  return best ? std::optional(best->encoding) : std::nullopt;
}

}  // namespace tollgate::tokens
