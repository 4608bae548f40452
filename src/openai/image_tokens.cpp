#include "openai/image_tokens.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace tollgate::openai {
namespace {

struct Entry {
  std::string_view prefix;
  ImageRule rule;
};

constexpr ImageRule tiles(std::uint32_t base, std::uint32_t tile) {
  return {true, base, tile, 0, 0};
}
constexpr ImageRule patches(std::uint32_t budget, double factor) {
  return {false, 0, 0, budget, factor};
}

constexpr std::array table{
    Entry{"gpt-4", tiles(85, 170)},
    Entry{"gpt-4o-mini", tiles(2833, 5667)},
    Entry{"gpt-4.1-mini", patches(1536, 1.62)},
    Entry{"gpt-4.1-nano", patches(1536, 2.46)},
    Entry{"gpt-5", tiles(70, 140)},
    Entry{"gpt-5-mini", patches(1536, 1.62)},
    Entry{"gpt-5-nano", patches(1536, 2.46)},
    Entry{"gpt-5.2", patches(1536, 1.0)},
    Entry{"gpt-5.3-codex", patches(1536, 1.0)},
    Entry{"gpt-5.4", patches(2500, 1.0)},
    Entry{"gpt-5.4-mini", patches(1536, 1.62)},
    Entry{"gpt-5.4-nano", patches(1536, 2.46)},
    Entry{"gpt-5.5", patches(2500, 1.0)},
    Entry{"chatgpt-4o", tiles(85, 170)},
    Entry{"o1", tiles(75, 150)},
    Entry{"o3", tiles(75, 150)},
    Entry{"o4-mini", patches(1536, 1.72)},
    Entry{"computer-use", tiles(65, 129)},
};
constexpr ImageRule unknown_model = patches(2500, 2.46);

// The bytes that base64 text stands for, each on its own. Characters outside the alphabet make odd
// bytes, never a fault.
class Base64Bytes {
 public:
  explicit Base64Bytes(std::string_view text) noexcept : text_(text) {}

  std::size_t size() const noexcept { return text_.size() / 4 * 3; }
  // REQUIRES: i < size().
  std::uint32_t operator[](std::size_t i) const noexcept {
    const std::size_t at = i / 3 * 4 + i % 3;
    const auto two = value(text_[at]) << 6 | value(text_[at + 1]);
    return two >> (4 - 2 * (i % 3)) & 0xff;
  }
  std::uint32_t big16(std::size_t i) const noexcept { return (*this)[i] << 8 | (*this)[i + 1]; }
  std::uint32_t big32(std::size_t i) const noexcept { return big16(i) << 16 | big16(i + 2); }
  std::uint32_t little16(std::size_t i) const noexcept { return (*this)[i] | (*this)[i + 1] << 8; }
  std::uint32_t little24(std::size_t i) const noexcept {
    return little16(i) | (*this)[i + 2] << 16;
  }
  bool has(std::size_t i, std::string_view bytes) const noexcept {
    if (i + bytes.size() > size()) return false;
    for (std::size_t k = 0; k < bytes.size(); ++k)
      if ((*this)[i + k] != static_cast<unsigned char>(bytes[k])) return false;
    return true;
  }

 private:
  static std::uint32_t value(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
    if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
    return c == '+' || c == '-' ? 62 : 63;
  }

  std::string_view text_;
};

// The size stands in the first "start of frame" segment, behind others of any length.
std::optional<ImageSize> jpeg_size(const Base64Bytes& bytes) noexcept {
  std::size_t at = 2;
  for (int segments = 0; segments < 1000 && at + 9 <= bytes.size(); ++segments) {
    if (bytes[at] != 0xff) return std::nullopt;
    const auto marker = bytes[at + 1];
    if (marker == 0xff) {  // filling
      ++at;
      continue;
    }
    const bool is_frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame) return ImageSize{bytes.big16(at + 7), bytes.big16(at + 5)};
    at += 2 + bytes.big16(at + 2);
  }
  return std::nullopt;
}

std::optional<ImageSize> webp_size(const Base64Bytes& bytes) noexcept {
  if (bytes.size() < 30) return std::nullopt;
  if (bytes.has(12, "VP8 "))
    return ImageSize{bytes.little16(26) & 0x3fff, bytes.little16(28) & 0x3fff};
  if (bytes.has(12, "VP8L")) {
    const auto bits = bytes.little24(21) | bytes[24] << 24;
    return ImageSize{(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
  }
  if (bytes.has(12, "VP8X")) return ImageSize{bytes.little24(24) + 1, bytes.little24(27) + 1};
  return std::nullopt;
}

std::optional<ImageSize> any_size(const Base64Bytes& bytes) noexcept {
  if (bytes.has(0, "\x89PNG") && bytes.size() >= 24)
    return ImageSize{bytes.big32(16), bytes.big32(20)};
  if (bytes.has(0, "GIF8") && bytes.size() >= 10)
    return ImageSize{bytes.little16(6), bytes.little16(8)};
  if (bytes.has(0, "RIFF") && bytes.has(8, "WEBP")) return webp_size(bytes);
  if (bytes.has(0, "\xff\xd8")) return jpeg_size(bytes);
  return std::nullopt;
}

// Rounding up, but not for what only a division left over.
double count_of(double length, double unit) noexcept { return std::ceil(length / unit - 1e-9); }

double tile_count(double width, double height) noexcept {
  const double fit = std::min(1.0, 2048 / std::max(width, height));
  const double shrink = std::min(1.0, 768 / (fit * std::min(width, height)));
  return count_of(width * fit * shrink, 512) * count_of(height * fit * shrink, 512);
}

double patch_count(double width, double height, double budget) noexcept {
  const double patches = count_of(width, 32) * count_of(height, 32);
  if (patches <= budget) return patches;
  const double scale = std::sqrt(32 * 32 * budget / (width * height));
  const double across = width * scale / 32, down = height * scale / 32;
  if (across < 1 || down < 1) return budget;  // a strip
  const double whole = std::min(std::floor(across) / across, std::floor(down) / down);
  return std::min(budget,
                  count_of(width * scale * whole, 32) * count_of(height * scale * whole, 32));
}

}  // namespace

std::optional<ImageSize> image_size_of_base64(std::string_view base64) noexcept {
  const auto size = any_size(Base64Bytes(base64));
  return size && size->width > 0 && size->height > 0 ? size : std::nullopt;
}

const ImageRule& image_rule_of(std::string_view base_model) noexcept {
  const Entry* best = nullptr;
  for (const Entry& entry : table)
    if (base_model.starts_with(entry.prefix) &&
        (!best || entry.prefix.size() > best->prefix.size()))
      best = &entry;
  return best ? best->rule : unknown_model;
}

std::uint64_t image_tokens(const ImageRule& rule, std::optional<ImageSize> size,
                           bool is_low_detail) noexcept {
  if (rule.has_tiles) {
    if (is_low_detail) return rule.base;
    constexpr double most_tiles = 8;  // 2048 by 768
    const double count = size ? tile_count(size->width, size->height) : most_tiles;
    return rule.base + static_cast<std::uint64_t>(count) * rule.tile;
  }
  const double count = size ? patch_count(size->width, size->height, rule.budget) : rule.budget;
  return static_cast<std::uint64_t>(std::ceil(count * rule.factor - 1e-9));
}

}  // namespace tollgate::openai
