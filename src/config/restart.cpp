// What a reload cannot change because it was set up once, at the start.
#include "config/load.hpp"

namespace tollgate::config {
namespace {

bool is_same(const ListenAddress& a, const ListenAddress& b) {
  return a.host == b.host && a.port == b.port;
}

}  // namespace

std::vector<std::string> needs_restart(const Config& before, const Config& after) {
  const ServerConfig& a = before.server;
  const ServerConfig& b = after.server;
  std::vector<std::string> fields;
  if (!is_same(a.listen, b.listen)) fields.push_back("server.listen");
  // Another certificate is picked up; encrypting or not is a property of the listener.
  if (a.tls.has_value() != b.tls.has_value()) fields.push_back("server.tls");
  if (!is_same(a.admin, b.admin)) fields.push_back("server.admin");
  if (a.workers != b.workers) fields.push_back("server.workers");
  if (a.watch_files != b.watch_files) fields.push_back("server.watch_files");
  if (a.limits.connections_per_worker != b.limits.connections_per_worker)
    fields.push_back("server.limits.connections");
  if (before.records.path != after.records.path) fields.push_back("records.path");
  if (before.records.buffer_bytes != after.records.buffer_bytes) fields.push_back("records.buffer");
  return fields;
}

}  // namespace tollgate::config
