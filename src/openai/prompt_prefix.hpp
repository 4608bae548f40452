// A hash of how a prompt begins: requests that could share a provider's prompt cache have the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tollgate::openai {

// Fed with the parts of a prompt in the order in which the model reads them. The same parts give the
// same value on every machine. Looks at the first 4 KiB alone. Pure data.
class PromptPrefix {
 public:
  // About the 1,024 tokens from which on providers cache (azure-openai: prompt caching).
  static constexpr std::size_t length = 4096;

  void feed(std::string_view part) noexcept;

  // 0: the prompt is too short to be cached.
  std::uint64_t value() const noexcept { return left_ > 0 ? 0 : finish(state_); }

  // Of a key that the caller has chosen for it; never 0 unless it is empty.
  static std::uint64_t of_key(std::string_view key) noexcept;

 private:
  static std::uint64_t finish(std::uint64_t state) noexcept;
  static std::uint64_t mix(std::uint64_t state, std::string_view bytes) noexcept;

  std::uint64_t state_ = 0x9e3779b97f4a7c15;
  std::size_t left_ = length;
};

}  // namespace tollgate::openai
