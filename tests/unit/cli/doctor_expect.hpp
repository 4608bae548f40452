// How the tests of `tollgate doctor` say what they expect of a finding.
#pragma once

#include "cli/doctor/judge.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace tollgate::cli::doctor {

inline const WallTime now = WallTime(std::chrono::seconds(1'795'000'000));  // 2026-11-18T11:06:40Z

// Both hold the pieces; there is a fix if and only if something is to be done.
inline void expect(const Finding& finding, Verdict verdict, std::string_view text, std::string_view fix) {
  EXPECT_EQ(finding.verdict, verdict) << finding.check << ": " << finding.text;
  EXPECT_NE(finding.text.find(text), std::string::npos) << finding.text << " / " << text;
  EXPECT_NE(finding.fix.find(fix), std::string::npos) << finding.fix << " / " << fix;
  EXPECT_EQ(finding.fix.empty(), verdict == Verdict::ok || verdict == Verdict::skipped);
}

}  // namespace tollgate::cli::doctor
