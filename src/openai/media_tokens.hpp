// What images, sounds and files in a prompt cost as input, as far as the body shows it.
#pragma once

#include "openai/image_tokens.hpp"
#include "openai/json_cursor.hpp"

#include <cstdint>
#include <string_view>

namespace tollgate::openai {

// What one part of a message brings along; the strings are as they stand in the body.
struct Media {
  JsonString image_url;
  JsonString audio;  // in base64
  JsonString file;   // in base64
  std::string_view audio_format;
  bool has_image = false;
  bool has_file = false;
  bool is_low_detail = false;
};

struct MediaTokens {
  std::uint64_t images = 0;
  std::uint64_t audio = 0;
  std::uint64_t files = 0;
  bool is_complete = true;  // false: something is not in the body, or costs what nobody publishes
};

MediaTokens media_tokens(const Media& media, const ImageRule& rule);

// Of bytes whose content is not text as it stands: what they cost is not known before, and they are
// taken as plain text.
std::uint64_t tokens_of_base64(std::string_view base64) noexcept;

}  // namespace tollgate::openai
