// The forms in which `tollgate ptu-advisor` tells its advice: text for people, CSV, JSON.
#pragma once

#include "cli/ptu/advice.hpp"
#include "cli/ptu/groups.hpp"

#include <iosfwd>
#include <string>
#include <vector>

namespace tollgate::cli {

// A group with what was made of it.
struct Advised {
  explicit Advised(Group group);

  bool is_sold() const noexcept { return group.terms.size.tokens_a_minute > 0; }  // in units

  Group group;
  LoadCurve curve;
  Advice advice;  // empty if its model is not sold in units
};

std::string scope_text(DeploymentScope scope);    // global, data_zone, regional
std::string kind_text(Alternative::Kind kind, int head_room_percent);
std::string minute_text(std::int64_t minute);     // 2026-11-23T12:00Z
std::int64_t peak_minute(const Load& load);       // the first one with the highest load

// What to bear in mind, each a sentence.
std::vector<std::string> warnings_of(const Advised& advised);

void write_advice(std::ostream& out, const Advised& advised);
void write_advice_csv(std::ostream& out, const std::vector<Advised>& all);
void write_advice_json(std::ostream& out, const std::vector<Advised>& all);

}  // namespace tollgate::cli
