// When the next token is fetched: ahead of the end of this one, or after a failure.
// Pure.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/credential.hpp"

#include <chrono>

namespace tollgate::credentials {

// How long after it was asked for a token is replaced. `refresh_in` 0: the endpoint gave no advice. `chance`
// from 0 to 1 spreads it over a tenth more or less, so that several gateways do not ask together.
Duration refresh_after(std::chrono::seconds lifetime, std::chrono::seconds refresh_in, double chance);

// An attempt that gave no token.
struct Failure {
  int status = 0;                             // of the answer, 0: there was none, or it held no token
  std::chrono::milliseconds retry_after{-1};  // what the answer advised, < 0: nothing
};

// Whether it is of no use to ask again before somebody has changed something: the endpoint has
// understood and refused.
bool is_refusal(CredentialKind kind, int status) noexcept;

// How long to wait after the last of `failures` attempts in a row that failed. `remaining`: how long the
// token at hand is still good for, 0 when there is none.
Duration retry_after(CredentialKind kind, const Failure& last, int failures, Duration remaining, double chance);

// Attempts in a row that failed. When the token at hand has ended calls are turned away, and the waits begin anew:
// those that were long because nobody waited would be the longest just then.
class Retries {
 public:
  bool is_failing() const noexcept { return failures_ > 0; }

  // An attempt has failed; how long to wait after it. The arguments are those of retry_after().
  Duration fail(CredentialKind kind, const Failure& last, Duration remaining, double chance);

 private:
  int failures_ = 0;
  bool had_token_ = false;  // at the latest of them
};

}  // namespace tollgate::credentials
