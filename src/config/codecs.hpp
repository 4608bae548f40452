// Kinds of values: how each is read from the tree, shown, described in the schema.
//
// A codec has read(node, value, context), which leaves `value` alone and notes a problem when the
// node is wrong; show(value), "" when there is nothing to show; schema(); example().
#pragma once

#include "config/draft.hpp"
#include "config/load.hpp"
#include "config/schema_text.hpp"
#include "config/values.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tollgate::config {

// One loading: what it found wrong and what it read besides the YAML.
struct Context {
  const LoadOptions& options;
  Problems problems;
  std::vector<std::string> files_read;

  void refuse(const Location& where, std::string message, std::string suggestion = {}) {
    problems.push_back({where, std::move(message), std::move(suggestion)});
  }
  void refuse(const Location& where, Fault fault) {
    refuse(where, std::move(fault.message), std::move(fault.suggestion));
  }
};

// Each notes a problem and returns false when the node is not of that form.
bool expect_scalar(const Node& node, const std::string& example, Context& context);
bool expect_list(const Node& node, const std::string& example, Context& context);
bool expect_names(const Node& node, const std::string& section, const std::string& example,
                  Context& context);
bool check_name(const Entry& entry, Context& context);

struct TextValue {
  std::string sample;
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const;
  std::string example() const { return sample; }
};

// What Azure or an app calls something: safe in URLs and headers.
struct NameValue {
  std::string sample;
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const;
  std::string example() const { return sample; }
};

struct FlagValue {
  void read(const Node& node, bool& value, Context& context) const;
  std::string show(bool value) const { return value ? "true" : "false"; }
  std::string schema() const { return R"({"type":"boolean"})"; }
  std::string example() const { return "true"; }
};

// A value below `least` is one that was not set.
struct CountValue {
  int least = 0;
  int most = 0;
  void read(const Node& node, int& value, Context& context) const;
  std::string show(int value) const { return value < least ? "" : std::to_string(value); }
  std::string schema() const;
  std::string example() const { return std::to_string(least); }
};

struct DurationValue {
  Milliseconds least{1};
  Milliseconds most{std::chrono::hours(24)};
  void read(const Node& node, Milliseconds& value, Context& context) const;
  std::string show(Milliseconds value) const { return to_text(value); }
  std::string schema() const;
  std::string example() const { return "30s"; }
};

struct SizeValue {
  std::size_t least = 1;
  std::size_t most = 1;
  void read(const Node& node, std::size_t& value, Context& context) const;
  std::string show(std::size_t value) const { return size_to_text(value); }
  std::string schema() const;
  std::string example() const { return "32MiB"; }
};

struct RateValue {
  void read(const Node& node, std::int64_t& value, Context& context) const;
  std::string show(std::int64_t value) const;
  std::string schema() const;
  std::string example() const { return "450k/minute"; }
};

struct ListenValue {
  void read(const Node& node, ListenAddress& value, Context& context) const;
  std::string show(const ListenAddress& value) const { return to_text(value); }
  std::string schema() const;
  std::string example() const { return "127.0.0.1:8080"; }
};

struct EndpointValue {
  void read(const Node& node, Endpoint& value, Context& context) const;
  std::string show(const Endpoint&) const { return {}; }
  std::string schema() const;
  std::string example() const { return "https://contoso.openai.azure.com"; }
};

struct PathPrefixValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const;
  std::string example() const { return "/team-a"; }
};

// A file that must be there and readable when the configuration is loaded.
struct FileValue {
  std::string sample;
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const { return R"({"type":"string"})"; }
  std::string example() const { return sample; }
};

struct SecretValue {
  void read(const Node& node, Secret& value, Context& context) const;
  std::string show(const Secret&) const { return {}; }
  std::string schema() const;
  std::string example() const { return "env:AZURE_OPENAI_KEY"; }
};

struct ReferenceValue {
  std::string sample;
  void read(const Node& node, Reference& value, Context& context) const;
  std::string show(const Reference& value) const { return value.name; }
  std::string schema() const { return R"({"type":"string"})"; }
  std::string example() const { return sample; }
};

struct ReferenceListValue {
  std::string sample;
  void read(const Node& node, std::vector<Reference>& value, Context& context) const;
  std::string show(const std::vector<Reference>&) const { return {}; }
  std::string schema() const;
  std::string example() const { return sample; }
};

// The one of `words` that `node` says, as an index; -1 after a problem.
int read_choice(const Node& node, const std::vector<std::string>& words, Context& context);

// A word from a fixed list, kept as an enum whose values count from 0 in the order of the words.
template <class E>
struct ChoiceValue {
  std::vector<std::string> words;
  void read(const Node& node, E& value, Context& context) const {
    if (int index = read_choice(node, words, context); index >= 0) value = static_cast<E>(index);
  }
  std::string show(E value) const { return words[static_cast<std::size_t>(value)]; }
  std::string schema() const { return words_schema(words); }
  std::string example() const { return words.front(); }
};

// A list of such words, each at most once. `first` is the enum's value of the first word.
std::vector<int> read_choices(const Node& node, const std::vector<std::string>& words, Context& context);

template <class E>
struct ChoicesValue {
  std::vector<std::string> words;
  int first = 0;
  void read(const Node& node, std::vector<E>& value, Context& context) const {
    for (int index : read_choices(node, words, context)) value.push_back(static_cast<E>(index + first));
  }
  std::string show(const std::vector<E>&) const { return {}; }
  std::string schema() const { return set_schema(words_schema(words)); }
  std::string example() const { return "[" + words.front() + "]"; }
};

// The same, kept as the word.
struct WordValue {
  std::vector<std::string> words;
  void read(const Node& node, std::string& value, Context& context) const {
    if (int index = read_choice(node, words, context); index >= 0)
      value = words[static_cast<std::size_t>(index)];
  }
  std::string show(const std::string& value) const { return value; }
  std::string schema() const { return words_schema(words); }
  std::string example() const { return words.front(); }
};

}  // namespace tollgate::config
