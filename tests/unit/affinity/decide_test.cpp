#include "affinity/decide.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tollgate::affinity {
namespace {

using Kind = Decision::Kind;

const Owner ours_east{"https://east", "gpt-east", "web"};
const Owner ours_west{"https://west", "gpt-west", "web"};
const Owner ours_east_too{"https://east", "mini-east", "web"};
const Owner theirs_west{"https://west", "gpt-west", "payroll"};

Decision decided(const std::vector<const Owner*>& owners) {
  return decide(owners, [](const Owner& owner) { return owner.subscription == "web"; });
}

TEST(Decide, IsFreeWhenNobodyRemembersAnything) {
  EXPECT_EQ(decided({}).kind, Kind::free);
  EXPECT_EQ(decided({nullptr, nullptr}).kind, Kind::free);
}

TEST(Decide, GoesToTheOwnerOfWhatIsRemembered) {
  const Decision decision = decided({nullptr, &ours_east, &ours_east_too});
  EXPECT_EQ(decision.kind, Kind::owned);
  EXPECT_EQ(decision.owner, &ours_east);
  EXPECT_EQ(decision.first, 1u);
}

TEST(Decide, NamesWhatIsKeptApart) {
  const Decision decision = decided({&ours_east, nullptr, &ours_west, &ours_east});
  EXPECT_EQ(decision.kind, Kind::apart);
  EXPECT_EQ(decision.first, 0u);
  EXPECT_EQ(decision.second, 2u);
}

// Where somebody else's objects are is nobody's business.
TEST(Decide, SaysForeignBeforeApart) {
  const Decision decision = decided({&ours_east, &theirs_west});
  EXPECT_EQ(decision.kind, Kind::foreign);
  EXPECT_EQ(decision.first, 1u);
}

}  // namespace
}  // namespace tollgate::affinity
