#include "http/websocket_handshake.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tollgate::http::websocket_handshake_test {
namespace {

// The example of RFC 6455 section 1.2.
constexpr const char* key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr const char* accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

std::string request(const std::string& more, const std::string& version = "13") {
  return "GET /v1/realtime HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: " + version + "\r\n" + more + "\r\n";
}

ClientHandshake read(const std::string& text) {
  RequestHead head;
  std::string why;
  EXPECT_EQ(parse_request(text, Limits{}, head, why), HeadError::none) << why;
  return read_client_handshake(head.fields);
}

HandshakeFault fault_of(const std::string& text) { return read(text).fault; }

TEST(ClientHandshake, IsAcceptedAsInTheStandard) {
  const auto found = read(request(std::string("Sec-WebSocket-Key: ") + key + "\r\n"));
  EXPECT_EQ(found.fault, HandshakeFault::none);
  EXPECT_EQ(found.accept, accept);
}

TEST(ClientHandshake, TakesNamesInAnyCaseAndListsOfConnections) {
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: h\r\nconnection: keep-alive\r\nCONNECTION: UPGRADE\r\nupgrade: WebSocket\r\n"
                     "sec-websocket-version: 13\r\nsec-websocket-key: " + std::string(key) + "\r\n\r\n"),
            HandshakeFault::none);
}

TEST(ClientHandshake, MustAskForAnUpgrade) {
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), HandshakeFault::not_asked);
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n"), HandshakeFault::not_asked);
  EXPECT_EQ(fault_of("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), HandshakeFault::not_asked);
}

TEST(ClientHandshake, HasOneVersion) {
  const std::string good = std::string("Sec-WebSocket-Key: ") + key + "\r\n";
  EXPECT_EQ(fault_of(request(good, "8")), HandshakeFault::bad_version);
  EXPECT_EQ(fault_of(request(good, "013")), HandshakeFault::bad_version);
  EXPECT_EQ(fault_of(request(good + "Sec-WebSocket-Version: 13\r\n")), HandshakeFault::bad_version);
}

TEST(ClientHandshake, HasOneKeyOfSixteenBytes) {
  EXPECT_EQ(fault_of(request("")), HandshakeFault::malformed);
  for (const char* bad : {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ==AAAA",
                          "dGhlIHNhbXBsZSBub25j!Q==", "dGhlIHNhbXBsZSBub25jZQA="}) {
    EXPECT_EQ(fault_of(request(std::string("Sec-WebSocket-Key: ") + bad + "\r\n")), HandshakeFault::malformed) << bad;
  }
  const std::string line = std::string("Sec-WebSocket-Key: ") + key + "\r\n";
  EXPECT_EQ(fault_of(request(line + line)), HandshakeFault::malformed);
}

std::string refusal(const std::string& fields, const char* protocols = "realtime, openai-beta.realtime-v1") {
  ResponseHead head;
  std::string why;
  const std::string text = "HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\n";  // the head points into it
  EXPECT_EQ(parse_response(text, false, Limits{}, head, why), HeadError::none);
  return std::string(refuse_server_handshake(head, key, protocols));
}

TEST(ServerHandshake, MustAcceptWhatWasOffered) {
  const std::string good = std::string("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ") + accept + "\r\n";
  EXPECT_EQ(refusal(good), "");
  EXPECT_EQ(refusal(good + "Sec-WebSocket-Protocol: realtime\r\n"), "");
  EXPECT_NE(refusal(good + "Sec-WebSocket-Protocol: other\r\n"), "");
  EXPECT_NE(refusal(good + "Sec-WebSocket-Protocol: realtime\r\n", ""), "");
  EXPECT_NE(refusal(good + "Sec-WebSocket-Extensions: permessage-deflate\r\n"), "");
  EXPECT_NE(refusal(std::string("Upgrade: websocket\r\nSec-WebSocket-Accept: ") + accept + "\r\n"), "");
  EXPECT_NE(refusal("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: c3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "");
  EXPECT_NE(refusal("Upgrade: websocket\r\nConnection: Upgrade\r\n"), "");
}

TEST(ServerHandshake, AcceptsAKeyOfOurOwn) {
  const std::string ours = make_handshake_key();
  EXPECT_EQ(ours.size(), 24u);
  EXPECT_NE(ours, make_handshake_key());
  EXPECT_EQ(fault_of(request("Sec-WebSocket-Key: " + ours + "\r\n")), HandshakeFault::none);
}

}  // namespace
}  // namespace tollgate::http::websocket_handshake_test
