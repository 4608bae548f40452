// A secret that somebody repeats.
#pragma once

#include <string>
#include <string_view>

namespace tollgate::base {

// `text` with `instead` wherever `secret` was. It goes on behind what it has put in, which may hold the secret.
inline std::string redacted(std::string text, std::string_view secret, std::string_view instead) {
  if (secret.empty()) return text;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + instead.size()))
    text.replace(at, secret.size(), instead);
  return text;
}

}  // namespace tollgate::base
