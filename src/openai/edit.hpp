// Changes to a request body, made without copying it: the edited body is a list of pieces for a
// gathered write.
#pragma once

#include "openai/request_scan.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::openai {

// Holds what to change; made from the facts of one body and applied to that body only. The pieces
// it hands out point into the body and into this object, so it stays where it is while they are
// written.
class BodyEdits {
 public:
  BodyEdits() = default;

  // Names the upstream's model; a second call replaces the first, so each attempt may name its own.
  void set_model(const RequestFacts& facts, std::string_view name);

  // Sees to it that the stream ends with a usage chunk. Nothing to do if the client asked for it.
  void ask_for_usage(const RequestFacts& facts);

  // Bounds the answer: replaces the client's own bound, or adds one as the field `name`.
  void set_max_tokens(const RequestFacts& facts, std::string_view name, std::int64_t tokens);

  bool is_empty() const noexcept { return !model_.is_set && !usage_.is_set && !max_tokens_.is_set; }
  std::size_t size_after(std::string_view body) const noexcept;

  // Appends the edited body to `out`; no piece is empty.
  void pieces(std::string_view body, std::vector<std::string_view>& out) const;

 private:
  struct Splice {
    bool is_set = false;
    bool is_new_member = false;  // put in front of the others, with a comma
    Range replaced;              // empty: the text is inserted there
    std::string_view text;
  };

  BodyEdits(const BodyEdits&) = delete;  // the splices point into the texts

  // In the order of the body: what is replaced, by which text and comma.
  template <class Visit>
  void for_each_edit(Visit visit) const;

  Splice model_;
  Splice usage_;
  Splice max_tokens_;
  bool is_empty_object_ = false;
  std::string model_text_;
  std::string max_tokens_text_;
};

}  // namespace tollgate::openai
