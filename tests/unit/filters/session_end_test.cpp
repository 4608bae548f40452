#include "filters/session_end.hpp"

#include <gtest/gtest.h>

namespace tollgate::filters {
namespace {

using http::FrameFault;

TEST(Farewell, IsNotSaidToWhoHasGoneOrClosed) {
  EXPECT_EQ(farewell_for(SessionEnd::client_gone, FrameFault::none).client_code, 0);
  EXPECT_EQ(farewell_for(SessionEnd::client_gone, FrameFault::none).upstream_code, 1001);
  EXPECT_EQ(farewell_for(SessionEnd::upstream_gone, FrameFault::none).client_code, 1011);
  EXPECT_EQ(farewell_for(SessionEnd::upstream_gone, FrameFault::none).upstream_code, 0);
  for (const auto end : {SessionEnd::client_closed, SessionEnd::upstream_closed}) {
    EXPECT_EQ(farewell_for(end, FrameFault::none).client_code, 0);
    EXPECT_EQ(farewell_for(end, FrameFault::none).upstream_code, 0);
  }
}

TEST(Farewell, BlamesWhoBrokeTheProtocol) {
  const auto clients = farewell_for(SessionEnd::client_fault, FrameFault::message_too_large);
  EXPECT_EQ(clients.client_code, 1009);
  EXPECT_EQ(clients.upstream_code, 1001);
  const auto upstreams = farewell_for(SessionEnd::upstream_fault, FrameFault::not_text);
  EXPECT_EQ(upstreams.client_code, 1011);
  EXPECT_EQ(upstreams.upstream_code, 1007);
  EXPECT_NE(upstreams.client_reason.find("not UTF-8"), std::string::npos);
}

TEST(Farewell, TellsSessionsThatLastTooLongInTheDialectToo) {
  for (const auto end : {SessionEnd::idle, SessionEnd::expired}) {
    EXPECT_EQ(farewell_for(end, FrameFault::none).client_code, 1001);
    EXPECT_FALSE(farewell_for(end, FrameFault::none).error.empty());
  }
  EXPECT_TRUE(farewell_for(SessionEnd::drained, FrameFault::none).error.empty());
  EXPECT_EQ(farewell_for(SessionEnd::spent, FrameFault::none).client_code, 0);
}

TEST(Farewell, HasReasonsThatFitIntoACloseFrame) {
  for (int i = 0; i <= static_cast<int>(SessionEnd::drained); ++i) {
    for (int j = 0; j <= static_cast<int>(FrameFault::bad_close); ++j) {
      const auto farewell = farewell_for(static_cast<SessionEnd>(i), static_cast<FrameFault>(j));
      EXPECT_LE(farewell.client_reason.size(), 123u);
      EXPECT_LE(farewell.upstream_reason.size(), 123u);
    }
  }
}

TEST(SessionOutcome, SaysWhoseDoingItWas) {
  EXPECT_EQ(outcome_of(SessionEnd::client_closed).end, End::complete);
  EXPECT_EQ(outcome_of(SessionEnd::client_gone).end, End::client_gone);
  EXPECT_EQ(outcome_of(SessionEnd::upstream_gone).end, End::truncated);
  EXPECT_EQ(outcome_of(SessionEnd::upstream_fault).source, ErrorSource::upstream);
  EXPECT_EQ(outcome_of(SessionEnd::client_fault).source, ErrorSource::client);
  EXPECT_EQ(outcome_of(SessionEnd::spent).end, End::stopped);
}

}  // namespace
}  // namespace tollgate::filters
