#include "openai/media_tokens.hpp"

#include "openai/text_counter.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace tollgate::openai {
namespace {

constexpr unsigned audio_tokens_a_second = 10;
constexpr std::size_t file_bytes_a_token = 4;

// How much of an image's text is looked at when escapes have to be undone first.
constexpr std::size_t image_head_bytes = 256 * 1024;

std::size_t bytes_in_base64(std::size_t characters) noexcept { return characters / 4 * 3; }

// The text behind "data:...;base64,", or the whole text if it is no such URL.
std::string_view base64_of(std::string_view text) noexcept {
  if (!text.starts_with("data:")) return text;
  const auto comma = text.find(',');
  return comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
}

std::optional<ImageSize> image_size(const JsonString& image_url) {
  std::string head;
  auto url = image_url.raw;
  if (image_url.has_escapes) {
    head.reserve(std::min(url.size(), image_head_bytes));
    unescape_leniently(url.substr(0, cut_before(url, image_head_bytes)), head);
    url = head;
  }
  if (!url.starts_with("data:")) return std::nullopt;
  return image_size_of_base64(base64_of(url));
}

// Bytes a second by the head of a WAV file; 0 if it has none. They are at the offset 28, and 60
// characters of base64 are 45 bytes.
std::size_t wave_rate(std::string_view base64) {
  if (base64.size() < 60 || !base64.starts_with("UklGR")) return 0;
  std::array<std::size_t, 6> bits{};
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const char c = base64[37 + i];
    bits[i] = c >= 'A' && c <= 'Z'   ? static_cast<std::size_t>(c - 'A')
              : c >= 'a' && c <= 'z' ? static_cast<std::size_t>(c - 'a' + 26)
              : c >= '0' && c <= '9' ? static_cast<std::size_t>(c - '0' + 52)
              : c == '+'             ? 62u
                                     : 63u;
  }
  // Byte 28 is the second of its group of three: characters 37 to 39; bytes 30 and 31 follow.
  const auto byte28 = (bits[0] << 4 | bits[1] >> 2) & 0xff;
  const auto byte29 = (bits[1] << 6 | bits[2]) & 0xff;
  const auto byte30 = (bits[3] << 2 | bits[4] >> 4) & 0xff;
  return byte28 | byte29 << 8 | byte30 << 16;
}

// The length of a sound is taken from its size: at the rate its head states, or the lowest there is.
std::uint64_t audio_tokens(std::string_view base64, std::string_view format) {
  const bool is_wave = format == "wav" || format.empty();
  const std::size_t lowest = is_wave ? 8000 : 4000;
  const auto bytes_a_second = is_wave ? std::max(wave_rate(base64), lowest) : lowest;
  return bytes_in_base64(base64.size()) * audio_tokens_a_second / bytes_a_second + 1;
}

}  // namespace

MediaTokens media_tokens(const Media& media, const ImageRule& rule) {
  MediaTokens found;
  if (media.has_image) {
    const auto size = image_size(media.image_url);
    if (!size && !media.is_low_detail) found.is_complete = false;
    found.images = image_tokens(rule, size, media.is_low_detail);
  }
  if (!media.audio.raw.empty()) found.audio = audio_tokens(base64_of(media.audio.raw), media.audio_format);
  if (media.has_file) {
    found.is_complete = false;
    found.files = tokens_of_base64(base64_of(media.file.raw));
  }
  return found;
}

std::uint64_t tokens_of_base64(std::string_view base64) noexcept {
  return bytes_in_base64(base64.size()) / file_bytes_a_token;
}

}  // namespace tollgate::openai
