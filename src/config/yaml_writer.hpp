// Prints a configuration as block YAML: what was given as it was written, defaults marked.
#pragma once

#include "config/yaml_tree.hpp"

#include <string>

namespace tollgate::config {

class YamlWriter {
 public:
  void open(const std::string& name);
  void close();
  void given(const std::string& name, const Node& value);
  void by_default(const std::string& name, const std::string& value);
  void by_default(const std::string& name, const std::vector<std::string>& values);
  void unset(const std::string& name);  // has no value and no default
  std::string take() { return std::move(text_); }

 private:
  void line(const std::string& text);

  std::string text_;
  std::size_t depth_ = 0;
};

}  // namespace tollgate::config
