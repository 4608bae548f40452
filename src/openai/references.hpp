// Ids of stored objects that a request body refers to: files, vector stores, containers, items and responses that
// were kept by the resource that made them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::openai {

struct ObjectReference {
  std::string_view id;     // in the body, or in text that was unescaped
  std::string_view field;  // where it stood, for messages: "previous_response_id", "file_id"; static
};

// More than any operation takes; a body with more is refused.
inline constexpr std::size_t most_references = 2'000;
inline constexpr std::size_t longest_object_id = 256;

// Collects what a value refers to. Keeps what it has found; thread-safe between objects.
class ReferenceFinder {
 public:
  using Texts = std::vector<std::unique_ptr<const std::string>>;
  ReferenceFinder(std::vector<ObjectReference>& found, Texts& unescaped)
      : found_(found), unescaped_(unescaped) {}

  // The value of a field that holds ids itself: a string, an array of strings, or an object with an
  // `id`. Others refer to nothing. REQUIRES: well-formed JSON, also below.
  void take_ids(std::string_view value, std::string_view field);

  // A value that holds ids somewhere inside: `input`, `tools`, `messages`, `files`. `has_items`: its
  // elements are items of a response, which may stand for ones that were kept.
  void search(std::string_view value, bool has_items);

  bool is_full() const noexcept { return found_.size() > most_references; }

 private:
  void add(std::string_view raw, bool has_escapes, std::string_view field);

  std::vector<ObjectReference>& found_;
  Texts& unescaped_;
};

}  // namespace tollgate::openai
