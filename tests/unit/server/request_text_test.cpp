#include "server/request_text.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace tollgate::server {
namespace {

// For what an exchange refers to and nobody touches here.
template <class T>
T& nowhere() {
  alignas(16) static std::array<char, 16> place;
  return reinterpret_cast<T&>(place);
}

struct Request {
  explicit Request(const std::string& head) {
    text.bytes.assign(head);
    problem = text.parse(65536, ex, facts, why);
  }
  RequestText text;
  Exchange ex{nowhere<net::Loop>(), nowhere<upstream::Upstreams>()};
  RequestText::Facts facts;
  std::string why;
  http::HeadError problem;
};

const std::string head =
    "POST /openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21 HTTP/1.1\r\n"
    "Host: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer abc\r\n"
    "X-Tollgate-Session: s-1\r\nUser-Agent: test\r\nX-Tollgate-Task: nightly\r\nContent-Length: 12\r\n\r\n";

TEST(RequestText, TakesAHeadApart) {
  const Request request(head);
  EXPECT_EQ(request.problem, http::HeadError::none);
  EXPECT_EQ(request.ex.method, "POST");
  EXPECT_EQ(request.ex.target, "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21");
  EXPECT_EQ(request.ex.content_type, "application/json");
  EXPECT_EQ(request.ex.headers.size(), 7U);
  EXPECT_EQ(request.ex.body.length, 12U);
  EXPECT_TRUE(request.facts.keep_alive);
}

TEST(RequestText, SaysWhatIsWrongWithAHead) {
  const Request request("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(request.problem, http::HeadError::malformed);
  EXPECT_FALSE(request.why.empty());
}

TEST(RequestText, KeepsForALongAnswerWhatBooksAndRecordsAskFor) {
  Request request(head);
  Exchange& ex = request.ex;
  const std::string prefix = "/apps";
  ex.path_prefix = prefix;  // of the configuration, not of the request
  ex.route.model = ex.target.substr(20, 6);
  ex.route.tail = ex.target.substr(26, 17);
  ex.route.query = ex.target.substr(44);
  request.text.shrink(ex);
  EXPECT_LT(request.text.bytes.capacity(), head.size());
  EXPECT_EQ(ex.method, "POST");
  EXPECT_EQ(ex.target, "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21");
  EXPECT_EQ(ex.path_prefix.data(), prefix.data());
  EXPECT_EQ(ex.route.model, "gpt-4o");
  EXPECT_EQ(ex.route.tail, "/chat/completions");
  EXPECT_EQ(ex.route.query, "api-version=2024-10-21");
  EXPECT_EQ(ex.content_type, "");
  ASSERT_EQ(ex.headers.size(), 2U);
  EXPECT_EQ(ex.headers[0].known, HeaderName::x_tollgate_session);
  EXPECT_EQ(ex.headers[0].value, "s-1");
  EXPECT_EQ(ex.headers[1].name, "X-Tollgate-Task");
  EXPECT_EQ(ex.headers[1].value, "nightly");
}

TEST(RequestText, KeepsARequestLineThatIsShort) {
  Request request("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  request.text.shrink(request.ex);
  EXPECT_EQ(request.ex.method, "GET");
  EXPECT_EQ(request.ex.target, "/");
  EXPECT_TRUE(request.ex.headers.empty());
}

}  // namespace
}  // namespace tollgate::server
