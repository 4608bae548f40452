// Tokens of one exchange, as the provider reported them.
#pragma once

#include <cstdint>

namespace tollgate {

// prompt includes cached and cache_write, completion includes reasoning (azure-openai: usage objects); details are
// never added on top.
struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t total_tokens = 0;
  bool is_reported = false;   // the provider said so
  bool is_estimated = false;  // it never did, this is our own estimate; both false: nothing is known
  std::int64_t cache_write_tokens = 0;  // what the provider kept of the prompt, at a price of its own
};

}  // namespace tollgate
