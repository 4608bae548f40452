// What is on this machine: files, and addresses to listen on.
#include "cli/doctor/judge.hpp"

#include "cli/text.hpp"

#include <cerrno>
#include <cstring>

namespace tollgate::cli::doctor {
namespace {

constexpr std::int64_t mebibyte = 1'024 * 1'024;

std::string space_text(std::int64_t bytes) {
  return bytes >= 1'024 * mebibyte ? grouped(bytes / (1'024 * mebibyte)) + " GiB free"
                                   : grouped(bytes / mebibyte) + " MiB free";
}

}  // namespace

Finding judge_file(const FileSeen& seen) {
  const std::string path = printable(seen.path);
  if (!seen.problem.empty())
    return failed(seen.check, path + ": " + seen.problem,
                  "Make the folder, and let the user that runs the gateway write there. If doctor runs as another user, run it as "
                  "the gateway's.");
  if (seen.is_remote && seen.must_be_local)
    return failed(seen.check, path + " is on a network file system",
                  "Put it on a local disk: the log beside it does not work over a network.");
  if (seen.free_bytes < 16 * mebibyte) return failed(seen.check, path + ", " + space_text(seen.free_bytes), "Make room on the disk.");
  const bool is_little = seen.free_bytes < 512 * mebibyte;
  return {seen.check, is_little ? Verdict::warn : Verdict::ok,
          path + (seen.exists ? ", " : ", will be made, ") + space_text(seen.free_bytes),
          is_little ? "Make room on the disk before it is full." : ""};
}

Finding judge_listen(const ListenSeen& seen) {
  switch (seen.code) {
    case 0: return {seen.check, Verdict::ok, seen.address + " is free", ""};
    case EADDRINUSE:
      if (seen.is_served) return {seen.check, Verdict::ok, seen.address + " is served by a gateway", ""};
      return failed(seen.check, seen.address + " is taken by another program",
                    "End what listens there (ss -ltnp shows it), or write another port.");
    case EACCES:
      return failed(seen.check, seen.address + ": this user may not use the port",
                    "Ports below 1024 need the capability CAP_NET_BIND_SERVICE (AmbientCapabilities= in a systemd unit), or "
                    "write a higher one.");
    case EADDRNOTAVAIL:
      return failed(seen.check, seen.address + " is not an address of this machine",
                    "Write an address of this machine, or 0.0.0.0 to serve every network.");
    default: return failed(seen.check, seen.address + ": " + std::strerror(seen.code), "Look at the address.");
  }
}

}  // namespace tollgate::cli::doctor
