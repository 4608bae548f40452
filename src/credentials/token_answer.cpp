#include "credentials/token_answer.hpp"

#include "base/ascii.hpp"
#include "base/redact.hpp"
#include "credentials/moment.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace tollgate::credentials {

namespace {

using Json = nlohmann::json;

constexpr std::size_t most_token_bytes = 32 * 1024;
constexpr std::size_t most_error_bytes = 600;
constexpr std::size_t most_claims_bytes = 8 * 1024;
constexpr std::int64_t most_lifetime = 7 * 24 * 3600;

// A number or a text, as text; "" otherwise.
std::string word_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number() ? found->dump() : std::string();
}

TokenAnswer problem(std::string why) {
  TokenAnswer answer;
  answer.problem = std::move(why);
  return answer;
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

// Either alphabet, with padding or without: services disagree.
std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xff);
  }
  return out;
}

// The value of a parameter of a challenge, quoted or not.
std::string_view parameter_of(std::string_view challenge, std::string_view name) {
  for (std::size_t at = 0; (at = challenge.find(name, at)) != challenge.npos; at += name.size()) {
    const bool is_start = at == 0 || challenge[at - 1] == ' ' || challenge[at - 1] == ',' || challenge[at - 1] == '\t';
    std::string_view rest = challenge.substr(at + name.size());
    if (!is_start || !rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    if (rest.starts_with('"')) return rest.substr(1, rest.find('"', 1) - 1);
    return rest.substr(0, rest.find_first_of(", \t"));
  }
  return {};
}

}  // namespace

TokenAnswer parse_token(std::string_view json, std::int64_t now) {
  const Json body = Json::parse(json, nullptr, false);
  if (!body.is_object()) return problem("the answer is no JSON object");
  TokenAnswer answer;
  answer.text = word_of(body, "access_token");
  if (answer.text.empty()) return problem("the answer holds no access_token");
  if (answer.text.size() > most_token_bytes || !is_visible(answer.text)) {
    return problem("the access_token is no text that can travel in a header");
  }
  const std::string type = word_of(body, "token_type");
  if (!type.empty() && !base::equals_ignoring_case(type, "bearer")) return problem("the token is no bearer token");
  std::optional<std::int64_t> lifetime = parse_seconds(word_of(body, "expires_in"));
  if (!lifetime) {
    const auto end = parse_moment(word_of(body, "expires_on"));
    if (!end) return problem("the answer does not say how long the token is good for");
    lifetime = *end - now;
  }
  if (*lifetime <= 0) return problem("the token has expired already; is this machine's clock right?");
  answer.lifetime = std::chrono::seconds(std::min(*lifetime, most_lifetime));
  const std::int64_t refresh = parse_seconds(word_of(body, "refresh_in")).value_or(0);
  answer.refresh_in = std::chrono::seconds(std::min(refresh, most_lifetime));
  return answer;
}

std::string error_text(std::string_view json, std::string_view secret) {
  const Json body = Json::parse(json, nullptr, false);
  if (!body.is_object()) return {};
  std::string text = word_of(body, "error");
  // Entra ID and the metadata service say it as text; others nest it.
  if (const auto nested = body.find("error"); nested != body.end() && nested->is_object()) {
    text = word_of(*nested, "code");
    const std::string message = word_of(*nested, "message");
    if (!message.empty()) text += (text.empty() ? "" : ": ") + message;
  }
  const std::string description = word_of(body, "error_description");
  if (!description.empty()) text += (text.empty() ? "" : ": ") + description;
  text = base::redacted(std::move(text), secret, "...");
  // Only the first line: trace ids and times follow.
  text.resize(std::min({text.find_first_of("\r\n"), text.size(), most_error_bytes}));
  for (char& c : text) {
    if (c < 0x20 || c == 0x7f) c = '?';  // negative: not ASCII
  }
  return text;
}

std::string claims_of_challenge(std::string_view www_authenticate) {
  const std::string_view encoded = parameter_of(www_authenticate, "claims");
  if (encoded.empty() || encoded.size() > most_claims_bytes) return {};
  auto claims = decode_base64(encoded);
  if (!claims || !Json::parse(*claims, nullptr, false).is_object()) return {};
  return std::move(*claims);
}

}  // namespace tollgate::credentials
