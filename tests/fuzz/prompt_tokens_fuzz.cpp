// Any bytes as a request body: the prompt counter comes to an end, and in steps or by the ends of strings that
// the scan has noted to the same number.
#include "openai/prompt_tokens.hpp"
#include "openai/request_scan.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace tollgate;

const openai::PromptRules& rules() {
  static const openai::PromptRules found = openai::prompt_rules_of("gpt-4o", tokens::Encoding::o200k_base);
  return found;
}

std::uint64_t count_in_steps(std::string_view body, Operation operation, std::size_t step) {
  openai::PromptCounter counter(body, operation, rules());
  while (!counter.step(step)) {
  }
  return counter.result().total;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto operation : {Operation::chat_completions, Operation::responses,
                               Operation::completions, Operation::embeddings}) {
    const auto total = openai::PromptCounter::count(body, operation, rules()).total;
    if (total != count_in_steps(body, operation, 7)) std::abort();
    openai::RequestFacts facts;
    openai::ScanProblem problem;
    const bool is_accepted = openai::scan_request(body, operation, facts, problem);
    const auto by_ends = openai::PromptCounter::count(body, operation, rules(), facts.string_ends).total;
    if (is_accepted && by_ends != total) std::abort();
  }
  return 0;
}
