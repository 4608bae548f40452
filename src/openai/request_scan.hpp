// One pass over a JSON request body: proves that it is one well-formed object and collects what the
// gateway decides by.
//
// The whole document is checked (grammar, UTF-8, depth, nothing after the object) because whatever
// we skip unread the upstream may read differently. For the same reason a field that our rules
// depend on may appear once only, however it is spelt.
#pragma once

#include "openai/references.hpp"
#include "openai/string_ends.hpp"
#include "tollgate/operation.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::openai {

// A stretch of the body, in bytes from its start.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool is_empty() const noexcept { return begin == end; }
};

// Views point into the body, or into `unescaped` for a value that was written with escapes.
// A field that is null counts as absent.
struct RequestFacts {
  std::string_view model;                 // "" if absent
  std::string_view user;                  // "" if absent
  std::string_view previous_response_id;  // "" if absent
  bool stream = false;
  bool include_usage = false;  // stream_options.include_usage
  bool store = true;           // false only if the body says so
  bool background = false;
  std::int64_t max_tokens = -1;  // the operation's own limit on the answer; -1: not stated
  std::int64_t n = 1;            // answers asked for, also by `best_of`
  std::uint64_t prefix_hash = 0;  // of the prompt's beginning (openai/prompt_prefix.hpp); 0: none
  StringEnds string_ends;  // of a short body; else empty
  std::vector<ObjectReference> references;  // to what a resource keeps; previous_response_id among them

  // Where to edit; empty if the field is absent.
  std::size_t object_begin = 0;  // just after the opening brace
  bool is_empty_object = false;
  Range model_value;     // with its quotes
  Range stream_options;  // the whole value, braces included; `null` too
  bool stream_options_is_null = false;
  bool stream_options_is_empty = false;  // an object without members
  Range include_usage_value;             // the literal
  Range max_tokens_value;                // of the field that `max_tokens` was taken from; `null` too

  std::vector<std::unique_ptr<const std::string>> unescaped;
};

struct ScanProblem {
  std::string message;     // for the caller: what is wrong, in which line and column
  std::string param;       // the field at fault, "" if it is the document
  std::size_t offset = 0;  // in bytes
};

// False: the body is not what the operation needs, `problem` says why. Allocates only for values
// with escapes and for problems. Any bytes may be given; none beyond `body` is read. Thread-safe.
bool scan_request(std::string_view body, Operation operation, RequestFacts& facts,
                  ScanProblem& problem);

}  // namespace tollgate::openai
