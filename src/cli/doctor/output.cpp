#include "cli/doctor/output.hpp"

#include "cli/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <ostream>
#include <sstream>
#include <utility>

namespace tollgate::cli::doctor {
namespace {

constexpr std::size_t line_width = 110;

struct Word {
  const char* text;
  const char* colour;
  const char* json;
};

Word word_of(Verdict verdict) {
  constexpr std::array<Word, 4> words{{{"ok", "32", "ok"}, {"-", "2", "skipped"}, {"warn", "33", "warn"}, {"FAIL", "1;31", "fail"}}};
  return words[static_cast<std::size_t>(verdict)];
}

std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width - std::min(width, text.size()), ' ');
}

// What to do, once, and where.
struct Fix {
  std::string check;
  std::string text;
  std::vector<std::string> subjects;
};

class Fixes {
 public:
  // The number that stands for it, from 1.
  std::size_t add(const Report& report, const Finding& finding) {
    auto same = std::find_if(all_.begin(), all_.end(), [&](const Fix& fix) {
      return fix.check == finding.check && fix.text == finding.fix;
    });
    if (same == all_.end()) same = all_.insert(all_.end(), {finding.check, finding.fix, {}});
    same->subjects.push_back(report.subject);
    return static_cast<std::size_t>(same - all_.begin()) + 1;
  }
  const std::vector<Fix>& all() const noexcept { return all_; }

 private:
  std::vector<Fix> all_;
};

std::size_t check_width(const std::vector<Report>& reports) {
  std::size_t width = 0;
  for (const Report& report : reports)
    for (const Finding& finding : report.findings) width = std::max(width, finding.check.size());
  return width;
}

void write_findings(std::ostream& out, const Report& report, std::size_t width, Fixes& fixes, bool has_colours) {
  out << report.subject << (report.address.empty() ? "" : "  " + report.address) << '\n';
  for (const Finding& finding : report.findings) {
    const Word word = word_of(finding.verdict);
    const std::string verdict = padded(word.text, 4);
    out << "  " << padded(finding.check, width) << "  "
        << (has_colours ? "\x1b[" + std::string(word.colour) + "m" + verdict + "\x1b[0m" : verdict) << "  "
        << printable(finding.text);
    if (!finding.fix.empty()) out << "  [" << fixes.add(report, finding) << "]";
    out << '\n';
  }
}

void write_wrapped(std::ostream& out, const std::string& text, std::size_t indent) {
  std::istringstream words(text);
  std::string line, word;
  const std::string margin(indent, ' ');
  while (words >> word) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > line_width) {
      out << margin << std::exchange(line, "") << '\n';
    }
    line += (line.empty() ? "" : " ") + word;
  }
  out << margin << line << '\n';
}

void write_fixes(std::ostream& out, const std::vector<Fix>& fixes) {
  if (fixes.empty()) return;
  out << "\nWhat to do\n";
  for (std::size_t i = 0; i < fixes.size(); ++i) {
    std::string where = fixes[i].check + ":";
    for (const std::string& subject : fixes[i].subjects) where += (where.ends_with(':') ? " " : ", ") + subject;
    out << "  [" << i + 1 << "] " << where << '\n';
    write_wrapped(out, fixes[i].text, 6);
  }
}

std::size_t count_of(const std::vector<Report>& reports, Verdict verdict) {
  std::size_t count = 0;
  for (const Report& report : reports)
    for (const Finding& finding : report.findings) count += finding.verdict == verdict ? 1 : 0;
  return count;
}

std::string counted(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

bool has_failed(const std::vector<Report>& reports) { return count_of(reports, Verdict::fail) != 0; }

void write_reports(std::ostream& out, const std::vector<Report>& reports, bool has_colours) {
  const std::size_t width = check_width(reports);
  Fixes fixes;
  for (const Report& report : reports) write_findings(out, report, width, fixes, has_colours);
  write_fixes(out, fixes.all());
  out << '\n'
      << count_of(reports, Verdict::ok) << " ok, " << counted(count_of(reports, Verdict::warn), "warning") << ", "
      << counted(count_of(reports, Verdict::fail), "fault") << '\n';
}

void write_reports_json(std::ostream& out, const std::vector<Report>& reports) {
  using Json = nlohmann::ordered_json;
  Json json;
  json["ok"] = !has_failed(reports);
  json["targets"] = Json::array();
  for (const Report& report : reports) {
    Json one;
    one["target"] = report.subject;
    if (!report.address.empty()) one["address"] = report.address;
    one["checks"] = Json::array();
    for (const Finding& finding : report.findings) {
      Json found{{"check", finding.check}, {"result", word_of(finding.verdict).json}, {"detail", finding.text}};
      if (!finding.fix.empty()) found["fix"] = finding.fix;
      one["checks"].push_back(std::move(found));
    }
    json["targets"].push_back(std::move(one));
  }
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace tollgate::cli::doctor
