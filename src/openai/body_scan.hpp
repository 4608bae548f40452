// Picks usage, model and status out of a JSON answer while it is relayed, however it is cut
// into parts.
#pragma once

#include "tollgate/usage.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace tollgate::openai {

struct BodyFacts {
  Usage usage;
  std::string model;
  std::string status;           // responses: completed, failed, queued, ...
  bool has_error = false;       // a top-level `error` that is not null
  bool is_json_object = false;  // one whole object and nothing after it; its inside is not checked
};

// Reads only the members of the outermost object. Memory is bounded: a value that is too long is
// passed over. What it finds does not depend on how the body is cut. One thread.
class BodyScan {
 public:
  void feed(std::string_view part);
  BodyFacts finish();  // once

 private:
  enum class State : unsigned char {
    start,       // before the outermost brace
    before_key,  // the next key, a comma or the end of the object
    in_key,
    before_value,  // the colon or the value
    in_string,     // a string member
    in_scalar,     // a number, true, false or null
    in_nested,     // an object or array member
    in_nested_string,
    after_end,  // of the outermost object
    not_an_object,
  };
  enum class Member : unsigned char { other, usage, model, status, error };

  static Member member_called(std::string_view name);
  const char* take_members(const char* at, const char* end);
  const char* step(const char* at, const char* end);
  const char* skip_string(const char* at, const char* end);
  const char* skip_nested(const char* at, const char* end);
  void start_value(char first);
  void end_value(const char* from, const char* to);
  void keep(const char* from, const char* to);
  std::string_view kept_with(const char* from, const char* to);

  State state_ = State::start;
  Member member_ = Member::other;
  bool is_escaped_ = false;  // the byte before was a backslash that escapes
  bool has_error_ = false;
  std::size_t longest_ = 0;  // of what is being kept; 0: nothing is
  std::size_t depth_ = 0;    // of braces and brackets inside the outermost object
  std::string text_;         // of the key or value being kept
  std::string model_, status_;
  Usage usage_;
};

// Reads a usage object of either dialect (prompt/completion_tokens or input/output_tokens). False,
// and `usage` untouched, if it does not count tokens: a duration, a null, not an object.
bool read_usage(std::string_view object, Usage& usage);

}  // namespace tollgate::openai
