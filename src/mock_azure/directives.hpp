// Wishes written into a prompt: `[[mock ttft_ms=50 gap_ms=5 tokens=20 filter=completion cut k=3]]`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mock_azure/fault.hpp"

namespace tollgate::mock {

enum class FilterWish { none, prompt, prompt_plural, prompt_bare, completion };

struct Directives {
  std::optional<std::chrono::microseconds> first_token;  // ttft_ms, delay_us
  std::optional<std::chrono::microseconds> gap;          // gap_ms, interval_us
  std::optional<std::int64_t> tokens;                    // tokens, chunks: length of the answer
  std::int64_t cached_tokens = 0;                        // cached: share of the prompt from cache
  std::optional<std::int64_t> reasoning_tokens;          // reasoning
  std::int64_t tool_calls = 1;                           // calls: parallel tool calls
  bool answers_with_text = false;                        // notools: do not call the offered tools
  bool async_filter = false;                             // async: annotations after the text
  bool stamps = false;      // stamp: each token is `t=<monotonic ns>`, for measuring transit
  bool coalesces = false;   // coalesce: events without a gap share one write
  bool fails = false;       // fail: a response object ends with status failed
  FilterWish filter = FilterWish::none;
  Fault fault;
};

// Looks at the raw body: a directive needs no JSON escapes, so it reads the same in every format.
// Later words win; unknown words are ignored so that load generators may add their own.
Directives parse_directives(std::string_view body);

// The text without its directives, for answers that repeat the question.
std::string without_directives(std::string_view text);

}  // namespace tollgate::mock
