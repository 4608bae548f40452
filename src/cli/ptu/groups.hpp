// The ledger's usage as loads of base models: what of it counts, at which prices, in which sizes.
#pragma once

#include "cli/ptu/advice.hpp"
#include "cli/ptu/load.hpp"
#include "ledger/report.hpp"
#include "tollgate/config.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tollgate::cli {

struct GroupOptions {
  std::optional<std::int64_t> from;  // minutes since the epoch, inclusive
  std::optional<std::int64_t> to;    // exclusive
  std::int64_t last = 30 * 24 * 60;  // minutes before the end, where `from` is absent
  std::string model;                 // "": all
  std::string deployment;            // "": all
  std::optional<DeploymentScope> scope;     // else what the configuration says, or global
  std::optional<std::int64_t> unit_price;   // nano-dollars a unit and hour; else what it says
  std::optional<std::int64_t> unit_tokens;  // tokens a minute of a unit, for models not known
  std::optional<std::int64_t> answer_weight;
  int head_room_percent = 20;
};

// One deployment's part.
struct Member {
  explicit Member(std::int64_t answer_weight) : load(answer_weight) {}
  DeploymentKind kind = DeploymentKind::payg;
  std::optional<int> units;  // PTU: as the configuration says
  Load load;
};

// The deployments of one base model, which carry its load together.
struct Group {
  explicit Group(std::int64_t answer_weight) : load(answer_weight) {}
  std::string model;
  DeploymentScope scope = DeploymentScope::global;
  Terms terms;
  Load load;
  std::map<std::string, Member> members;  // by deployment
  std::int64_t begin = 0, end = 0;        // minutes since the epoch
  std::int64_t estimated_requests = 0;
  std::int64_t batch_requests = 0;        // about batches, looks included; left out: they do not run on reserved capacity
  std::int64_t long_context_above = 0;    // the price list has another row for such prompts; 0: none
};

// By model. `config` may be null: list prices, nothing known of the present. Prices are those of
// `now`. Throws std::runtime_error when the ledger cannot be read.
std::vector<Group> read_groups(ledger::Report& report, const Config* config, const GroupOptions& options,
                               WallTime now);

}  // namespace tollgate::cli
