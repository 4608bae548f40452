// How findings are told.
#pragma once

#include "cli/doctor/finding.hpp"

#include <iosfwd>
#include <vector>

namespace tollgate::cli::doctor {

// A table of all findings, below it what to do about each fault, once. Colours for terminals.
void write_reports(std::ostream& out, const std::vector<Report>& reports, bool has_colours);
void write_reports_json(std::ostream& out, const std::vector<Report>& reports);

bool has_failed(const std::vector<Report>& reports);  // anything; warnings are no failures

}  // namespace tollgate::cli::doctor
