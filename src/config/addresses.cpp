// Addresses of the configuration: to listen on, to call, in front of a path.
#include "config/characters.hpp"
#include "config/problem.hpp"
#include "config/values.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>

namespace tollgate::config {
namespace {

// "host:port" taken apart; the port is "" when there is none.
struct HostPort {
  std::string_view host;
  std::string_view port;
  bool has_port = false;
  bool is_bracketed = false;
};

std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort out;
  if (text.starts_with('[')) {
    std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    out.host = text.substr(1, end - 1);
    out.is_bracketed = true;
    text.remove_prefix(end + 1);
    if (text.empty()) return out;
    if (text.front() != ':') return std::nullopt;
  } else {
    std::size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    if (colon == std::string_view::npos) return out;
    text.remove_prefix(colon);
  }
  out.port = text.substr(1);
  out.has_port = true;
  return out;
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  std::size_t start = 0;
  bool is_all_numeric = true;
  while (start <= host.size()) {
    std::size_t dot = std::min(host.find('.', start), host.size());
    std::string_view label = host.substr(start, dot - start);
    bool is_label = !label.empty() && label.size() <= 63 && label.front() != '-' &&
                    label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
                      return is_alnum(c) || c == '-' || c == '_';
                    });
    if (!is_label) return false;
    is_all_numeric = is_all_numeric && std::all_of(label.begin(), label.end(), is_digit);
    start = dot + 1;
  }
  return !is_all_numeric;  // 10.0.0.300 is a slip, not a name
}

bool is_path_char(char c) { return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

// "/a/b": segments of plain characters, none empty, none that climbs.
bool is_plain_path(std::string_view path) {
  while (!path.empty()) {
    if (path.front() != '/') return false;
    path.remove_prefix(1);
    std::size_t slash = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (!std::all_of(segment.begin(), segment.end(), is_path_char)) return false;
    path.remove_prefix(slash);
  }
  return true;
}

// An address that packets from outside the own network do not reach (RFC 1918, RFC 3927).
bool is_own_network(const std::string& host) {
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) != 1) return false;
  const std::uint32_t bits = ntohl(address.s_addr);
  return bits >> 24 == 10 || bits >> 20 == 0xac1 || bits >> 16 == 0xc0a8 || bits >> 16 == 0xa9fe;
}

bool is_host(const HostPort& parts) {
  std::string host = lower(parts.host);
  return parts.is_bracketed ? is_ipv6(host) : is_ipv4(host) || is_host_name(host);
}

}  // namespace

std::optional<ListenAddress> parse_listen(std::string_view text, Fault& fault) {
  auto refuse = [&](const std::string& why, std::string suggestion = {}) {
    fault = {cited(text) + " " + why +
                 "; write host:port such as 127.0.0.1:8080, "
                 "\"[::1]:8080\", or 0.0.0.0:8080 for every network",
             std::move(suggestion)};
    return std::nullopt;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_digit))
    return refuse("is only a port", "127.0.0.1:" + std::string(text));
  auto parts = split_host_port(text);
  if (!parts) return refuse("is not an address to listen on");
  if (parts->host.empty())
    return refuse("does not say the host", "127.0.0.1:" + std::string(parts->port));
  std::string host(parts->host);
  if (host == "localhost" && !parts->is_bracketed) host = "127.0.0.1";
  bool is_address = parts->is_bracketed ? is_ipv6(host) : is_ipv4(host);
  if (!is_address) return refuse("is not an IP address with a port");
  auto port = number<std::uint16_t>(parts->port);
  if (!parts->has_port || !port) return refuse("has no port between 0 and 65535");
  return ListenAddress{std::move(host), *port};
}

std::string to_text(const ListenAddress& address) {
  bool is_v6 = address.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text, Fault& fault) {
  constexpr auto write = "; write the resource's address such as https://contoso.openai.azure.com";
  // The text is not shown: somebody may have put a credential into the URL.
  auto refuse = [&](const char* why, std::string suggestion = {}) {
    fault = {std::string("the endpoint ") + why + write, std::move(suggestion)};
    return std::nullopt;
  };
  Endpoint endpoint;
  std::string scheme = lower(text.substr(0, text.find("://")));
  if (text.find("://") == std::string_view::npos || (scheme != "https" && scheme != "http"))
    return refuse("does not start with https://");
  endpoint.is_tls = scheme == "https";
  text.remove_prefix(scheme.size() + 3);
  std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, end);
  std::string_view path = text.substr(end);
  if (authority.find('@') != std::string_view::npos)
    return refuse("holds a user name; credentials have their own field");

  auto parts = split_host_port(authority);
  if (!parts) return refuse("has no valid host");
  endpoint.host = lower(parts->host);
  if (!is_host(*parts)) return refuse("has no valid host");
  endpoint.port = endpoint.is_tls ? 443 : 80;
  if (parts->has_port) {
    auto port = number<std::uint16_t>(parts->port);
    if (!port || *port == 0) return refuse("has no port between 1 and 65535");
    endpoint.port = *port;
  }
  bool is_usual_port = endpoint.port == (endpoint.is_tls ? 443 : 80);
  endpoint.authority = parts->is_bracketed ? "[" + endpoint.host + "]" : endpoint.host;
  std::string start = scheme + "://" + endpoint.authority;
  if (!is_usual_port) {
    endpoint.authority += ":" + std::to_string(endpoint.port);
    start += ":" + std::to_string(endpoint.port);
  }
  if (path.find_first_of("?#") != std::string_view::npos)
    return refuse("goes on after the address (with '?' or '#')", start);
  while (path.ends_with('/')) path.remove_suffix(1);
  // The portal shows ".../openai/deployments/..." and ".../openai/v1"; that part is added by the
  // gateway to every call.
  std::size_t own = path.find("/openai");
  std::string_view after = own == std::string_view::npos ? "-" : path.substr(own + 7);
  if (after.empty() || after.front() == '/')
    return refuse("must end before /openai", start + std::string(path.substr(0, own)));
  if (!is_plain_path(path)) return refuse("has a path that is not plain");
  endpoint.base_path = path;
  return endpoint;
}

std::optional<NameServer> parse_name_server(std::string_view text, Fault& fault) {
  const bool is_bare_v6 = is_ipv6(std::string(text));
  const auto parts = is_bare_v6 ? HostPort{text, {}, false, true} : split_host_port(text).value_or(HostPort{});
  const std::string host(parts.host);
  const bool is_address = parts.is_bracketed ? is_ipv6(host) : is_ipv4(host);
  const auto port = parts.has_port ? number<std::uint16_t>(parts.port) : std::uint16_t{53};
  if (is_address && port && *port != 0) return NameServer{host, *port};
  fault = {cited(text) + " is not the address of a name server; write an IP address such as 10.0.0.4, 10.0.0.4:5353 "
                         "or \"[fd00::4]:53\"",
           {}};
  return std::nullopt;
}

bool is_loopback(std::string_view host) {
  std::string text(host);
  return text == "localhost" || text == "::1" || (is_ipv4(text) && text.starts_with("127."));
}

std::optional<std::string> parse_path_prefix(std::string_view text, Fault& fault) {
  constexpr auto write = "; write a path such as /team-a";
  auto refuse = [&](const char* why, std::string suggestion = {}) {
    fault = {cited(text) + why + write, std::move(suggestion)};
    return std::nullopt;
  };
  if (!text.starts_with('/')) return refuse(" does not start with '/'", "/" + std::string(text));
  if (text.ends_with('/') && text.size() > 1)
    return refuse(" ends with '/'", std::string(text.substr(0, text.size() - 1)));
  if (text.size() > 128 || text == "/" || !is_plain_path(text))
    return refuse(" is not a plain path");
  std::string_view first = text.substr(1, text.find('/', 1) - 1);
  if (first == "openai" || first == "v1") return refuse(" begins like the API's own paths");
  return std::string(text);
}

std::optional<std::string> parse_redis(std::string_view text, Fault& fault) {
  // The text is not shown: somebody may have put a password into it.
  auto refuse = [&](const char* why) {
    fault = {std::string("the address of Redis ") + why +
                 "; write redis://host:port, or rediss://host:port for TLS",
             {}};
    return std::nullopt;
  };
  std::string_view scheme = text.starts_with("rediss://") ? "rediss://" : "redis://";
  if (!text.starts_with(scheme)) return refuse("does not start with redis:// or rediss://");
  text.remove_prefix(scheme.size());
  std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  std::string_view authority = text.substr(0, end);
  std::string_view database = text.substr(end);
  if (authority.find('@') != std::string_view::npos)
    return refuse("holds a user name or password; they have their own fields");
  auto parts = split_host_port(authority);
  if (!parts || !is_host(*parts)) return refuse("has no valid host");
  auto port = parts->has_port ? number<std::uint16_t>(parts->port) : std::uint16_t{6379};
  if (!port || *port == 0) return refuse("has no port between 1 and 65535");
  if (database == "/") database = {};
  bool is_database = database.empty() || (database.size() <= 6 && database.front() == '/' &&
                                          number<std::uint16_t>(database.substr(1)));
  if (!is_database)
    return refuse("goes on after the port with something other than a database number");
  std::string host = lower(parts->host);
  return std::string(scheme) + (parts->is_bracketed ? "[" + host + "]" : host) + ":" +
         std::to_string(*port) + std::string(database);
}

std::optional<std::string> parse_webhook(std::string_view text, Fault& fault) {
  // The text is not shown: the path of a webhook is often what authorizes the caller.
  auto refuse = [&](const char* why) {
    fault = {std::string("the webhook ") + why +
                 "; write its address such as https://host/path, or "
                 "env:NAME or file:PATH when the address is a secret",
             {}};
    return std::nullopt;
  };
  bool is_tls = text.starts_with("https://");
  if (!is_tls && !text.starts_with("http://")) return refuse("does not start with https://");
  std::string_view rest = text.substr(is_tls ? 8 : 7);
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos)
    return refuse("holds a user name; a credential goes into `token`");
  auto parts = split_host_port(authority);
  if (!parts || !is_host(*parts)) return refuse("has no valid host");
  if (parts->has_port && number<std::uint16_t>(parts->port).value_or(0) == 0)
    return refuse("has no port between 1 and 65535");
  if (!is_tls && !is_loopback(lower(parts->host)))
    return refuse("is http:// to another machine, which would tell everybody on the way");
  bool is_plain = std::all_of(rest.begin(), rest.end(), [](char c) {
    return is_alnum(c) ||
           std::string_view("-._~:/?[]@!$&'()*+,;=%").find(c) != std::string_view::npos;
  });
  if (!is_plain) return refuse("holds a character that an address cannot hold");
  return std::string(text);
}

std::optional<std::string> parse_token_url(std::string_view text, bool is_machines, Fault& fault) {
  const std::string write =
      is_machines ? "; write it such as http://169.254.169.254" : "; write it such as https://login.microsoftonline.com";
  auto refuse = [&](const char* why) {
    fault = {std::string(is_machines ? "the endpoint " : "the authority ") + why + write, {}};
    return std::nullopt;
  };
  const bool is_tls = text.starts_with("https://");
  if (!is_tls && !text.starts_with("http://")) return refuse("does not start with https://");
  const std::string_view rest = text.substr(is_tls ? 8 : 7);
  const std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.find('@') != std::string_view::npos) return refuse("holds a user name; credentials have their own fields");
  const auto parts = split_host_port(authority);
  if (!parts || !is_host(*parts)) return refuse("has no valid host");
  if (parts->has_port && number<std::uint16_t>(parts->port).value_or(0) == 0)
    return refuse("has no port between 1 and 65535");
  const std::string host = lower(parts->host);
  const bool is_safe = is_tls || is_loopback(host) || (is_machines && is_own_network(host));
  if (!is_safe) return refuse("is http:// to another machine, which would tell the secret to everybody on the way");
  std::string_view path = rest.substr(authority.size());
  const bool has_slash = path.ends_with('/');
  while (path.ends_with('/')) path.remove_suffix(1);
  if (!is_plain_path(path)) return refuse("has a path that is not plain");
  std::string url = std::string(is_tls ? "https://" : "http://") + std::string(authority) + std::string(path);
  if (is_machines && has_slash) url += '/';
  return url;
}

}  // namespace tollgate::config
