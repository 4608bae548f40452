#include "config/server_fields.hpp"

#include "config/identity_fields.hpp"

namespace tollgate::config {
namespace {

constexpr std::size_t kib = 1024, mib = 1024 * kib, gib = 1024 * mib;
constexpr CountValue connection_count{1, 1'000'000};

Fields<ServerTls> tls_fields() {
  Fields<ServerTls> f;
  f.required("certificate", &ServerTls::certificate_file, FileValue{"/etc/tollgate/tls.crt"},
             "PEM file with the certificate chain, the server's own certificate first.");
  f.required("key", &ServerTls::key_file, FileValue{"/etc/tollgate/tls.key"},
             "PEM file with the private key.");
  add_client_certificate_fields(f);
  return f;
}

Fields<ServerLimits> server_limit_fields() {
  Fields<ServerLimits> f;
  f.optional("headers", &ServerLimits::header_bytes, SizeValue{kib, 16 * mib},
             "Largest request line and headers together; more is a 431.");
  f.optional("body", &ServerLimits::body_bytes, SizeValue{kib, gib},
             "Largest request body; more is a 413.");
  f.optional("message", &ServerLimits::message_bytes, SizeValue{kib, gib},
             "Largest message of a WebSocket, its fragments together; more closes it with 1009.");
  f.optional("header_time", &ServerLimits::header_time, DurationValue{},
             "Longest time from a request's first byte to the end of its headers.");
  f.optional("body_time", &ServerLimits::body_time, DurationValue{},
             "Longest time from the end of the headers to the end of the body.");
  f.optional("idle", &ServerLimits::idle, DurationValue{},
             "How long a connection may wait for its next request; keep it above the clients' own "
             "keep-alive time.");
  f.optional("write_stall", &ServerLimits::write_stall, DurationValue{},
             "How long a client may take no bytes before its connection is closed.");
  f.optional("worker_wait", &ServerLimits::worker_wait, DurationValue{},
             "How long requests may wait for a busy worker. When they have waited longer for a second, some "
             "are refused with a 503, in at most a thirtieth of the worker's time.");
  f.optional("connections", &ServerLimits::connections_per_worker, connection_count,
             "Most client connections a worker.");
  return f;
}

}  // namespace

Fields<ServerConfig> server_fields() {
  Fields<ServerConfig> f;
  f.optional("listen", &ServerConfig::listen, ListenValue{},
             "Address of the data plane. 0.0.0.0 and [::] serve every network.");
  f.optional_group("tls", &ServerConfig::tls, tls_fields(),
                   "Certificate of the data plane; without it, plain HTTP.");
  f.optional("admin", &ServerConfig::admin, ListenValue{},
             "Address of the admin plane: metrics, health, status and keys.");
  add_admin_token_field(f);
  f.optional("workers", &ServerConfig::workers, CountValue{0, 256},
             "Threads that serve requests; 0 is one a core.");
  f.optional("drain", &ServerConfig::drain, DurationValue{Milliseconds(0)},
             "How long running requests may go on after SIGTERM.");
  f.optional("drain_grace", &ServerConfig::drain_grace, DurationValue{Milliseconds(0)},
             "How long to stay not ready but accepting before the drain, so that a load balancer "
             "notices.");
  f.optional("watch_files", &ServerConfig::watch_files, FlagValue{},
             "Reload when a file of the configuration changes.");
  f.group("limits", &ServerConfig::limits, server_limit_fields(),
          "Bounds on what one client can take up.");
  return f;
}

Fields<RecordsConfig> records_fields() {
  Fields<RecordsConfig> f;
  f.optional("path", &RecordsConfig::path, TextValue{"access.jsonl"},
             "File that gets one JSON line a request; \"-\" is standard output, off is none.");
  f.optional("buffer", &RecordsConfig::buffer_bytes, SizeValue{64 * kib, 4 * gib},
             "Most that may wait for the writer; records above it are dropped and counted.");
  return f;
}

Fields<LogConfig> log_fields() {
  Fields<LogConfig> f;
  f.optional("level", &LogConfig::level, WordValue{{"error", "warn", "info", "debug"}},
             "How much the gateway's own log says.");
  return f;
}

}  // namespace tollgate::config
