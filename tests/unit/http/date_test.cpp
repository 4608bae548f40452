#include "http/date.hpp"

#include <gtest/gtest.h>

namespace tollgate::http {
namespace {

using std::chrono::seconds;

TEST(Date, IsReadInItsUsualForm) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), WallTime(seconds(784'111'777)));
  EXPECT_FALSE(parse_date("yesterday"));
  EXPECT_FALSE(parse_date("Sun, 06 Foo 1994 08:49:37 GMT"));
}

TEST(Date, StaysWithinWhatTheClockCanTell) {
  EXPECT_GT(*parse_date("Fri, 31 Dec 9999 23:59:59 GMT"), WallTime(seconds(7'000'000'000)));
  EXPECT_GE(*parse_date("Mon, 01 Jan 0001 00:00:00 GMT"), WallTime());
}

}  // namespace
}  // namespace tollgate::http
