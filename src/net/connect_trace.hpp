// What opening a connection went through, for whoever diagnoses it. Plain data, filled in by connect() for
// those who ask.
#pragma once

#include "base/ip.hpp"
#include "tollgate/clock.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace tollgate::net {

// An address that the egress did not let pass.
struct RefusedAddress {
  std::string address;  // without the port
  base::IpFault fault = base::IpFault::none;
  std::string reason;   // "is a public address"
};

struct AttemptTrace {
  std::string address;  // with the port
  int code = 0;         // errno; 0: it is connected
  std::chrono::milliseconds took{0};
};

// Why a certificate was not accepted.
enum class CertificateFault : unsigned char {
  none,  // it was, or none was seen
  expired,
  not_yet_valid,
  wrong_name,
  unknown_authority,  // a missing intermediate certificate too
  self_signed,        // it, or the authority that was sent along
  other,
};

struct TlsTrace {
  std::string failure;  // "" the handshake was done; else in OpenSSL's words
  CertificateFault fault = CertificateFault::none;
  std::string version;             // TLSv1.3
  std::vector<std::string> names;  // that the certificate is for
  std::string issuer;              // RFC 2253
  std::optional<WallTime> ends;    // absent: no certificate was seen
  std::chrono::milliseconds took{0};
};

struct ConnectTrace {
  std::vector<std::string> addresses;  // that the name stands for, without the port
  std::string unresolved;              // not "": why it stands for none
  bool is_unknown_name = false;        // the name servers answered, and said that there is none
  std::chrono::milliseconds resolved_in{0};
  std::vector<RefusedAddress> refused;
  std::vector<AttemptTrace> attempts;
  std::optional<TlsTrace> tls;  // once there was a connection to begin it on

  bool is_connected() const noexcept {
    return !attempts.empty() && attempts.back().code == 0 && (!tls || tls->failure.empty());
  }
};

}  // namespace tollgate::net
