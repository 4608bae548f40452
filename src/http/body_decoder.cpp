#include "http/body_decoder.hpp"

#include <algorithm>
#include <array>

namespace tollgate::http {
namespace {

constexpr std::uint8_t max_size_digits = 16;

constexpr auto hex_values = [] {
  std::array<signed char, 256> values{};
  values.fill(-1);
  for (unsigned i = 0; i < 10; ++i) values['0' + i] = static_cast<signed char>(i);
  for (unsigned i = 0; i < 6; ++i)
    values['a' + i] = values['A' + i] = static_cast<signed char>(10 + i);
  return values;
}();

int hex_value(unsigned char c) noexcept { return hex_values[c]; }

// Field text and chunk extensions may hold HTAB, but no other control character.
bool is_text(unsigned char c) noexcept { return (c >= 0x20 && c != 0x7f) || c == '\t'; }

bool is_token(unsigned char c) noexcept {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != 0 &&
         std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

}  // namespace

BodyDecoder::BodyDecoder(Framing framing) noexcept {
  switch (framing.kind) {
    case Framing::Kind::none:
      break;
    case Framing::Kind::length:
      remaining_ = framing.length;
      state_ = framing.length == 0 ? State::done : State::length;
      break;
    case Framing::Kind::chunked:
      state_ = State::size_first;
      break;
    case Framing::Kind::until_close:
      state_ = State::until_close;
      break;
  }
}

BodyDecoder::Step BodyDecoder::next(std::string_view in) noexcept {
  switch (state_) {
    case State::done:
      return {Status::end, {}, 0};
    case State::failed:
      return {Status::error, {}, 0};
    case State::until_close:
      if (in.empty()) return {};
      return {Status::data, in, in.size()};
    case State::length: {
      if (in.empty()) return {};
      const auto piece =
          in.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, in.size())));
      remaining_ -= piece.size();
      if (remaining_ == 0) state_ = State::done;
      return {Status::data, piece, piece.size()};
    }
    default:
      return next_of_chunks(in);
  }
}

BodyDecoder::Step BodyDecoder::next_of_chunks(std::string_view in) noexcept {
  std::size_t at = 0;
  while (at != in.size()) {
    if (state_ == State::data) {
      const auto piece = in.substr(
          at, static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, in.size() - at)));
      remaining_ -= piece.size();
      at += piece.size();
      if (remaining_ == 0) {
        // The CRLF behind the chunk goes with it, so that an event in a chunk is one step.
        const bool is_closed = in.substr(at).starts_with("\r\n");
        state_ = is_closed ? State::size_first : State::data_cr;
        if (is_closed) at += 2;
      }
      return {Status::data, piece, at};
    }
    if (state_ == State::size_first && take_size_line(in, at)) continue;
    if (!take_framing_byte(static_cast<unsigned char>(in[at]))) {
      state_ = State::failed;
      return {Status::error, {}, at};
    }
    ++at;
    if (state_ == State::done) return {Status::end, {}, at};
  }
  return {Status::need_more, {}, at};
}

// The usual size line, whole in `in` and without extension, in one go. Everything else is left to
// take_framing_byte, also everything that is wrong.
bool BodyDecoder::take_size_line(std::string_view in, std::size_t& at) noexcept {
  constexpr std::size_t usual_digits = 8;
  const std::size_t last = std::min(in.size(), at + usual_digits);
  std::uint64_t size = 0;
  std::size_t i = at;
  for (int digit; i != last && (digit = hex_value(static_cast<unsigned char>(in[i]))) >= 0; ++i)
    size = size * 16 + static_cast<std::uint64_t>(digit);
  if (i == at || size == 0 || in.size() - i < 2 || in[i] != '\r' || in[i + 1] != '\n') return false;
  remaining_ = size;
  state_ = State::data;
  at = i + 2;
  return true;
}

// Everything around the payload, one byte at a time; false: malformed.
bool BodyDecoder::take_framing_byte(unsigned char c) noexcept {
  switch (state_) {
    case State::size_first:
      remaining_ = 0;
      digits_ = 0;
      state_ = State::size_digits;
      [[fallthrough]];
    case State::size_digits:
      if (const int digit = hex_value(c); digit >= 0) {
        if (++digits_ > max_size_digits) return false;
        remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
        return true;
      }
      if (digits_ == 0 || remaining_ > max_chunk_bytes) return false;
      [[fallthrough]];
    case State::size_space:
      if (c == ';' || c == ' ' || c == '\t') {
        state_ = c == ';' ? State::extension : State::size_space;
        return ++extension_bytes_ <= max_extension_bytes;
      }
      if (c != '\r' || state_ == State::size_space) return false;
      state_ = State::size_lf;
      return true;
    case State::extension:
      if (c == '\r') {
        state_ = State::size_lf;
        return true;
      }
      return is_text(c) && ++extension_bytes_ <= max_extension_bytes;
    case State::size_lf:
      state_ = remaining_ == 0 ? State::trailer_first : State::data;
      return c == '\n';
    case State::data_cr:
      state_ = State::data_lf;
      return c == '\r';
    case State::data_lf:
      state_ = State::size_first;
      return c == '\n';
    case State::last_lf:
      state_ = State::done;
      return c == '\n';
    case State::trailer_first:
      if (c == '\r') {
        state_ = State::last_lf;
        return true;
      }
      state_ = State::trailer_name;
      return is_token(c) && ++trailer_bytes_ <= max_trailer_bytes;
    case State::trailer_name:
      if (c == ':')
        state_ = State::trailer_value;
      else if (!is_token(c))
        return false;
      return ++trailer_bytes_ <= max_trailer_bytes;
    case State::trailer_value:
      if (c == '\r') {
        state_ = State::trailer_lf;
        return true;
      }
      return is_text(c) && ++trailer_bytes_ <= max_trailer_bytes;
    case State::trailer_lf:
      state_ = State::trailer_first;
      return c == '\n';
    default:
      return false;
  }
}

bool BodyDecoder::finish_at_eof() noexcept {
  if (state_ == State::until_close) state_ = State::done;
  return state_ == State::done;
}

}  // namespace tollgate::http
