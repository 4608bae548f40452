#include "sharing/redis_address.hpp"

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace tollgate::sharing {

namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw std::runtime_error("redis: " + why + "; expected redis://host:port/db or rediss://");
}

int number(std::string_view text, int largest, const char* what) {
  int out = -1;
  const auto end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out);
  if (error != std::errc() || stop != end || out < 0 || out > largest) {
    refuse(std::string(what) + " '" + std::string(text) + "' is not a number up to " +
           std::to_string(largest));
  }
  return out;
}

}  // namespace

RedisAddress parse_redis_address(const std::string& text) {
  std::string_view rest = text;
  RedisAddress out;
  out.endpoint.port = 6379;
  if (rest.starts_with("rediss://")) {
    rest.remove_prefix(9);
  } else if (rest.starts_with("redis://")) {
    rest.remove_prefix(8);
    out.endpoint.is_tls = false;
  } else {
    refuse("the address has no redis:// in front");
  }
  if (rest.find('@') != rest.npos) refuse("user and password have fields of their own");
  if (const auto slash = rest.find('/'); slash != rest.npos) {
    const auto db = rest.substr(slash + 1);
    if (!db.empty()) out.db = number(db, 1'000'000, "data base");
    rest = rest.substr(0, slash);
  }
  out.endpoint.authority = rest;
  if (rest.starts_with("[")) {
    const auto close = rest.find(']');
    if (close == rest.npos) refuse("the address lacks a ]");
    out.endpoint.host = rest.substr(1, close - 1);
    rest.remove_prefix(close + 1);
  } else {
    const auto colon = rest.find(':');
    out.endpoint.host = rest.substr(0, colon);
    rest = colon == rest.npos ? std::string_view() : rest.substr(colon);
  }
  if (out.endpoint.host.empty()) refuse("the address has no host");
  if (!rest.empty()) {
    if (rest.front() != ':') refuse("there is '" + std::string(rest) + "' behind the host");
    out.endpoint.port = static_cast<std::uint16_t>(number(rest.substr(1), 65'535, "port"));
  }
  return out;
}

}  // namespace tollgate::sharing
