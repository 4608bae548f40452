// Kinds of values of the fields that say who may call. See codecs.hpp for what a codec is.
#pragma once

#include "config/codecs.hpp"
#include "tollgate/clock.hpp"

#include <string>
#include <vector>

namespace tollgate::config {

inline constexpr const char* guid_sample = "72f988bf-86f1-41af-91ab-2d7cd011db47";

// Kept in lower case.
struct GuidValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const;
  std::string example() const { return guid_sample; }
};

// One word or a list of them, none twice.
struct WordsValue {
  bool are_guids = false;
  std::string sample;
  void read(const Node& node, std::vector<std::string>& value, Context& context) const;
  std::string show(const std::vector<std::string>&) const { return {}; }
  std::string schema() const;
  std::string example() const { return "[" + sample + "]"; }

 private:
  void read_one(const Node& node, std::vector<std::string>& value, Context& context) const;
};

// https://login.microsoftonline.com; http:// on this machine alone, for tests. Kept without a slash at
// the end.
struct AuthorityValue {
  void read(const Node& node, std::string& value, Context& context) const;
  std::string show(const std::string& value) const { return value; }
  std::string schema() const;
  std::string example() const { return "https://login.microsoftonline.us"; }
};

struct DateValue {
  void read(const Node& node, WallTime& value, Context& context) const;
  std::string show(WallTime) const { return {}; }
  std::string schema() const;
  std::string example() const { return "2026-12-31"; }
};

// One line of text; false after a problem.
bool read_word(const Node& node, const std::string& sample, std::string& value, Context& context);

}  // namespace tollgate::config
