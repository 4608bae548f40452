// One access token and how long it is good for.
// Immutable; wiped when it is let go of.
#pragma once

#include "base/wipe.hpp"
#include "tollgate/clock.hpp"

#include <cstdint>
#include <string>

namespace tollgate::credentials {

struct Token {
  std::string text;
  TimePoint obtained{};
  TimePoint expires{};
  TimePoint refresh{};         // another one is fetched from then on
  WallTime expires_wall{};     // for people
  std::uint64_t serial = 0;    // of its cell, from 1
  bool is_renewed = false;     // it was fetched because a deployment had refused the one before
  std::string claims;          // what its request carried after a challenge

  Token() = default;
  Token(const Token&) = default;
  Token& operator=(const Token&) = delete;
  ~Token() { base::wipe(text); }

  bool is_valid(TimePoint now) const noexcept { return now < expires; }
};

}  // namespace tollgate::credentials
