// Words of the configuration that carry a unit or a shape, as pure functions: text in, value out.
#pragma once

#include "tollgate/config.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace tollgate::config {

// Why a word is not the value asked for, and the word that was probably meant.
struct Fault {
  std::string message;
  std::string suggestion;
};

// 250ms, 30s, 10m, 1h
std::optional<Milliseconds> parse_duration(std::string_view text, Fault& fault);
std::string to_text(Milliseconds duration);

// 500B, 64KiB, 32MiB, 1GiB
std::optional<std::size_t> parse_size(std::string_view text, Fault& fault);
std::string size_to_text(std::size_t bytes);

// 450k/minute: tokens a minute
std::optional<std::int64_t> parse_rate(std::string_view text, Fault& fault);

// A count without a unit.
std::optional<std::int64_t> parse_count(std::string_view text, Fault& fault);

// 127.0.0.1:8080, [::1]:8080, localhost:8080. The host must be said; port 0 means any free one.
std::optional<ListenAddress> parse_listen(std::string_view text, Fault& fault);
std::string to_text(const ListenAddress& address);

// https://host[:port][/base]
std::optional<Endpoint> parse_endpoint(std::string_view text, Fault& fault);

// Where tokens come from: an authority of Entra ID, kept without a slash at the end, or an endpoint of the
// machine, kept as it is. Secrets travel there: http:// is for this machine alone, or for what only the
// machine can reach (link-local and private addresses).
std::optional<std::string> parse_token_url(std::string_view text, bool is_machines, Fault& fault);
// 10.0.0.4, 10.0.0.4:5353, [fd00::4]:53
std::optional<NameServer> parse_name_server(std::string_view text, Fault& fault);

// Whether `host` can only be this machine: localhost, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view host);

// /team-a: what an app may have in front of every path.
std::optional<std::string> parse_path_prefix(std::string_view text, Fault& fault);

// redis://host[:port][/database] or rediss://...; the port is always in what is returned.
std::optional<std::string> parse_redis(std::string_view text, Fault& fault);

// An https:// address with any path and query; http:// only on this machine.
std::optional<std::string> parse_webhook(std::string_view text, Fault& fault);

// What deployments, models, products and subscriptions may be called: it goes into URLs, headers
// and metric labels.
inline constexpr std::string_view name_pattern = "^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$";
bool is_name(std::string_view text);

}  // namespace tollgate::config
