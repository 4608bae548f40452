// The quick reader of chat bodies. It accepts only JSON that is certainly valid and plain.
#include <charconv>

#include "mock_azure/chat_request.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Every reading member returns false on anything unexpected; the caller then gives up.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool take(char wanted) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }

  bool at_end() {
    skip_space();
    return at_ == text_.size();
  }

  // ASCII only, so that what is accepted is certainly valid UTF-8. `decoded` may use `space`.
  bool read_string(std::string_view& decoded, std::string& space) {
    if (!take('"')) return false;
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
    if (at_ >= text_.size()) return false;
    if (text_[at_] == '"') {
      decoded = text_.substr(begin, at_++ - begin);
      return true;
    }
    space.assign(text_, begin, at_ - begin);
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') {
        decoded = space;
        return true;
      }
      if (is_plain(c)) {
        space += c;
      } else if (c != '\\' || at_ >= text_.size() || !decode_escape(text_[at_++], space)) {
        return false;
      }
    }
    return false;
  }

  bool read_bool(bool& value) {
    skip_space();
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with("true")) value = true;
    else if (rest.starts_with("false")) value = false;
    else return false;
    at_ += value ? 4 : 5;
    return true;
  }

  bool read_count(std::int64_t& value) {
    skip_space();
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc{} || !is_digit(*begin)) return false;
    if (*begin == '0' && end - begin > 1) return false;
    at_ += static_cast<std::size_t>(end - begin);
    return at_ < text_.size() && (text_[at_] == ',' || text_[at_] == '}' || is_space(text_[at_]));
  }

  // Digits with at most one fraction, for example 0.2.
  bool read_decimal(double& value) {
    skip_space();
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    const std::size_t whole = at_ - begin;
    if (whole == 0 || (whole > 1 && text_[begin] == '0')) return false;
    if (at_ < text_.size() && text_[at_] == '.') {
      const std::size_t fraction = ++at_;
      while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
      if (at_ == fraction) return false;
    }
    std::from_chars(text_.data() + begin, text_.data() + at_, value);
    return at_ < text_.size() && (text_[at_] == ',' || text_[at_] == '}' || is_space(text_[at_]));
  }

 private:
  static bool is_plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
  }

  static bool decode_escape(char c, std::string& out) {
    switch (c) {
      case '"': out += '"'; return true;
      case '\\': out += '\\'; return true;
      case '/': out += '/'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      default: return false;
    }
  }

  void skip_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_plain_role(std::string_view role) {
  return role == "user" || role == "system" || role == "assistant" || role == "developer";
}

bool read_message(Cursor& in, Question& q) {
  std::string role_space, content_space;
  std::string_view role, content, key;
  std::string key_space;
  bool has_content = false;
  if (!in.take('{')) return false;
  do {
    if (!in.read_string(key, key_space) || !in.take(':')) return false;
    if (key == "role" && role.empty()) {
      if (!in.read_string(role, role_space)) return false;
    } else if (key == "content" && !has_content) {
      if (!in.read_string(content, content_space)) return false;
      has_content = true;
    } else {
      return false;
    }
  } while (in.take(','));
  if (!in.take('}') || !is_plain_role(role) || !has_content) return false;
  q.add_message(role, content);
  q.user_is_last = role == "user";
  if (q.user_is_last) q.asked = content;
  return true;
}

bool read_messages(Cursor& in, Question& q) {
  if (!in.take('[')) return false;
  std::size_t count = 0;
  do {
    if (++count > most_messages || !read_message(in, q)) return false;
  } while (in.take(','));
  q.prompt_tokens += tokens_for_reply;
  return in.take(']');
}

bool read_stream_options(Cursor& in, ChatRequest& r) {
  std::string_view key;
  std::string space;
  if (!in.take('{') || !in.read_string(key, space) || key != "include_usage") return false;
  r.has_stream_options = true;
  return in.take(':') && in.read_bool(r.include_usage) && in.take('}');
}

enum Seen : unsigned {
  seen_model = 1, seen_messages = 2, seen_stream = 4, seen_options = 8, seen_max = 16,
  seen_temperature = 32, seen_top_p = 64, seen_user = 128
};

bool read_field(Cursor& in, std::string_view key, ChatRequest& r, unsigned& seen) {
  const auto first = [&seen](Seen field) {
    const bool fresh = (seen & field) == 0;
    seen |= field;
    return fresh;
  };
  std::string_view text;
  std::string space;
  if (key == "messages") return first(seen_messages) && read_messages(in, r.question);
  if (key == "stream") return first(seen_stream) && in.read_bool(r.stream);
  if (key == "stream_options") return first(seen_options) && read_stream_options(in, r);
  if (key == "user") return first(seen_user) && in.read_string(text, space);
  if (key == "model") {
    if (!first(seen_model) || !in.read_string(text, space)) return false;
    r.model = text;
    return true;
  }
  if (key == "max_tokens" || key == "max_completion_tokens") {
    std::int64_t limit = 0;
    if (!first(seen_max) || !in.read_count(limit) || limit < 1) return false;
    r.question.max_tokens = limit;
    r.has_max_tokens = key == "max_tokens";
    return true;
  }
  if (key == "temperature" || key == "top_p") {
    double value = 0;
    if (!first(key == "top_p" ? seen_top_p : seen_temperature) || !in.read_decimal(value)) {
      return false;
    }
    if (value != 1.0) r.has_sampling = true;
    return true;
  }
  return false;
}

}  // namespace

std::optional<ChatRequest> scan_plain_chat(std::string_view body) {
  Cursor in(body);
  ChatRequest r;
  unsigned seen = 0;
  std::string_view key;
  std::string space;
  if (!in.take('{')) return std::nullopt;
  do {
    if (!in.read_string(key, space) || !in.take(':')) return std::nullopt;
    if (!read_field(in, key, r, seen)) return std::nullopt;
  } while (in.take(','));
  if (!in.take('}') || !in.at_end() || (seen & seen_messages) == 0) return std::nullopt;
  return r;
}

}  // namespace tollgate::mock
