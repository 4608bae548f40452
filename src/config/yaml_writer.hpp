// Prints a configuration as block YAML: what was given as it was written, defaults marked.
#pragma once

#include "config/yaml_tree.hpp"

#include <string>

namespace tollgate::config {

class YamlWriter {
 public:
  void open(const std::string& name);
  void close();
  // One mapping of a list. It says what applies to it: what is unset is left out.
  void open_item();
  void close_item();
  void given(const std::string& name, const Node& value);
  void by_default(const std::string& name, const std::string& value);
  void by_default(const std::string& name, const std::vector<std::string>& values);
  void unset(const std::string& name);  // has no value and no default
  std::string take() { return std::move(text_); }

 private:
  void line(const std::string& text);

  std::string text_;
  std::size_t depth_ = 0;
  std::size_t items_ = 0;         // open ones
  bool is_start_of_item_ = false;
};

}  // namespace tollgate::config
