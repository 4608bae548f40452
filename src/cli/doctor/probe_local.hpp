// What is on this machine: files that are written, addresses that are listened on.
#pragma once

#include "cli/doctor/probe.hpp"

#include <vector>

namespace tollgate::cli::doctor {

// Blocks for a moment; makes and changes nothing.
std::vector<FileSeen> look_at_files(const Config& config);

// Takes the addresses of data and admin plane for a moment, and asks who has those that are taken.
awaitable<void> probe_listeners(Surroundings& around, const ServerConfig& server, std::vector<ListenSeen>& seen);

}  // namespace tollgate::cli::doctor
