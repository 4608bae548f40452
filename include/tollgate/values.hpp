// Small values that the whole configuration is made of.
#pragma once

#include <string>
#include <utility>

namespace tollgate {

// Where in the YAML something was said; shown in errors and by `explain`.
struct Location {
  std::string file;
  int line = 0;    // from 1
  int column = 0;  // from 1
};

// A resolved secret. Never printed, never logged, never part of an error.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const noexcept { return value_; }
  bool is_empty() const noexcept { return value_.empty(); }

 private:
  std::string value_;
};

}  // namespace tollgate
