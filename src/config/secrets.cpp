#include "config/secrets.hpp"

#include "base/sha256.hpp"
#include "config/problem.hpp"
#include "config/text_file.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace tollgate::config {
namespace {

constexpr std::string_view env_prefix = "env:";
constexpr std::string_view file_prefix = "file:";
constexpr std::string_view hash_prefix = "sha256:";
constexpr std::size_t max_secret_bytes = 4096;  // it travels in one header line
constexpr std::size_t min_key_bytes = 16;       // 128 bits at the very least

bool is_variable_name(std::string_view name) {
  return !name.empty() && !std::isdigit(static_cast<unsigned char>(name.front())) &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

std::optional<std::string> read_variable(std::string_view name, Fault& fault) {
  // Somebody who pastes the secret itself behind env: must not find it in the log.
  bool looks_like_secret = name.size() >= 32 && name.find('_') == std::string_view::npos;
  if (!is_variable_name(name) || looks_like_secret) {
    fault = {"env: takes the name of an environment variable such as env:AZURE_OPENAI_KEY", {}};
    return std::nullopt;
  }
  const char* value = std::getenv(std::string(name).c_str());
  if (!value || !*value) {
    fault = {
        "the environment variable " + std::string(name) + (value ? " is empty" : " is not set"),
        {}};
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> read_secret_file(std::string_view path, std::vector<std::string>& files,
                                            Fault& fault) {
  if (path.empty()) {
    fault = {"file: takes the path of a file such as file:/run/secrets/azure-openai-key", {}};
    return std::nullopt;
  }
  std::string why;
  auto text = read_regular_file(std::string(path), max_secret_bytes, why);
  if (!text) {
    fault = {"the file " + cited(path) + " " + why, {}};
    return std::nullopt;
  }
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  if (text->empty()) {
    fault = {"the file " + cited(path) + " is empty", {}};
    return std::nullopt;
  }
  files.emplace_back(path);
  return text;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<KeyDigest> parse_digest(std::string_view hex, Fault& fault) {
  KeyDigest digest{};
  bool is_hex = hex.size() == digest.size() * 2 &&
                std::all_of(hex.begin(), hex.end(), [](char c) { return hex_value(c) >= 0; });
  if (!is_hex) {
    fault = {"sha256: takes 64 hexadecimal digits (this has " + std::to_string(hex.size()) +
                 " characters); make the hash with `tollgate keys hash`",
             {}};
    return std::nullopt;
  }
  for (std::size_t i = 0; i < digest.size(); ++i)
    digest[i] = static_cast<unsigned char>(hex_value(hex[2 * i]) * 16 + hex_value(hex[2 * i + 1]));
  return digest;
}

}  // namespace

std::string to_hex(const KeyDigest& digest) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::optional<Secret> resolve_secret(std::string_view reference, std::vector<std::string>& files,
                                     Fault& fault) {
  std::optional<std::string> value;
  if (reference.starts_with(env_prefix)) {
    value = read_variable(reference.substr(env_prefix.size()), fault);
  } else if (reference.starts_with(file_prefix)) {
    value = read_secret_file(reference.substr(file_prefix.size()), files, fault);
  } else {
    fault = {"a secret must not be written here; write env:NAME or file:PATH", {}};
  }
  if (!value) return std::nullopt;
  bool is_visible = std::all_of(value->begin(), value->end(),
                                [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!is_visible || value->size() > max_secret_bytes) {
    fault = {"the secret that " + std::string(reference) +
                 " names cannot travel in a header; it may hold visible ASCII characters only",
             {}};
    OPENSSL_cleanse(value->data(), value->size());
    return std::nullopt;
  }
  return Secret(std::move(*value));
}

std::optional<KeyDigest> resolve_key(std::string_view reference, std::vector<std::string>& files,
                                     Fault& fault) {
  if (reference.starts_with(hash_prefix))
    return parse_digest(reference.substr(hash_prefix.size()), fault);
  if (!reference.starts_with(env_prefix) && !reference.starts_with(file_prefix)) {
    fault = {
        "a key must not be written here; write env:NAME, file:PATH or sha256:HASH "
        "(`tollgate keys new` makes one)",
        {}};
    return std::nullopt;
  }
  auto key = resolve_secret(reference, files, fault);
  if (!key) return std::nullopt;
  if (key->reveal().size() < min_key_bytes) {
    fault = {"the key that " + std::string(reference) + " names is shorter than " +
                 std::to_string(min_key_bytes) +
                 " characters; `tollgate keys new` makes a good one",
             {}};
    return std::nullopt;
  }
  return base::sha256(key->reveal());
}

}  // namespace tollgate::config
