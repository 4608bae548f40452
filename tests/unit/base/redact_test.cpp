#include "base/redact.hpp"

#include <gtest/gtest.h>

namespace tollgate::base {
namespace {

TEST(Redacted, LeavesTheSecretOutWhereverItIs) {
  EXPECT_EQ(redacted("hunter2 is not hunter2", "hunter2", "***"), "*** is not ***");
  EXPECT_EQ(redacted("nothing of it", "hunter2", "***"), "nothing of it");
  EXPECT_EQ(redacted("all", "", "***"), "all");
}

TEST(Redacted, EndsWhenWhatIsPutInHoldsTheSecret) {
  EXPECT_EQ(redacted("a * b ** c", "*", "***"), "a *** b ****** c");
  EXPECT_EQ(redacted("the key ***?", "***", "***"), "the key ***?");
  EXPECT_EQ(redacted("no.", ".", "..."), "no...");
}

}  // namespace
}  // namespace tollgate::base
