// What a reload cannot change because it was set up once, at the start.
#include "config/load.hpp"

namespace tollgate::config {
namespace {

bool is_same(const ListenAddress& a, const ListenAddress& b) {
  return a.host == b.host && a.port == b.port;
}

void add_sharing(const SharingConfig& a, const SharingConfig& b, std::vector<std::string>& fields) {
  if (a.redis.empty() != b.redis.empty()) return fields.push_back("sharing");
  if (a.redis != b.redis) fields.push_back("sharing.redis");
  if (a.user != b.user) fields.push_back("sharing.user");
  if (a.password.reveal() != b.password.reveal()) fields.push_back("sharing.password");
  if (a.ca_file != b.ca_file) fields.push_back("sharing.ca");
  if (a.network != b.network) fields.push_back("sharing.network");
  if (a.prefix != b.prefix) fields.push_back("sharing.prefix");
  if (a.mode != b.mode) fields.push_back("sharing.mode");
  if (a.lease_percent != b.lease_percent) fields.push_back("sharing.lease");
  if (a.timeout != b.timeout) fields.push_back("sharing.timeout");
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
  if (before.identity.keys_path != after.identity.keys_path) fields.push_back("identity.keys");
  if (before.identity.audit_path != after.identity.audit_path) fields.push_back("identity.audit");
  if (before.records.path != after.records.path) fields.push_back("records.path");
  if (before.records.buffer_bytes != after.records.buffer_bytes) fields.push_back("records.buffer");
  // The ledger's writer has its file open, the pots their connections to Redis.
  if (before.ledger.path != after.ledger.path) fields.push_back("ledger.path");
  if (before.ledger.flush != after.ledger.flush) fields.push_back("ledger.flush");
  if (before.ledger.is_strict != after.ledger.is_strict) fields.push_back("ledger.durability");
  if (before.affinity.path != after.affinity.path) fields.push_back("affinity.path");
  if (before.affinity.entries != after.affinity.entries) fields.push_back("affinity.entries");
  add_sharing(before.sharing, after.sharing, fields);
  return fields;
}

}  // namespace tollgate::config
