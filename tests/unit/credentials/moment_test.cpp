#include "credentials/moment.hpp"

#include <gtest/gtest.h>

namespace tollgate::credentials {
namespace {

TEST(Moment, IsASecondOfTheEpochAsNumberOrText) {
  EXPECT_EQ(parse_moment("1790003599"), 1790003599);
  EXPECT_EQ(parse_moment("1790003599.75"), 1790003599);
}

TEST(Moment, IsADateInTheFormsOfHosts) {
  constexpr std::int64_t nine = 1790845200;  // 2026-10-01 09:00:00 UTC
  EXPECT_EQ(parse_moment("2026-10-01T09:00:00Z"), nine);
  EXPECT_EQ(parse_moment("2026-10-01T09:00:00.1234567Z"), nine);
  EXPECT_EQ(parse_moment("2026-10-01T11:00:00+02:00"), nine);
  EXPECT_EQ(parse_moment("2026-10-01 09:00:00 +00:00"), nine);
  EXPECT_EQ(parse_moment("10/01/2026 09:00:00 +00:00"), nine);
  EXPECT_EQ(parse_moment("10/1/2026 9:00:00 AM +00:00"), nine);
  EXPECT_EQ(parse_moment("10/1/2026 9:00:00 PM +00:00"), nine + 12 * 3600);
  EXPECT_EQ(parse_moment("10/1/2026 12:00:00 AM +00:00"), nine - 9 * 3600);
}

TEST(Moment, IsNothingElse) {
  for (const char* text : {"", "soon", "-5", "10/01/2026", "13/01/2026 09:00:00 +00:00", "2026-10-01T25:00:00Z",
                           "2026-02-30T09:00:00Z", "1790003599x", "99999999999999999999", "2026-10-01T09:00:00Zz"}) {
    EXPECT_FALSE(parse_moment(text)) << text;
  }
}

TEST(Seconds, AreWholeAndNotNegative) {
  EXPECT_EQ(parse_seconds("3599"), 3599);
  EXPECT_EQ(parse_seconds("3599.0"), 3599);
  for (const char* text : {"", "-1", "1h", "3599.x"}) EXPECT_FALSE(parse_seconds(text)) << text;
}

}  // namespace
}  // namespace tollgate::credentials
