// What the stand-in knows about base models: version shown in answers, limits, PTU rates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::mock {

struct Model {
  std::string version;                 // what answers report, e.g. gpt-4o-mini-2024-07-18
  bool reasoning = false;              // hidden reasoning tokens; refuses max_tokens
  std::int64_t context_tokens = 128'000;
  std::int64_t ptu_input_tpm = 2'500;  // input tokens a minute that one PTU carries
  std::int64_t ptu_output_weight = 4;  // one output token counts as this many input tokens
  std::int64_t embedding_size = 1'536;
  bool embedding_resizable = false;    // takes `dimensions`
};

// Longest matching prefix wins, so gpt-4.1-mini is not taken for gpt-4.1; unknown names get
// ordinary chat values and their own name as version.
Model describe_model(std::string_view name);

}  // namespace tollgate::mock
