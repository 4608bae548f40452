// The forms in which `tollgate usage` tells what it has read.
#pragma once

#include "cli/text.hpp"
#include "cli/usage_reserved.hpp"
#include "ledger/report.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace tollgate::cli {

struct UsageTable {
  std::vector<std::string> by;         // columns of the keys
  std::vector<ledger::UsageRow> rows;  // by those
  ledger::UsageRow total;
  std::vector<Reserved> reserved;      // by day; none where the units and their prices are not known
  double days = 0;                     // the stretch that burn rates are about
  std::string from, to;                // its ends, as dates; `to` is exclusive
};

void write_table(std::ostream& out, const UsageTable& usage);
void write_csv(std::ostream& out, const UsageTable& usage);
void write_json(std::ostream& out, const UsageTable& usage);

// FOCUS 1.2 (FinOps Open Cost and Usage Specification), one row a day; `usage` has to be by
// focus_columns.
extern const std::vector<std::string> focus_columns;
void write_focus_csv(std::ostream& out, const UsageTable& usage);
void write_focus_jsonl(std::ostream& out, const UsageTable& usage);

void write_meters(std::ostream& out, const std::vector<ledger::MeterRow>& meters);

}  // namespace tollgate::cli
