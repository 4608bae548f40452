// Counts what a request body will cost as input, before it is sent.
//
// Text is counted exactly; what the service adds around it (roles, tools, images, audio) by the
// published rules. Whatever is unknown is counted as the JSON text it is written in, which is more
// than it costs. The service's own `usage` stays the truth: this is for admission.
#pragma once

#include "openai/image_tokens.hpp"
#include "openai/string_ends.hpp"
#include "openai/tool_tokens.hpp"
#include "tokens/tokens.hpp"
#include "tollgate/operation.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tollgate::openai {

struct PromptTokens {
  std::uint64_t total = 0;   // everything below, and the overhead of messages and tools
  std::uint64_t images = 0;  // of these, by the image rules
  std::uint64_t audio = 0;   // of these, by the length of the sound
  // False if something counts that the body does not hold: a stored conversation, a file, an image
  // or sound behind a link whose size is unknown (it was then counted at its highest price).
  bool is_complete = true;
};

// By what a base model counts.
struct PromptRules {
  tokens::Encoding encoding;
  const ImageRule* image;  // not null
  ToolRule tool;
};

// Unknown models ("gpt-4o" is known) take the dearest rules for tools and images.
PromptRules prompt_rules_of(std::string_view base_model, tokens::Encoding encoding) noexcept;

// One body, in steps. The body and the rules have to outlive it. The body has to be what
// scan_request() accepted; of any other bytes the count means nothing, but it is safe.
// Not for use by two threads at once.
class PromptCounter {
 public:
  PromptCounter(std::string_view body, Operation operation, const PromptRules& rules);
  PromptCounter(PromptCounter&&) noexcept;
  PromptCounter& operator=(PromptCounter&&) noexcept;
  ~PromptCounter();

  // A body without a pause. `ends`: what scan_request() found in it, or nothing.
  static PromptTokens count(std::string_view body, Operation operation, const PromptRules& rules,
                            const StringEnds& ends = {});

  // Goes on for about `bytes` bytes of text. True when all is counted. A body of at most `bytes` is
  // counted by the first step.
  bool step(std::size_t bytes);

  PromptTokens result() const noexcept;

 private:
  class Walk;
  std::unique_ptr<Walk> walk_;
};

}  // namespace tollgate::openai
