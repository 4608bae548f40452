#include "cli/doctor/probe_local.hpp"

#include "fetch/fetch.hpp"
#include "net/address.hpp"

#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

namespace tollgate::cli::doctor {
namespace {

namespace fs = std::filesystem;

// NFS, CIFS, SMB2.
constexpr std::array<unsigned long, 3> network_file_systems{0x6969, 0xFF534D42, 0xFE534D42};

FileSeen look_at(std::string check, const std::string& path, bool is_database) {
  FileSeen seen;
  seen.check = std::move(check);
  seen.path = path;
  seen.must_be_local = is_database;
  const std::string folder = fs::path(path).parent_path().empty() ? "." : fs::path(path).parent_path().string();
  seen.exists = ::access(path.c_str(), F_OK) == 0;
  if (seen.exists && ::access(path.c_str(), R_OK | W_OK) != 0) {
    seen.problem = std::strerror(errno);
  } else if ((!seen.exists || is_database) && ::access(folder.c_str(), W_OK | X_OK) != 0) {
    seen.problem = "the folder " + folder + ": " + std::strerror(errno);
  }
  struct statfs kind{};
  if (::statfs(folder.c_str(), &kind) == 0)
    for (const unsigned long type : network_file_systems)
      seen.is_remote = seen.is_remote || static_cast<unsigned long>(static_cast<unsigned int>(kind.f_type)) == type;
  struct statvfs space{};
  if (::statvfs(folder.c_str(), &space) == 0)
    seen.free_bytes = static_cast<std::int64_t>(space.f_bavail) * static_cast<std::int64_t>(space.f_frsize);
  return seen;
}

ListenSeen look_at_address(std::string check, const ListenAddress& listen) {
  ListenSeen seen;
  seen.check = std::move(check);
  const auto address = net::parse_address(listen.host, listen.port);
  seen.address = address ? address->text() : listen.host;
  if (!address) {
    seen.code = EADDRNOTAVAIL;
    return seen;
  }
  const int fd = ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  // What ended a moment ago is not in the way; what listens still is.
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, address->get(), address->size) != 0) seen.code = errno;
  if (fd >= 0) ::close(fd);
  return seen;
}

// Where an address that is listened on can be called.
std::string callable(const ListenAddress& listen) {
  if (listen.host == "0.0.0.0") return "127.0.0.1";
  if (listen.host == "::") return "[::1]";
  return listen.host.find(':') == std::string::npos ? listen.host : "[" + listen.host + "]";
}

}  // namespace

std::vector<FileSeen> look_at_files(const Config& config) {
  std::vector<FileSeen> seen;
  const auto is_kept = [](const std::string& path) { return !path.empty() && path != "off" && path != "-"; };
  if (is_kept(config.ledger.path)) seen.push_back(look_at("ledger", config.ledger.path, true));
  if (is_kept(config.affinity.path)) seen.push_back(look_at("affinity", config.affinity.path, true));
  if (is_kept(config.records.path)) seen.push_back(look_at("records", config.records.path, false));
  if (!config.server.admin_token.is_empty()) seen.push_back(look_at("keys", config.identity.keys_path, false));
  seen.push_back(look_at("audit", config.identity.audit_path, false));
  return seen;
}

awaitable<void> probe_listeners(Surroundings& around, const ServerConfig& server, std::vector<ListenSeen>& seen) {
  if (server.listen.port != 0) seen.push_back(look_at_address("listen", server.listen));
  if (server.admin.port != 0) seen.push_back(look_at_address("admin", server.admin));
  bool is_taken = false;
  for (const ListenSeen& one : seen) is_taken = is_taken || one.code == EADDRINUSE;
  if (!is_taken || server.admin.port == 0) co_return;
  fetch::Request health;
  health.url = "http://" + callable(server.admin) + ":" + std::to_string(server.admin.port) + "/healthz";
  const net::Egress egress(around.perimeter, {"admin", ""}, Network::any);
  const TimePoint deadline = std::min(around.deadline, Clock::now() + std::chrono::seconds(2));
  const fetch::Answer answer = co_await fetch::send(around.loop, egress, std::move(health), nullptr, deadline);
  for (ListenSeen& one : seen) one.is_served = answer.body == "alive\n";
}

}  // namespace tollgate::cli::doctor
