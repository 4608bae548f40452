// Any bytes as a request body: the prompt counter comes to an end, and in steps to the same number.
#include "openai/prompt_tokens.hpp"

#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace {

using namespace tollgate;

std::uint64_t count(std::string_view body, Operation operation, std::size_t step) {
  static const openai::PromptRules rules = openai::prompt_rules_of("gpt-4o", tokens::Encoding::o200k_base);
  openai::PromptCounter counter(body, operation, rules);
  while (!counter.step(step)) {
  }
  return counter.result().total;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto operation : {Operation::chat_completions, Operation::responses,
                               Operation::completions, Operation::embeddings})
    if (count(body, operation, std::numeric_limits<std::size_t>::max()) !=
        count(body, operation, 7))
      std::abort();
  return 0;
}
