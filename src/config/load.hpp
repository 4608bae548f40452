// YAML to Config: everything checked, everything resolved, or a list of what is wrong.
#pragma once

#include "config/problem.hpp"
#include "tollgate/config.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::config {

// What the configuration may name although it is built elsewhere.
struct LoadOptions {
  // Filters in their default order. The last one answers the request, so it must come last.
  std::vector<std::string> known_filters = {"route",  "access", "request",
                                            "limits", "models", "affinity", "forward"};
  // Filters that no list may leave out, in the order that they must keep among themselves: each relies
  // on what those before it have found.
  std::vector<std::string> required_filters = known_filters;
};

struct Loaded {
  std::shared_ptr<const Config> config;  // null when there are problems
  std::vector<Problem> problems;         // by file and position
};

// Reads a file, or a directory whose *.yaml and *.yml files (by name, hidden ones left out) are
// merged: section by section, each name and each field once. Reads the secrets, keys and
// certificates it refers to. Never throws for what is in the files.
Loaded load(const std::string& path, const LoadOptions& options = {});

// The same for text; `name` stands for the file in problems.
Loaded load_text(std::string_view text, const std::string& name, const LoadOptions& options = {});

// The configuration with every default filled in and marked, as YAML without secrets.
struct Shown {
  std::string yaml;  // "" when there are problems
  std::vector<Problem> problems;
};
Shown show_defaults(const std::string& path, const LoadOptions& options = {});

// JSON Schema (draft 2020-12) for editors, from the same table that the loader reads by.
std::string schema(const LoadOptions& options = {});

// What differs between two configurations and takes effect only with a restart, as field names.
std::vector<std::string> needs_restart(const Config& before, const Config& after);

}  // namespace tollgate::config
