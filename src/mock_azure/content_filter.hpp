// Content-filter annotations and the refusals of a filtered prompt, in each surface's dialect.
#pragma once

#include <string_view>

#include "mock_azure/directives.hpp"
#include "mock_azure/reply.hpp"

namespace tollgate::mock {

// JSON objects, ready to be pasted into an answer.
inline constexpr std::string_view safe_prompt_results =
    R"({"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}})";
inline constexpr std::string_view safe_completion_results =
    R"({"hate":{"filtered":false,"severity":"safe"},"protected_material_code":{"filtered":false,"detected":false},"protected_material_text":{"filtered":false,"detected":false},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}})";
inline constexpr std::string_view safe_text_results =
    R"({"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}})";
inline constexpr std::string_view violent_results =
    R"({"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}})";
inline constexpr std::string_view blocked_prompt_results =
    R"({"hate":{"filtered":false,"severity":"safe"},"jailbreak":{"filtered":true,"detected":true},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":true,"severity":"medium"}})";

inline bool blocks_prompt(FilterWish wish) {
  return wish == FilterWish::prompt || wish == FilterWish::prompt_plural ||
         wish == FilterWish::prompt_bare;
}

Reply blocked_prompt(FilterWish wish);       // chat, completions, embeddings
Reply blocked_image_prompt();                // images spell it inner_error
Reply blocked_responses_prompt();            // responses list content_filters

}  // namespace tollgate::mock
