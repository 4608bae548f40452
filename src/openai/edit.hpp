// Changes to a request body, made without copying it: the edited body is a list of pieces for a
// gathered write.
#pragma once

#include "openai/request_scan.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::openai {

// Holds what to change; made from the facts of one body and applied to that body only. The pieces
// it hands out point into the body and into this object, so it stays where it is while they are
// written.
class BodyEdits {
 public:
  // Names the upstream's model; a second call replaces the first, so each attempt may name its own.
  void set_model(const RequestFacts& facts, std::string_view name);

  // Sees to it that the stream ends with a usage chunk. Nothing to do if the client asked for it.
  void ask_for_usage(const RequestFacts& facts);

  bool is_empty() const noexcept { return !model_.is_set && !usage_.is_set; }
  std::size_t size_after(std::string_view body) const noexcept;

  // Appends the edited body to `out`; no piece is empty.
  void pieces(std::string_view body, std::vector<std::string_view>& out) const;

 private:
  struct Splice {
    bool is_set = false;
    bool is_new_member = false;  // put in front of the others, with a comma
    Range replaced;              // empty: the text is inserted there
  };

  // In the order of the body: what is replaced, by which text and comma.
  template <class Visit>
  void for_each_edit(Visit visit) const;
  std::string_view comma_after(const Splice& splice, bool is_last) const noexcept;

  Splice model_;
  Splice usage_;
  bool is_empty_object_ = false;
  std::string model_text_;
  std::string_view usage_text_;  // one of a few constants
};

}  // namespace tollgate::openai
