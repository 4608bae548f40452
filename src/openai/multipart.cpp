#include "openai/multipart.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace tollgate::openai {
namespace {

constexpr std::size_t longest_boundary = 70;  // RFC 2046, 5.1.1
constexpr std::size_t longest_line = 2048;
constexpr std::size_t longest_headers = 8192;
constexpr std::size_t longest_value = 256;  // of the fields that are kept

using base::equals_ignoring_case;

std::string_view trim_blanks(std::string_view text) noexcept {
  constexpr std::string_view space = " \t";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

bool is_boundary_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

bool is_header_char(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7f : c == '\t';
}

// What servers take for a flag in a form.
constexpr auto words_for_true =
    std::to_array<std::string_view>({"true", "1", "yes", "on", "t", "y"});
constexpr auto words_for_false =
    std::to_array<std::string_view>({"false", "0", "no", "off", "f", "n", ""});

struct Parameter {
  std::string_view name;
  std::string_view value;  // without quotes; backslashes as they were written
};

// Takes `; name=value` off the front. False if that is not what is there.
bool take_parameter(std::string_view& text, Parameter& parameter) {
  text = trim_blanks(text);
  if (text.empty() || text.front() != ';') return false;
  text = trim_blanks(text.substr(1));
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || text.find(';') < equals) return false;
  parameter.name = trim_blanks(text.substr(0, equals));
  text = trim_blanks(text.substr(equals + 1));
  if (text.starts_with('"')) {
    std::size_t close = 1;
    while (close < text.size() && text[close] != '"') close += text[close] == '\\' ? 2 : 1;
    if (close >= text.size()) return false;
    parameter.value = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
  } else {
    const auto length = std::min(text.find(';'), text.size());
    parameter.value = trim_blanks(text.substr(0, length));
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

std::optional<std::string> boundary_of(std::string_view content_type) {
  const auto type_length = std::min(content_type.find(';'), content_type.size());
  if (!equals_ignoring_case(trim_blanks(content_type.substr(0, type_length)), "multipart/form-data"))
    return std::nullopt;
  auto parameters = trim_blanks(content_type.substr(type_length));
  std::optional<std::string> boundary;
  while (!parameters.empty()) {
    Parameter parameter;
    if (!take_parameter(parameters, parameter)) return std::nullopt;
    parameters = trim_blanks(parameters);
    if (!equals_ignoring_case(parameter.name, "boundary")) continue;
    const auto value = parameter.value;
    if (boundary || value.empty() || value.size() > longest_boundary || value.back() == ' ' ||
        !std::ranges::all_of(value, is_boundary_char))
      return std::nullopt;
    boundary = value;
  }
  return boundary;
}

ModelField::ModelField(std::string_view boundary) : delimiter_("\r\n--") { delimiter_ += boundary; }

bool ModelField::feed(std::string_view part) {
  const char* at = part.data();
  const char* const end = at + part.size();
  while (at != end && state_ != State::refused) {
    const char* const next = step(at, end);
    position_ += static_cast<std::uint64_t>(next - at);
    at = next;
  }
  return state_ != State::refused;
}

bool ModelField::finish() {
  if (state_ == State::refused) return false;
  return state_ == State::after_end || refuse("The multipart body breaks off.");
}

// Goes on by some bytes, or from one state to another.
const char* ModelField::step(const char* at, const char* end) {
  switch (state_) {
    case State::start:
      if (*at != delimiter_[matched_])
        refuse("The multipart body does not start with its boundary.");
      else if (++matched_ == delimiter_.size())
        state_ = State::after_delimiter;
      return at + 1;
    case State::after_delimiter:
    case State::in_headers:
      text_ += *at;
      if (state_ == State::after_delimiter && text_ == "--")
        state_ = State::after_end;
      else if (*at == '\n')
        end_line();
      else if (text_.size() > longest_line)
        refuse("A header of a multipart field is too long.");
      return at + 1;
    case State::in_value:
      return feed_value(at, end);
    case State::after_end:
    case State::refused:
      break;
  }
  return end;
}

// Looks for the delimiter. Its CR can only be its first byte, so after a mismatch the bytes matched
// so far belong to the value and the search goes on at the byte that did not match.
const char* ModelField::feed_value(const char* at, const char* end) {
  const bool is_kept = field_ != Field::other && text_.size() <= longest_value;
  if (matched_ == 0) {
    const void* const found = std::memchr(at, '\r', static_cast<std::size_t>(end - at));
    const char* const stop = found == nullptr ? end : static_cast<const char*>(found);
    if (is_kept)
      text_.append(at,
                   std::min<std::size_t>(static_cast<std::size_t>(stop - at), longest_value + 1));
    if (stop == end) return end;
    matched_ = 1;
    return stop + 1;
  }
  if (*at == delimiter_[matched_]) {
    if (++matched_ == delimiter_.size()) end_value();
    return at + 1;
  }
  // A value starts as if behind a CRLF, which is not its own.
  const std::size_t not_its_own = position_ < part_value_begin_ + matched_ ? 2 : 0;
  if (is_kept) text_.append(delimiter_, not_its_own, matched_ - not_its_own);
  matched_ = 0;
  return at;
}

// Servers differ on lines that do not end with CRLF, on folded lines and on padding, and could see
// other fields than we do.
bool ModelField::end_line() {
  const auto line = std::string_view(text_).substr(0, text_.size() - 1);
  if (!line.ends_with('\r')) return refuse("A line of the multipart body does not end with CR LF.");
  const bool is_fine = state_ == State::after_delimiter
                           ? end_delimiter_line(line.substr(0, line.size() - 1))
                           : end_header_line(line.substr(0, line.size() - 1));
  if (is_fine) text_.clear();
  return is_fine;
}

bool ModelField::end_delimiter_line(std::string_view rest) {
  if (!rest.empty()) return refuse("A boundary of the multipart body is followed by other text.");
  state_ = State::in_headers;
  field_ = Field::other;
  has_disposition_ = has_encoding_ = is_file_ = false;
  header_bytes_ = 0;
  return true;
}

bool ModelField::end_header_line(std::string_view line) {
  if (line.empty()) return end_headers();
  header_bytes_ += line.size();
  if (header_bytes_ > longest_headers) return refuse("A multipart field has too many headers.");
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  if (colon == std::string_view::npos || name.empty() ||
      name.find_first_of(" \t") != std::string_view::npos ||
      !std::ranges::all_of(line, is_header_char))
    return refuse("A header of a multipart field is malformed.");
  if (equals_ignoring_case(name, "content-disposition"))
    return read_disposition(line.substr(colon + 1));
  if (equals_ignoring_case(name, "content-transfer-encoding")) has_encoding_ = true;
  return true;
}

bool ModelField::read_disposition(std::string_view value) {
  if (has_disposition_) return refuse("A multipart field has two Content-Disposition headers.");
  has_disposition_ = true;
  const auto type_length = std::min(value.find(';'), value.size());
  if (!equals_ignoring_case(trim_blanks(value.substr(0, type_length)), "form-data"))
    return refuse("A part of the multipart body is not form data.");

  auto parameters = trim_blanks(value.substr(type_length));
  bool has_name = false;
  while (!parameters.empty()) {
    Parameter parameter;
    if (!take_parameter(parameters, parameter))
      return refuse("A Content-Disposition header is malformed.");
    parameters = trim_blanks(parameters);
    if (equals_ignoring_case(parameter.name, "filename") ||
        equals_ignoring_case(parameter.name, "filename*"))
      is_file_ = true;
    if (equals_ignoring_case(parameter.name, "name*"))
      return refuse("The name of a multipart field is encoded.");
    if (!equals_ignoring_case(parameter.name, "name")) continue;
    if (has_name || parameter.value.find('\\') != std::string_view::npos)
      return refuse("The name of a multipart field is ambiguous.");
    has_name = true;
    for (const auto& [field, name] : {std::pair(Field::model, std::string_view("model")),
                                      std::pair(Field::stream, std::string_view("stream"))}) {
      if (!equals_ignoring_case(parameter.value, name)) continue;
      if (parameter.value != name)
        return refuse("'" + std::string(parameter.value) + "' is not a field; did you mean '" +
                          std::string(name) + "'?",
                      name);
      field_ = field;
    }
  }
  return has_name || refuse("A multipart field has no name.");
}

bool ModelField::end_headers() {
  if (!has_disposition_) return refuse("A multipart field has no Content-Disposition header.");
  if (field_ != Field::other) {
    const std::string name = field_ == Field::model ? "model" : "stream";
    if (is_file_ || has_encoding_) return refuse("'" + name + "' has to be a plain field.", name);
    if (field_ == Field::model ? has_model_ : has_stream_)
      return refuse("'" + name + "' is given twice.", name);
  }
  state_ = State::in_value;
  matched_ = 2;
  part_value_begin_ = position_ + 1;
  return true;
}

// At the last byte of a delimiter.
bool ModelField::end_value() {
  const auto value_end = position_ + 1 - delimiter_.size();
  if (value_end < part_value_begin_)
    return refuse("A boundary of the multipart body does not start a line of its own.");
  if (field_ == Field::model) {
    if (text_.size() > longest_value)
      return refuse("'model' is longer than " + std::to_string(longest_value) + " bytes.", "model");
    has_model_ = true;
    model_ = text_;
    value_begin_ = part_value_begin_;
    value_end_ = value_end;
  } else if (field_ == Field::stream) {
    const auto is_it = [&](std::string_view word) { return equals_ignoring_case(text_, word); };
    if (!std::ranges::any_of(words_for_true, is_it) && !std::ranges::any_of(words_for_false, is_it))
      return refuse("'stream' has to be true or false.", "stream");
    has_stream_ = true;
    stream_ = std::ranges::any_of(words_for_true, is_it);
  }
  text_.clear();
  state_ = State::after_delimiter;
  return true;
}

bool ModelField::refuse(std::string_view why, std::string_view param) {
  state_ = State::refused;
  problem_ = why;
  problem_param_ = param;
  return false;
}

}  // namespace tollgate::openai
