// What probes have seen, as plain data: nothing here knows a socket, so that each verdict can be
// tested without one.
#pragma once

#include "net/connect_trace.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tollgate::cli::doctor {

// The way to an endpoint.
struct WaySeen {
  std::string host;
  std::string zone;              // the private DNS zone that answers for such names; "" none is known
  bool is_literal = false;       // nothing is looked up: an address was configured
  bool must_be_private = false;  // network: private
  bool has_own_ca = false;       // `ca` says whom to trust
  Milliseconds allowed{0};       // for all of it
  std::string unreachable_fix;   // what to do when nothing answers, if more is known than of any endpoint
  std::string unusable;          // not "": the files for TLS cannot be used, and why; nothing was tried
  net::ConnectTrace trace;
};

// An answer over HTTP, or that there was none.
struct AnswerSeen {
  std::string problem;  // not "": there was none
  int status = 0;
  bool is_json = false;
  std::string code;     // of an error in Azure's and OpenAI's shape
  std::string message;
  std::string region;   // x-ms-region
  std::string policy;   // policy-id: which network rule refused
  std::string location; // where it sends
  std::optional<WallTime> date;  // the other side's clock
  WallTime at{};                 // ours, half-way through the exchange
  Milliseconds first_byte{0};
};

// The calls of a deployment ask for nothing that could be generated.
struct DeploymentSeen {
  WaySeen way;
  std::string no_token;   // not "": there was none to call with, and why
  AnswerSeen dated;       // by /openai/deployments/NAME
  AnswerSeen v1;          // by /openai/v1
  std::vector<std::string> present;  // other names, tried because this one was not found, that were
};

struct CredentialSeen {
  WaySeen way;
  CredentialKind kind = CredentialKind::managed_identity;
  bool is_metadata_service = false;  // of a virtual machine
  std::string problem;               // not "": there is no token, and why
  std::chrono::seconds lifetime{0};  // of the token
};

struct KeysSeen {
  WaySeen way;
  std::string problem;    // not "": no signing keys, and why
  std::size_t count = 0;  // of keys
  AnswerSeen answer;      // of the first document
};

struct RedisSeen {
  WaySeen way;
  std::string user;
  std::string error;    // in Redis's words
  std::string problem;  // not "": there was no usable answer
  std::optional<WallTime> date;  // its clock
  WallTime at{};                 // ours at that time
  Milliseconds round_trip{0};
  Milliseconds patience{0};      // sharing.timeout
};

// A file that the gateway writes.
struct FileSeen {
  std::string check;  // what it is for: ledger
  std::string path;
  std::string problem;         // why it cannot be written
  bool exists = false;
  bool is_remote = false;      // on a network file system
  bool must_be_local = false;
  std::int64_t free_bytes = 0;
};

// An address to listen on.
struct ListenSeen {
  std::string check;        // listen, admin
  std::string address;
  int code = 0;             // errno of the attempt to take it; 0: it is free
  bool is_served = false;   // by a gateway
};

}  // namespace tollgate::cli::doctor
