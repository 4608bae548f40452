// How an exchange ended.
#pragma once

#include "tollgate/error.hpp"

namespace tollgate {

enum class End : unsigned char {
  complete,     // the whole answer was delivered, whatever its status
  truncated,    // the upstream broke off after the first byte; the client was told so
  stopped,      // a filter wanted no more
  client_gone,  // the client left first
  refused,      // answered by the gateway itself with an error
};

struct Outcome {
  End end = End::complete;
  ErrorKind error = ErrorKind::none;
  ErrorSource source = ErrorSource::none;
};

const char* name_of(End end) noexcept;
const char* name_of(ErrorSource source) noexcept;

}  // namespace tollgate
