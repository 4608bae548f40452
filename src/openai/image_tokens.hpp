// What an image costs as input, by the published rules of each model.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::openai {

struct ImageSize {
  std::uint32_t width;
  std::uint32_t height;
};

// Out of the head of a PNG, JPEG, GIF or WebP in base64; nothing is decoded but the few bytes that
// tell. Nothing if the bytes are none of these or the size is not among the first of them.
std::optional<ImageSize> image_size_of_base64(std::string_view base64) noexcept;

// A model counts tiles of 512 pixels, or patches of 32.
struct ImageRule {
  bool has_tiles;
  std::uint32_t base;    // tiles: for the image as such
  std::uint32_t tile;    // tiles: for each
  std::uint32_t budget;  // patches: so many at most
  double factor;         // patches: tokens for each
};

// By the longest known prefix; a model that is not known takes a dear rule.
const ImageRule& image_rule_of(std::string_view base_model) noexcept;

// `size` may be unknown: then the most that an image can cost.
std::uint64_t image_tokens(const ImageRule& rule, std::optional<ImageSize> size,
                           bool is_low_detail) noexcept;

}  // namespace tollgate::openai
