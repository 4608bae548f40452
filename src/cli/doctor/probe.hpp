// What probes have in common: the loop they run on, the rule for connections, the time that there is.
// One thread: the loop's.
#pragma once

#include "cli/doctor/evidence.hpp"
#include "net/connect.hpp"
#include "net/egress.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/config.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace tollgate::net {
class Loop;
class TlsClientContext;
}  // namespace tollgate::net

namespace tollgate::cli::doctor {

// Trust is read from files once for all probes that have the same.
class Trust {
 public:
  // Throws std::runtime_error when a file cannot be used.
  std::shared_ptr<net::TlsClientContext> get(const std::string& ca_file, const std::optional<CertificateFiles>& own = {});

 private:
  std::map<std::string, std::shared_ptr<net::TlsClientContext>> contexts_;  // by the files' names
};

struct Surroundings {
  net::Loop& loop;
  net::Perimeter& perimeter;
  Trust& trust;
  TimePoint deadline;  // of everything
};

// Where a probe goes to, and by which rules.
struct Destination {
  Endpoint endpoint;
  net::Egress egress;
  Network network = Network::any;
  std::string ca_file;
  std::optional<CertificateFiles> own;  // shown to the other side
  Milliseconds allowed{5'000};          // for the connection
};

// Opens a connection and notes how that went. Null when it did not; the context is for more connections.
struct Way {
  std::unique_ptr<ByteStream> stream;
  std::shared_ptr<net::TlsClientContext> tls;
};
awaitable<Way> open_way(Surroundings& around, const Destination& to, WaySeen& seen);

}  // namespace tollgate::cli::doctor
