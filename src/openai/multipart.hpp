// Finds the `model` and `stream` fields of a multipart/form-data body while it arrives, and where
// the model's value stands so that the relay can replace it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::openai {

// The boundary of a `multipart/form-data` content type; nothing if it is another type or has none.
std::optional<std::string> boundary_of(std::string_view content_type);

// Strict where two readers could disagree on which model is meant: fields are delimited by CRLF,
// each of the two fields comes once, as plain text. Memory is bounded; file parts are only searched
// for the next delimiter. One thread.
class ModelField {
 public:
  explicit ModelField(std::string_view boundary);

  // False: the body is refused, problem() says why; no more is to be fed.
  bool feed(std::string_view part);

  // Call at the end of the body. False: it broke off before the closing delimiter.
  bool finish();

  bool is_found() const noexcept { return has_model_; }
  const std::string& model() const noexcept { return model_; }
  std::uint64_t value_begin() const noexcept { return value_begin_; }  // from the start of the body
  std::uint64_t value_end() const noexcept { return value_end_; }
  bool stream() const noexcept { return stream_; }
  const std::string& problem() const noexcept { return problem_; }
  const std::string& problem_param() const noexcept { return problem_param_; }

 private:
  enum class State : unsigned char {
    start,            // before the first delimiter
    after_delimiter,  // its line goes on: the end, or padding and CRLF
    in_headers,
    in_value,
    after_end,  // of the closing delimiter
    refused,
  };
  enum class Field : unsigned char { other, model, stream };

  const char* step(const char* at, const char* end);
  const char* feed_value(const char* at, const char* end);
  bool end_line();
  bool end_delimiter_line(std::string_view rest);
  bool end_header_line(std::string_view line);
  bool end_headers();
  bool end_value();
  bool read_disposition(std::string_view value);
  bool refuse(std::string_view why, std::string_view param = {});

  std::string delimiter_;    // CRLF, two hyphens, boundary
  std::size_t matched_ = 2;  // bytes of it seen; the body starts as if behind a CRLF
  State state_ = State::start;
  std::uint64_t position_ = 0;  // in the body, of the byte being read
  std::string text_;            // of the line or value being read

  // The part being read.
  Field field_ = Field::other;
  bool has_disposition_ = false;
  bool has_encoding_ = false;
  bool is_file_ = false;
  std::size_t header_bytes_ = 0;
  std::uint64_t part_value_begin_ = 0;

  bool has_model_ = false;
  bool has_stream_ = false;
  bool stream_ = false;
  std::string model_;
  std::uint64_t value_begin_ = 0;
  std::uint64_t value_end_ = 0;
  std::string problem_;
  std::string problem_param_;
};

}  // namespace tollgate::openai
