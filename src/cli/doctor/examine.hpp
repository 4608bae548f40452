// Everything that a configuration leads to, looked at at the same time.
#pragma once

#include "cli/doctor/finding.hpp"
#include "tollgate/config.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tollgate::cli::doctor {

struct ExamineOptions {
  std::chrono::milliseconds timeout{10'000};  // for everything together
  std::string api_version = "2024-10-21";     // that the dated paths are tried with
  bool is_version_chosen = false;             // it is one that has to be served
  // Told whenever one of `all` has been looked at; from inside examine().
  std::function<void(std::size_t done, std::size_t all)> on_progress;
};

// Connects only to what the configuration's network rules allow, and changes nothing anywhere.
std::vector<Report> examine(std::shared_ptr<const Config> config, const ExamineOptions& options);

}  // namespace tollgate::cli::doctor
