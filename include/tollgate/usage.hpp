// Tokens of one exchange, as the provider reported them.
#pragma once

#include <cstdint>

namespace tollgate {

// prompt includes cached, cache_write and audio, completion includes reasoning and audio (azure-openai: usage
// objects); details are never added on top.
struct Usage {
  std::int64_t prompt_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t total_tokens = 0;
  bool is_reported = false;   // the provider said so
  bool is_estimated = false;  // it never did, this is our own estimate; both false: nothing is known
  std::int64_t cache_write_tokens = 0;  // what the provider kept of the prompt, at a price of its own
  std::int64_t prompt_audio_tokens = 0;
  std::int64_t completion_audio_tokens = 0;
  std::int64_t cached_audio_tokens = 0;  // of cached and of audio

  // Of several answers together. What one of them is, reported or estimated, the sum has to be told by hand.
  Usage& operator+=(const Usage& other) noexcept {
    prompt_tokens += other.prompt_tokens;
    cached_tokens += other.cached_tokens;
    completion_tokens += other.completion_tokens;
    reasoning_tokens += other.reasoning_tokens;
    total_tokens += other.total_tokens;
    cache_write_tokens += other.cache_write_tokens;
    prompt_audio_tokens += other.prompt_audio_tokens;
    completion_audio_tokens += other.completion_audio_tokens;
    cached_audio_tokens += other.cached_audio_tokens;
    return *this;
  }
};

// How a response that a resource keeps came to its end.
enum class StoredEnd : unsigned char {
  none,  // it has not, or it is not known
  done,  // completed or incomplete
  cancelled,
  failed,
};

}  // namespace tollgate
