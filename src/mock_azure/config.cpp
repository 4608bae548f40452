#include "mock_azure/config.hpp"

#include <fstream>
#include <functional>
#include <sstream>

#include <yaml-cpp/yaml.h>

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  [[noreturn]] void fail(const YAML::Node& node, const std::string& message) const {
    throw ConfigError(file_ + ":" + std::to_string(node.Mark().line + 1) + ": " + message);
  }

  template <class T>
  T get(const YAML::Node& node, const std::string& key) const {
    try {
      return node.as<T>();
    } catch (const YAML::Exception&) {
      fail(node, "'" + key + "' has a value of the wrong type");
    }
  }

  std::int64_t number(const YAML::Node& node, const std::string& key, std::int64_t low,
                      std::int64_t high) const {
    const auto value = get<std::int64_t>(node, key);
    if (value < low || value > high) {
      fail(node, "'" + key + "' must be from " + std::to_string(low) + " to " +
                     std::to_string(high));
    }
    return value;
  }

  std::chrono::microseconds milliseconds(const YAML::Node& node, const std::string& key) const {
    const auto value = get<double>(node, key);
    if (value < 0 || value > 3'600'000) fail(node, "'" + key + "' must be from 0 to 3600000");
    return std::chrono::microseconds(static_cast<std::int64_t>(value * 1000.0));
  }

  // Calls `field(key, value)` for each entry; a false answer means the key is unknown.
  void each(const YAML::Node& map, const std::string& what,
            const std::function<bool(const std::string&, const YAML::Node&)>& field) const {
    if (!map.IsMap()) fail(map, what + " must be a map");
    for (const auto& entry : map) {
      const auto key = get<std::string>(entry.first, what);
      if (!field(key, entry.second)) fail(entry.first, "unknown field '" + key + "' in " + what);
    }
  }

 private:
  std::string file_;
};

DeploymentConfig read_deployment(const Reader& r, const YAML::Node& node, const std::string& name,
                                 const std::string& region) {
  DeploymentConfig d;
  d.name = name;
  d.model_name = name;
  d.region = region;
  std::int64_t input_tpm = 0;
  r.each(node, "deployment '" + name + "'", [&](const std::string& key, const YAML::Node& v) {
    constexpr std::int64_t most = 1'000'000'000'000;
    if (key == "model") d.model_name = r.get<std::string>(v, key);
    else if (key == "region") d.region = r.get<std::string>(v, key);
    else if (key == "tokens_per_minute") d.tokens_per_minute = r.number(v, key, 0, most);
    else if (key == "requests_per_minute") d.requests_per_minute = r.number(v, key, 0, most);
    else if (key == "units") d.units = r.number(v, key, 1, 1'000'000);
    else if (key == "input_tpm_per_unit") input_tpm = r.number(v, key, 1, most);
    else if (key == "window_seconds") d.window_seconds = r.number(v, key, 1, 3600);
    else if (key == "utilization_header") d.utilization_header = r.get<bool>(v, key);
    else if (key == "async_filter") d.async_filter = r.get<bool>(v, key);
    else if (key == "ttft_ms") d.first_token = r.milliseconds(v, key);
    else if (key == "gap_ms") d.gap = r.milliseconds(v, key);
    else if (key == "kind") {
      const auto kind = r.get<std::string>(v, key);
      if (kind != "ptu" && kind != "payg") r.fail(v, "'kind' must be ptu or payg");
      d.kind = kind == "ptu" ? DeploymentKind::ptu : DeploymentKind::payg;
    } else {
      return false;
    }
    return true;
  });
  if (d.kind == DeploymentKind::ptu && d.units == 0) r.fail(node, "a ptu deployment needs 'units'");
  d.model = describe_model(d.model_name);
  if (input_tpm > 0) d.model.ptu_input_tpm = input_tpm;
  return d;
}

void read_journal(const Reader& r, const YAML::Node& node, Config& c) {
  r.each(node, "journal", [&](const std::string& key, const YAML::Node& v) {
    if (key == "enabled") c.journal_enabled = r.get<bool>(v, key);
    else if (key == "entries") {
      c.journal_entries = static_cast<std::size_t>(r.number(v, key, 1, 1'000'000));
    } else if (key == "body_kib") {
      c.journal_body_bytes = static_cast<std::size_t>(r.number(v, key, 0, 65'536)) * 1024;
    } else if (key == "file") {
      c.journal_file = r.get<std::string>(v, key);
    } else {
      return false;
    }
    return true;
  });
}

std::string read_text(const Reader& r, const YAML::Node& node, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) r.fail(node, path + " cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void read_app(const Reader& r, const YAML::Node& node, const std::string& name, AppConfig& app) {
  r.each(node, "app '" + name + "'", [&](const std::string& key, const YAML::Node& v) {
    if (key == "secret") app.secret = r.get<std::string>(v, key);
    else if (key == "certificate") app.certificate = read_text(r, v, r.get<std::string>(v, key));
    else if (key == "federated") app.federated = r.get<std::string>(v, key);
    else return false;
    return true;
  });
}

void read_entra(const Reader& r, const YAML::Node& node, EntraConfig& c) {
  r.each(node, "entra", [&](const std::string& key, const YAML::Node& v) {
    constexpr std::int64_t longest = 1'000'000;
    if (key == "accept") {
      const auto accepts = accepts_of(r.get<std::string>(v, key));
      if (!accepts) r.fail(v, "'accept' must be keys, tokens or both");
      c.accepts = *accepts;
    } else if (key == "token_seconds") {
      c.token_seconds = r.number(v, key, 1, longest);
    } else if (key == "refresh_in") {
      c.refresh_in = r.number(v, key, 0, longest);
    } else if (key == "audiences") {
      c.audiences = r.get<std::vector<std::string>>(v, key);
    } else if (key == "identities") {
      c.identities = r.get<std::vector<std::string>>(v, key);
    } else if (key == "identity_header") {
      c.identity_header = r.get<std::string>(v, key);
    } else if (key == "apps") {
      r.each(v, "apps", [&](const std::string& id, const YAML::Node& app) {
        read_app(r, app, id, c.apps[id]);
        return true;
      });
    } else {
      return false;
    }
    return true;
  });
}

}  // namespace

std::optional<Accepts> accepts_of(std::string_view word) {
  if (word == "keys") return Accepts::keys;
  if (word == "tokens") return Accepts::tokens;
  if (word == "both") return Accepts::both;
  return std::nullopt;
}

Config parse_config(const std::string& yaml, const std::string& name) {
  const Reader r(name);
  YAML::Node root;
  try {
    root = YAML::Load(yaml);
  } catch (const YAML::Exception& e) {
    throw ConfigError(name + ":" + std::to_string(e.mark.line + 1) + ": " + e.msg);
  }
  Config c;
  if (root.IsNull()) return c;
  YAML::Node deployments;
  r.each(root, "the configuration", [&](const std::string& key, const YAML::Node& v) {
    if (key == "listen") set_listen(c, r.get<std::string>(v, key));
    else if (key == "threads") c.threads = static_cast<int>(r.number(v, key, 1, 256));
    else if (key == "region") c.region = r.get<std::string>(v, key);
    else if (key == "keys") c.keys = r.get<std::vector<std::string>>(v, key);
    else if (key == "accept_any_key") c.accept_any_key = r.get<bool>(v, key);
    else if (key == "accept_any_deployment") c.accept_any_deployment = r.get<bool>(v, key);
    else if (key == "journal") read_journal(r, v, c);
    else if (key == "entra") read_entra(r, v, c.entra);
    else if (key == "deployments") deployments = v;
    else if (key == "tls_cert") c.tls_certificate = r.get<std::string>(v, key);
    else if (key == "tls_key") c.tls_key = r.get<std::string>(v, key);
    else if (key == "body_limit_mib") {
      c.body_limit_bytes = static_cast<std::size_t>(r.number(v, key, 1, 4096)) * 1024 * 1024;
    } else {
      return false;
    }
    return true;
  });
  if (deployments.IsDefined() && !deployments.IsNull()) {
    r.each(deployments, "deployments", [&](const std::string& key, const YAML::Node& v) {
      c.deployments.insert_or_assign(key, read_deployment(r, v, key, c.region));
      return true;
    });
  }
  return c;
}

Config load_config(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw ConfigError(path + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  return parse_config(text.str(), path);
}

void set_listen(Config& config, const std::string& address) {
  const std::size_t colon = address.rfind(':');
  const auto port = colon == address.npos
                        ? std::nullopt
                        : to_integer(std::string_view(address).substr(colon + 1));
  if (!port || *port < 0 || *port > 65'535) {
    throw ConfigError("listen address '" + address + "' is not HOST:PORT");
  }
  config.host = address.substr(0, colon);
  config.port = static_cast<std::uint16_t>(*port);
}

DeploymentConfig implied_deployment(const Config& config, std::string_view name) {
  DeploymentConfig d;
  d.name = d.model_name = std::string(name);
  d.model = describe_model(name);
  d.region = config.region;
  return d;
}

}  // namespace tollgate::mock
