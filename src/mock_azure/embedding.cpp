#include "mock_azure/embedding.hpp"

#include <cmath>
#include <cstdint>
#include <string>

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

void add_feature(std::vector<float>& vector, std::string_view word, float weight) {
  std::uint64_t state = hash_bytes(7, word) | 1;
  for (float& value : vector) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    value += weight * static_cast<float>(static_cast<std::int32_t>(state >> 32)) / 2147483648.0F;
  }
}

}  // namespace

std::vector<float> embed_text(std::string_view text, std::size_t size) {
  std::vector<float> vector(size, 0.0F);
  // A little of the exact text: different texts never share a vector.
  add_feature(vector, text, 0.1F);
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const auto c = i < text.size() ? static_cast<unsigned char>(text[i]) : ' ';
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80) {
      word += static_cast<char>(upper ? c + 32 : c);
    } else if (!word.empty()) {
      add_feature(vector, word, 1.0F);
      word.clear();
    }
  }
  double length = 0;
  for (const float value : vector) length += static_cast<double>(value) * value;
  const auto scale = static_cast<float>(1.0 / std::sqrt(length > 0 ? length : 1.0));
  for (float& value : vector) value *= scale;
  return vector;
}

}  // namespace tollgate::mock
