#include "identity/token.hpp"

#include "identity/strict_json.hpp"

#include <nlohmann/json.hpp>

#include <cctype>

namespace tollgate::identity {

namespace {

using Json = nlohmann::json;

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Reads members; a wrong type anywhere makes the whole token unacceptable.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  std::string text(const char* name) {
    const auto at = object_.find(name);
    if (at == object_.end()) return {};
    if (at->is_string()) return at->get<std::string>();
    is_good_ = false;
    return {};
  }

  std::vector<std::string> list(const char* name, bool may_be_one = false) {
    std::vector<std::string> out;
    const auto at = object_.find(name);
    if (at == object_.end()) return out;
    if (may_be_one && at->is_string()) return {at->get<std::string>()};
    if (!at->is_array()) return fail();
    for (const Json& item : *at) {
      if (!item.is_string()) return fail();
      out.push_back(item.get<std::string>());
    }
    return out;
  }

  std::optional<std::int64_t> seconds(const char* name) {
    constexpr std::int64_t most = std::int64_t{1} << 40;
    const auto at = object_.find(name);
    if (at == object_.end()) return std::nullopt;
    const auto value = at->is_number_integer() ? at->get<std::int64_t>() : -1;
    if (value >= 0 && value < most) return value;
    is_good_ = false;
    return std::nullopt;
  }

  bool is_good() const noexcept { return is_good_; }

 private:
  std::vector<std::string> fail() {
    is_good_ = false;
    return {};
  }
  const Json& object_;
  bool is_good_ = true;
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto end = text.find(' ');
    if (end != 0) words.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

}  // namespace

std::optional<TokenHeader> parse_token_header(std::string_view json) {
  const Json object = parse_object(json);
  if (object.is_discarded()) return std::nullopt;
  Reader reader(object);
  TokenHeader header;
  header.algorithm = reader.text("alg");
  header.key_id = reader.text("kid");
  header.is_for_its_issuer = object.contains("nonce");
  header.has_extensions = object.contains("crit");
  if (!reader.is_good()) return std::nullopt;
  return header;
}

std::optional<Claims> parse_claims(std::string_view json) {
  const Json object = parse_object(json);
  if (object.is_discarded()) return std::nullopt;
  Reader reader(object);
  Claims claims;
  claims.version = reader.text("ver");
  claims.issuer = reader.text("iss");
  claims.tenant = lower(reader.text("tid"));
  claims.object = lower(reader.text("oid"));
  claims.subject = lower(reader.text("sub"));
  claims.app = lower(reader.text(claims.version == "1.0" ? "appid" : "azp"));
  claims.id_type = reader.text("idtyp");
  claims.token_id = reader.text("uti");
  claims.audiences = reader.list("aud", true);
  claims.roles = reader.list("roles");
  claims.scopes = words_of(reader.text("scp"));
  for (auto& group : reader.list("groups")) claims.groups.push_back(lower(std::move(group)));
  claims.not_before = reader.seconds("nbf").value_or(0);
  const auto expires = reader.seconds("exp");
  if (!reader.is_good() || !expires) return std::nullopt;
  if (claims.version.empty() || claims.issuer.empty() || claims.tenant.empty() || claims.audiences.empty()) {
    return std::nullopt;
  }
  claims.expires = *expires;
  return claims;
}

}  // namespace tollgate::identity
