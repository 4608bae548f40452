#include "http/head.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::http {
namespace {

using namespace std::string_view_literals;

struct Parsed {
  HeadError error;
  std::string why;
  RequestHead head;
};

Parsed request(std::string_view text, Limits limits = {}) {
  Parsed parsed;
  parsed.error = parse_request(text, limits, parsed.head, parsed.why);
  return parsed;
}

// A POST with these lines after Host.
HeadError error_of_fields(std::string_view lines) {
  std::string text = "POST /v1/x HTTP/1.1\r\nHost: a\r\n";
  text.append(lines).append("\r\n");
  return request(text).error;
}

HeadError error_of_first_line(std::string_view line) {
  std::string text(line);
  text.append("\r\nHost: a\r\n\r\n");
  return request(text).error;
}

// The views in the head point into `text`.
ResponseHead response(std::string_view text, HeadError expected = HeadError::none,
                      bool is_answer_to_head = false) {
  ResponseHead head;
  std::string why;
  EXPECT_EQ(parse_response(text, is_answer_to_head, {}, head, why), expected) << why;
  return head;
}

TEST(FindHeadEnd, IsJustBehindTheEmptyLine) {
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\n\r\nbody"), 18u);
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\r\nHost: a\r\n"), std::string_view::npos);
  EXPECT_EQ(find_head_end("GET / HTTP/1.1\n\n"), std::string_view::npos);
  EXPECT_EQ(find_head_end(""), std::string_view::npos);
  for (std::size_t before = 0; before < 40; ++before) {
    for (const std::string_view nearly : {"", "\r\n\r", "\r\r", "\r\n \r\n", "\n\r\n\n", "\r\n\r\r"}) {
      const std::string text = std::string(before, 'x') + std::string(nearly) + "y";
      EXPECT_EQ(find_head_end(text), std::string_view::npos) << before << nearly;
      EXPECT_EQ(find_head_end(text + "\r\n\r\n"), text.size() + 4) << before << nearly;
      EXPECT_EQ(find_head_end(text + "\r\n\r\n" + std::string(before, 'z')), text.size() + 4) << before << nearly;
    }
  }
}

TEST(FindHeadEnd, GoesOnWhereverTheHeadWasCut) {
  const auto text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest"sv;
  const std::size_t end = find_head_end(text);
  for (std::size_t seen = 0; seen < end; ++seen) {
    EXPECT_EQ(find_head_end(text.substr(0, seen)), std::string_view::npos);
    EXPECT_EQ(find_head_end(text, seen), end) << seen;
  }
}

TEST(LeadingEmptyLines, AreCountedUpToTwo) {
  EXPECT_EQ(leading_empty_lines("GET /"), 0u);
  EXPECT_EQ(leading_empty_lines("\r\nGET /"), 2u);
  EXPECT_EQ(leading_empty_lines("\r\n\r\nGET /"), 4u);
  EXPECT_EQ(leading_empty_lines("\r\n\r\n\r\nGET /"), 4u);
  EXPECT_EQ(leading_empty_lines("\r"), 0u);
  EXPECT_EQ(leading_empty_lines("\nGET /"), 0u);
}

TEST(RequestHead, IsTakenApart) {
  const auto parsed = request(
      "POST /openai/deployments/gpt/chat/completions?api-version=1 HTTP/1.1\r\n"
      "Host: gateway.example:8080\r\n"
      "API-Key:  secret \t\r\n"
      "content-type: application/json\r\n"
      "X-Empty:\r\n"
      "x_under_score: caf\xC3\xA9\r\n"
      "Content-Length: 12\r\n\r\n");
  ASSERT_EQ(parsed.error, HeadError::none) << parsed.why;
  const RequestHead& head = parsed.head;
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/openai/deployments/gpt/chat/completions?api-version=1");
  EXPECT_EQ(head.minor_version, 1);
  EXPECT_EQ(head.host, "gateway.example:8080");
  EXPECT_EQ(head.api_key, "secret");
  EXPECT_EQ(head.content_type, "application/json");
  EXPECT_EQ(head.framing.kind, Framing::Kind::length);
  EXPECT_EQ(head.framing.length, 12u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.expects_continue);
  ASSERT_EQ(head.fields.size(), 6u);
  EXPECT_EQ(head.fields[1].name, "API-Key");
  EXPECT_EQ(head.fields[1].known, Name::api_key);
  EXPECT_EQ(head.fields[3].value, "");
  EXPECT_EQ(head.fields[4].value, "caf\xC3\xA9");
  EXPECT_EQ(head.fields[4].known, Name::other);
}

TEST(RequestHead, PointsIntoTheGivenBytes) {
  const std::string text = "GET /v1/models HTTP/1.1\r\nHost: a\r\nX-Empty:   \r\n\r\n";
  const auto parsed = request(text);
  ASSERT_EQ(parsed.error, HeadError::none);
  const auto is_inside = [&](std::string_view part) {
    return part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size();
  };
  EXPECT_TRUE(is_inside(parsed.head.method));
  EXPECT_TRUE(is_inside(parsed.head.target));
  for (const Field& field : parsed.head.fields) {
    EXPECT_TRUE(is_inside(field.name));
    EXPECT_TRUE(is_inside(field.value));
  }
}

TEST(RequestHead, CanBeUsedAgainWithoutLeftovers) {
  RequestHead head;
  std::string why;
  const auto first =
      "POST /a HTTP/1.0\r\nHost: a\r\napi-key: k\r\n"
      "Connection: close\r\nContent-Length: 3\r\n\r\n"sv;
  ASSERT_EQ(parse_request(first, {}, head, why), HeadError::none);
  const std::size_t capacity = head.fields.capacity();
  ASSERT_EQ(parse_request("GET /b HTTP/1.1\r\nHost: b\r\n\r\n", {}, head, why), HeadError::none);
  EXPECT_EQ(head.fields.size(), 1u);
  EXPECT_EQ(head.fields.capacity(), capacity);
  EXPECT_EQ(head.api_key, "");
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.framing.kind, Framing::Kind::none);
}

TEST(RequestHead, NeedsTheWholeHead) {
  const auto text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"sv;
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_EQ(request(text.substr(0, size)).error, HeadError::need_more) << size;
  EXPECT_EQ(request(text).error, HeadError::none);
}

TEST(RequestHead, RefusesBytesBehindTheEmptyLine) {
  EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\n").error,
            HeadError::malformed);
}

TEST(RequestHead, RefusesLineEndsThatAreNotCrlf) {
  for (const auto text : {
           "GET / HTTP/1.1\nHost: a\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\n\r\n\r\n"sv,
           "GET / HTTP/1.1\rHost: a\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\r\n\nX: y\r\n\r\n"sv,
           "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"sv,
           "\r\n\r\n"sv,
       })
    EXPECT_EQ(request(text).error, HeadError::malformed) << text;
}

TEST(RequestHead, RefusesEveryControlCharacterButTabInValues) {
  for (unsigned c = 0; c < 256; ++c) {
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: before";
    text += static_cast<char>(c);
    text += "after, long enough to be found sixteen at a time\r\n\r\n";
    const bool is_fine = c == '\t' || (c >= 0x20 && c != 0x7f);
    EXPECT_EQ(request(text).error, is_fine ? HeadError::none : HeadError::malformed) << c;
  }
}

TEST(RequestHead, RefusesNamesThatAreNotTokens) {
  for (unsigned c = 0; c < 256; ++c) {
    std::string line = "X-A";
    line += static_cast<char>(c);
    line += "b: y\r\n";
    const bool is_token =
        c != 0 &&
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"sv.find(
            static_cast<char>(c)) != std::string_view::npos;
    const bool is_fine = is_token || c == ':';  // a colon ends the name earlier, which is fine
    EXPECT_EQ(error_of_fields(line), is_fine ? HeadError::none : HeadError::malformed) << c;
  }
}

TEST(RequestHead, RefusesFoldedLinesAndOddColons) {
  for (const auto lines : {
           "X: a\r\n folded\r\n"sv,
           "X: a\r\n\tfolded\r\n"sv,
           " X: a\r\n"sv,
           "X : a\r\n"sv,
           "X\t: a\r\n"sv,
           ": a\r\n"sv,
           "X\r\n"sv,
           "Content-Length : 5\r\n"sv,
           "Transfer-Encoding : chunked\r\n"sv,
           "X: a\r\n Transfer-Encoding: chunked\r\n"sv,
       })
    EXPECT_EQ(error_of_fields(lines), HeadError::malformed) << lines;
  // The first field line is no exception.
  EXPECT_EQ(request("GET / HTTP/1.1\r\n Host: a\r\nHost: b\r\n\r\n").error, HeadError::malformed);
}

TEST(RequestHead, RefusesRequestLinesWithOtherThanTwoSpaces) {
  for (const auto line : {
           "GET  / HTTP/1.1"sv,
           "GET /  HTTP/1.1"sv,
           " GET / HTTP/1.1"sv,
           "GET / HTTP/1.1 "sv,
           "GET\t/ HTTP/1.1"sv,
           "GET /\tHTTP/1.1"sv,
           "GET / a HTTP/1.1"sv,
           "GET /"sv,
           "GET"sv,
           "GET HTTP/1.1"sv,
           "GET  HTTP/1.1"sv,
           "/ HTTP/1.1"sv,
           " / HTTP/1.1"sv,
           "G\x80T / HTTP/1.1"sv,
           "G(T / HTTP/1.1"sv,
           "GET: / HTTP/1.1"sv,
           "hello"sv,
       })
    EXPECT_EQ(error_of_first_line(line), HeadError::malformed) << line;
}

TEST(RequestHead, TakesOnlyTargetsThatBeginWithASlash) {
  for (const auto target :
       {"http://a/"sv, "https://a/v1"sv, "*"sv, "a:443"sv, "v1/models"sv, "?a"sv})
    EXPECT_EQ(error_of_first_line("GET " + std::string(target) + " HTTP/1.1"), HeadError::malformed)
        << target;
  EXPECT_EQ(error_of_first_line("GET //v1/models HTTP/1.1"), HeadError::none);
  EXPECT_EQ(error_of_first_line("GET /v1/models?a=b&c={d}|[e]%20 HTTP/1.1"), HeadError::none);
}

TEST(RequestHead, RefusesTargetCharactersThatMustBeEncoded) {
  for (unsigned c = 0; c < 256; ++c) {
    const std::string line = std::string("GET /a") + static_cast<char>(c) + "b HTTP/1.1";
    const bool is_fine = c > 0x20 && c < 0x7f && c != '#' && c != '\\';
    EXPECT_EQ(error_of_first_line(line), is_fine ? HeadError::none : HeadError::malformed) << c;
  }
}

TEST(RequestHead, KnowsOnlyTwoVersions) {
  EXPECT_EQ(error_of_first_line("GET / HTTP/1.1"), HeadError::none);
  EXPECT_EQ(error_of_first_line("GET / HTTP/1.0"), HeadError::none);
  for (const auto version : {"HTTP/1.2"sv, "HTTP/2.0"sv, "HTTP/0.9"sv, "HTTP/3.0"sv})
    EXPECT_EQ(error_of_first_line("GET / " + std::string(version)), HeadError::unsupported_version)
        << version;
  for (const auto version : {"http/1.1"sv, "HTTP/1"sv, "HTTP/11"sv, "HTTP/1.10"sv, "HTTP/01.1"sv,
                             "HTTP 1.1"sv, "HTTP/1,1"sv, "HTTPS/1.1"sv, "HTTP/+1.1"sv})
    EXPECT_EQ(error_of_first_line("GET / " + std::string(version)), HeadError::malformed)
        << version;
}

TEST(RequestHead, TellsAnHttp2PrefaceFromNonsense) {
  EXPECT_EQ(request("PRI * HTTP/2.0\r\n\r\n").error, HeadError::unsupported_version);
}

TEST(RequestHead, NeedsExactlyOneValidHost) {
  EXPECT_EQ(request("GET / HTTP/1.1\r\n\r\n").error, HeadError::malformed);
  EXPECT_EQ(request("GET / HTTP/1.0\r\n\r\n").error, HeadError::none);
  EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").error, HeadError::malformed);
  EXPECT_EQ(request("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n").error, HeadError::malformed);
  EXPECT_EQ(request("GET / HTTP/1.1\r\nHost:\r\nHost: a\r\n\r\n").error, HeadError::malformed);
  for (const auto host : {""sv, "a b"sv, "a/b"sv, "a@b"sv, "a?b"sv, "a#b"sv, "a,b"sv, "a\\b"sv,
                          "caf\xC3\xA9"sv, "a\tb"sv, "http://a"sv})
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").error,
              HeadError::malformed)
        << host;
  for (const auto host : {"a"sv, "a.b:80"sv, "127.0.0.1"sv, "[::1]:8080"sv, "my_host"sv})
    EXPECT_EQ(request("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").error,
              HeadError::none)
        << host;
}

TEST(RequestHead, RefusesTwoContentLengthsEvenIfEqual) {
  EXPECT_EQ(error_of_fields("Content-Length: 5\r\nContent-Length: 5\r\n"), HeadError::bad_framing);
  EXPECT_EQ(error_of_fields("Content-Length: 5\r\ncontent-length: 6\r\n"), HeadError::bad_framing);
  EXPECT_EQ(error_of_fields("Content-Length: 5, 5\r\n"), HeadError::bad_framing);
}

TEST(RequestHead, RefusesContentLengthsThatAreNotPlainNumbers) {
  for (const auto value : {""sv, "+5"sv, "-5"sv, "5 5"sv, "0x5"sv, "5,"sv, "05"sv, "00"sv, "5;a"sv,
                           "five"sv, "5.0"sv, "1e3"sv, "\xC2\xB2"sv, "18446744073709551615"sv,
                           "18446744073709551616"sv, "99999999999999999999999999"sv, "\"5\""sv})
    EXPECT_EQ(error_of_fields("Content-Length: " + std::string(value) + "\r\n"),
              HeadError::bad_framing)
        << value;
  for (const auto value : {"0"sv, "5"sv, "999999999999999999"sv})
    EXPECT_EQ(error_of_fields("Content-Length: " + std::string(value) + "\r\n"), HeadError::none)
        << value;
}

TEST(RequestHead, RefusesEverythingThatSmugglesByTransferEncoding) {
  for (const auto lines : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"sv,
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"sv,
           "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"sv,
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"sv,
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"sv,
           "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"sv,
           "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"sv,
           "Transfer-Encoding:\r\n"sv,
           "Transfer-Encoding: \r\n"sv,
           "Transfer-Encoding: identity\r\n"sv,
           "Transfer-Encoding: gzip\r\n"sv,
           "Transfer-Encoding: gzip, chunked\r\n"sv,
           "Transfer-Encoding: chunked, chunked\r\n"sv,
           "Transfer-Encoding: chunked, identity\r\n"sv,
           "Transfer-Encoding: chunked,\r\n"sv,
           "Transfer-Encoding: ,chunked\r\n"sv,
           "Transfer-Encoding: xchunked\r\n"sv,
           "Transfer-Encoding: chunkedx\r\n"sv,
           "Transfer-Encoding: \"chunked\"\r\n"sv,
           "Transfer-Encoding: 'chunked'\r\n"sv,
           "Transfer-Encoding: chunked;q=1\r\n"sv,
           "Transfer-Encoding: chunked; x\r\n"sv,
           "Transfer-Encoding: chun ked\r\n"sv,
           "Transfer-Encoding: chunke\xE4\r\n"sv,
           "Transfer-Encoding:\r\n chunked\r\n"sv,
       })
    EXPECT_EQ(error_of_fields(lines), HeadError::bad_framing) << lines;
  for (const auto lines : {
           "Transfer-Encoding: chunked\x0b\r\n"sv,
           "Transfer-Encoding: \x0b"
           "chunked\r\n"sv,
           "Transfer-Encoding: chunked\0\r\n"sv,
           "Transfer-Encoding:\n chunked\r\n"sv,
           "Transfer-Encoding\x0b: chunked\r\n"sv,
           "X: y\nTransfer-Encoding: chunked\r\n"sv,
           "X: y\rTransfer-Encoding: chunked\r\n"sv,
       })
    EXPECT_EQ(error_of_fields(lines), HeadError::malformed) << lines;
  EXPECT_EQ(request("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").error,
            HeadError::bad_framing);
}

TEST(RequestHead, TakesChunkedInAnyCase) {
  const auto parsed = request("POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-encoding: Chunked\t\r\n\r\n");
  ASSERT_EQ(parsed.error, HeadError::none);
  EXPECT_EQ(parsed.head.framing.kind, Framing::Kind::chunked);
}

TEST(RequestHead, ReadsNoFramingOutOfSimilarNames) {
  const auto parsed = request(
      "POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nX-Transfer-Encoding: chunked\r\n\r\n");
  ASSERT_EQ(parsed.error, HeadError::none);
  EXPECT_EQ(parsed.head.framing.kind, Framing::Kind::none);
}

TEST(RequestHead, RefusesFieldsThatDecideMuchWhenGivenTwice) {
  for (const auto name : {"Authorization"sv, "api-key"sv, "x-api-key"sv, "Content-Type"sv,
                          "Content-Encoding"sv, "Ocp-Apim-Subscription-Key"sv}) {
    const std::string line = std::string(name) + ": a\r\n";
    EXPECT_EQ(error_of_fields(line), HeadError::none) << name;
    EXPECT_EQ(error_of_fields(line + line), HeadError::malformed) << name;
  }
  const auto parsed = request("GET / HTTP/1.1\r\nHost: a\r\nAccept: a\r\nAccept: b\r\n\r\n");
  ASSERT_EQ(parsed.error, HeadError::none);
  EXPECT_EQ(parsed.head.accept, "a");
}

TEST(RequestHead, KeepsItsBounds) {
  const auto text = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n"sv;
  EXPECT_EQ(request(text, {.head_bytes = text.size()}).error, HeadError::none);
  EXPECT_EQ(request(text, {.head_bytes = text.size() - 1}).error, HeadError::too_large);
  EXPECT_EQ(request(text, {.fields = 2}).error, HeadError::none);
  EXPECT_EQ(request(text, {.fields = 1}).error, HeadError::too_large);
}

TEST(RequestHead, FillsTheWholeOfItsBounds) {
  std::string text = "GET /" + std::string(40'000, 'a') + " HTTP/1.1\r\nHost: a\r\nX: ";
  text.append(65536 - text.size() - 4, 'x').append("\r\n\r\n");
  EXPECT_EQ(request(text).error, HeadError::none);
}

TEST(RequestHead, KnowsWhetherTheConnectionStays) {
  const auto keeps = [](std::string_view version, std::string_view lines) {
    std::string text = "GET / ";
    text.append(version).append("\r\nHost: a\r\n").append(lines).append("\r\n");
    const auto parsed = request(text);
    EXPECT_EQ(parsed.error, HeadError::none) << text;
    return parsed.head.keep_alive;
  };
  EXPECT_TRUE(keeps("HTTP/1.1", ""));
  EXPECT_TRUE(keeps("HTTP/1.1", "Connection: keep-alive\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: te, close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", ""));
  EXPECT_TRUE(keeps("HTTP/1.0", "Connection: Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestHead, MarksWhatIsForThisConnectionOnly) {
  const auto parsed = request(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: TE, x-private\r\nTE: trailers\r\n"
      "X-Private: 1\r\nX-Public: 1\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nProxy-Authorization: "
      "b\r\n\r\n");
  ASSERT_EQ(parsed.error, HeadError::none);
  std::vector<bool> marks;
  for (const Field& field : parsed.head.fields) marks.push_back(field.is_hop_by_hop);
  EXPECT_EQ(marks, (std::vector<bool>{false, true, true, true, false, true, true, true}));
}

TEST(RequestHead, BoundsTheOptionsOfAConnection) {
  std::string lines = "Connection: a";
  for (int i = 0; i < 31; ++i) lines += ", a";
  EXPECT_EQ(error_of_fields(lines + "\r\n"), HeadError::none);
  EXPECT_EQ(error_of_fields(lines + ", a\r\n"), HeadError::too_large);
}

TEST(RequestHead, ExpectsContinueOnlyWithABody) {
  const auto expects = [](std::string_view text) {
    const auto parsed = request(text);
    EXPECT_EQ(parsed.error, HeadError::none) << text;
    return parsed.head.expects_continue;
  };
  EXPECT_TRUE(
      expects("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_TRUE(expects(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"));
  EXPECT_FALSE(expects("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n"));
  EXPECT_FALSE(
      expects("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(
      expects("POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"));
}

TEST(RequestHead, NeverQuotesTheMessageInItsReason) {
  for (const auto text : {
           "GET / HTTP/1.1\r\nHost: a\r\nsecret-name\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: secret/\r\n\r\n"sv,
           "GET / secret HTTP/1.1\r\nHost: a\r\n\r\n"sv,
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: secret\r\n\r\n"sv,
       }) {
    const auto parsed = request(text);
    EXPECT_NE(parsed.error, HeadError::none);
    EXPECT_FALSE(parsed.why.empty());
    EXPECT_EQ(parsed.why.find("secret"), std::string::npos) << parsed.why;
  }
}

TEST(ResponseHead, IsTakenApart) {
  const auto head = response(
      "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: 3\r\n"
      "retry-after-ms: 2750\r\napim-request-id: id\r\nx-ms-region: Sweden Central\r\n"
      "x-ratelimit-remaining-tokens: 7\r\nContent-Length: 20\r\n\r\n");
  EXPECT_EQ(head.status, 429);
  EXPECT_EQ(head.reason, "Too Many Requests");
  EXPECT_EQ(head.content_type, "application/json");
  EXPECT_EQ(head.retry_after, "3");
  EXPECT_EQ(head.retry_after_ms, "2750");
  EXPECT_EQ(head.apim_request_id, "id");
  EXPECT_EQ(head.x_ms_region, "Sweden Central");
  EXPECT_EQ(head.x_ratelimit_remaining_tokens, "7");
  EXPECT_EQ(head.framing.kind, Framing::Kind::length);
  EXPECT_EQ(head.framing.length, 20u);
  EXPECT_TRUE(head.keep_alive);
}

TEST(ResponseHead, FramesTheBodyByTheRulesOfTheRfc) {
  struct Case {
    std::string_view first_line, lines;
    bool is_answer_to_head;
    Framing::Kind kind;
    bool keep_alive;
  };
  using Kind = Framing::Kind;
  for (const Case& c : {
           Case{"HTTP/1.1 200 OK", "Content-Length: 5\r\n", false, Kind::length, true},
           Case{"HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", false, Kind::chunked, true},
           Case{"HTTP/1.1 200 OK", "", false, Kind::until_close, false},
           Case{"HTTP/1.0 200 OK", "", false, Kind::until_close, false},
           Case{"HTTP/1.0 200 OK", "Content-Length: 5\r\n", false, Kind::length, false},
           Case{"HTTP/1.1 200 OK", "Content-Length: 5\r\nConnection: close\r\n", false,
                Kind::length, false},
           Case{"HTTP/1.1 204 No Content", "", false, Kind::none, true},
           Case{"HTTP/1.1 204 No Content", "Content-Length: 5\r\n", false, Kind::none, true},
           Case{"HTTP/1.1 204 No Content", "Transfer-Encoding: chunked\r\n", false, Kind::none,
                false},
           Case{"HTTP/1.1 304 Not Modified", "Content-Length: 5\r\n", false, Kind::none, true},
           Case{"HTTP/1.1 100 Continue", "", false, Kind::none, true},
           Case{"HTTP/1.1 200 OK", "Content-Length: 5\r\n", true, Kind::none, true},
           Case{"HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\n", true, Kind::none, true},
           Case{"HTTP/1.1 200 OK", "", true, Kind::none, true},
       }) {
    std::string text(c.first_line);
    text.append("\r\n").append(c.lines).append("\r\n");
    const auto head = response(text, HeadError::none, c.is_answer_to_head);
    EXPECT_EQ(head.framing.kind, c.kind) << text;
    EXPECT_EQ(head.keep_alive, c.keep_alive) << text;
  }
}

TEST(ResponseHead, IsAsStrictAsARequest) {
  for (const auto lines : {"Content-Length: 5\r\nContent-Length: 5\r\n"sv,
                           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"sv,
                           "Content-Length: -1\r\n"sv, "Transfer-Encoding: gzip, chunked\r\n"sv})
    response("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n", HeadError::bad_framing);
  response("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", HeadError::bad_framing);
  for (const auto text : {"HTTP/1.1 200 OK\nX: y\r\n\r\n"sv, "HTTP/1.1 200 OK\r\nX : y\r\n\r\n"sv,
                          "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"sv,
                          "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"sv, "\r\nHTTP/1.1 200 OK\r\n\r\n"sv})
    response(text, HeadError::malformed);
}

TEST(ResponseHead, RefusesStatusLinesOfAnotherForm) {
  for (const auto line :
       {"HTTP/1.1 200"sv, "HTTP/1.1 20 OK"sv, "HTTP/1.1 2000 OK"sv, "HTTP/1.1  200 OK"sv,
        "HTTP/1.1 099 OK"sv, "HTTP/1.1 600 OK"sv, "HTTP/1.1 2x0 OK"sv, "HTTP/1.1\t200 OK"sv,
        "HTTP/1.1200 OK"sv, "http/1.1 200 OK"sv, "200 OK"sv, "ICY 200 OK"sv})
    response(std::string(line) + "\r\n\r\n", HeadError::malformed);
  response("HTTP/2.0 200 OK\r\n\r\n", HeadError::unsupported_version);
  EXPECT_EQ(response("HTTP/1.1 200 \r\n\r\n").reason, "");
  EXPECT_EQ(response("HTTP/1.1 404 Gone  fishing\r\n\r\n").reason, "Gone  fishing");
}

TEST(FindField, IsByNameInAnyCase) {
  const auto parsed = request("GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nx-one: 2\r\n\r\n");
  ASSERT_EQ(parsed.error, HeadError::none);
  ASSERT_NE(find_field(parsed.head.fields, "x-ONE"), nullptr);
  EXPECT_EQ(find_field(parsed.head.fields, "x-ONE")->value, "1");
  EXPECT_EQ(find_field(parsed.head.fields, Name::host)->value, "a");
  EXPECT_EQ(find_field(parsed.head.fields, "x-two"), nullptr);
  EXPECT_EQ(find_field(parsed.head.fields, Name::te), nullptr);
}

TEST(NameOf, KnowsNamesInAnyCaseAndNoOthers) {
  EXPECT_EQ(name_of("content-type"), Name::content_type);
  EXPECT_EQ(name_of("CONTENT-TYPE"), Name::content_type);
  EXPECT_EQ(name_of("Te"), Name::te);
  EXPECT_EQ(name_of("Via"), Name::via);
  EXPECT_EQ(name_of("x-RateLimit-Remaining-Requests"), Name::x_ratelimit_remaining_requests);
  EXPECT_EQ(name_of("x-ratelimit-remaining-requests-longer"), Name::other);
  EXPECT_EQ(name_of("content_type"), Name::other);
  EXPECT_EQ(name_of("content-typ"), Name::other);
  EXPECT_EQ(name_of("content\rtype"), Name::other);
  EXPECT_EQ(name_of("X-Tollgate-sEssion"), Name::x_tollgate_session);
  EXPECT_EQ(name_of("x-tollgaXX-session"), Name::other);  // both ends are those of a known name
  EXPECT_EQ(name_of(""), Name::other);
}

}  // namespace
}  // namespace tollgate::http
