// What a stand-in is told at start: its deployments, keys, limits and pace.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "mock_azure/model_catalog.hpp"

namespace tollgate::mock {

enum class DeploymentKind { payg, ptu };

struct DeploymentConfig {
  std::string name;
  std::string model_name;
  Model model;
  DeploymentKind kind = DeploymentKind::payg;
  std::string region;
  std::int64_t tokens_per_minute = 0;    // payg; 0: no limit
  std::int64_t requests_per_minute = 0;  // payg; 0: no limit
  std::int64_t units = 0;                // ptu
  std::int64_t window_seconds = 60;      // ptu: how much capacity fills the bucket to 100 %
  bool utilization_header = true;        // ptu
  bool async_filter = false;
  std::chrono::microseconds first_token{0};
  std::chrono::microseconds gap{0};
};

// Which callers the data plane lets in.
enum class Accepts { keys, tokens, both };

// What an application proves itself with at the token endpoint. All empty: whatever it sends is believed.
struct AppConfig {
  std::string secret;
  std::string certificate;  // PEM
  std::string federated;    // the one assertion that is believed, such as a Kubernetes service account's
};

// The tenant that the stand-in plays, and the managed identities of the machine that it plays.
struct EntraConfig {
  Accepts accepts = Accepts::both;
  std::int64_t token_seconds = 3599;
  std::int64_t refresh_in = 0;   // told with a token, 0: not told
  std::int64_t delay_ms = 0;     // of the token endpoints
  std::vector<std::string> audiences = {"https://cognitiveservices.azure.com", "https://cognitiveservices.azure.us",
                                        "https://cognitiveservices.azure.cn", "https://ai.azure.com"};
  std::vector<std::string> identities;  // client ids of user-assigned ones; of several, requests name one
  std::string identity_header = "mock-identity-header";
  std::map<std::string, AppConfig, std::less<>> apps;  // by client id
};

struct Config {
  std::string host = "127.0.0.1";
  std::uint16_t port = 9001;
  int threads = 1;
  std::string tls_certificate, tls_key;
  std::string region = "Sweden Central";
  std::vector<std::string> keys = {"mock-azure-key"};
  bool accept_any_key = false;
  bool accept_any_deployment = true;  // an unknown name is payg with the model of that name
  bool journal_enabled = true;
  std::size_t journal_entries = 10'000;
  std::size_t journal_body_bytes = 64 * 1024;
  std::string journal_file;
  std::size_t body_limit_bytes = 512ULL * 1024 * 1024;
  std::map<std::string, DeploymentConfig, std::less<>> deployments;
  EntraConfig entra;
};

// The message names file and line.
struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

Config load_config(const std::string& path);                            // throws ConfigError
Config parse_config(const std::string& yaml, const std::string& name);  // throws ConfigError

std::optional<Accepts> accepts_of(std::string_view word);  // keys, tokens or both

// "127.0.0.1:9001"; throws ConfigError.
void set_listen(Config& config, const std::string& address);

// The deployment that an undeclared name stands for when any name is accepted.
DeploymentConfig implied_deployment(const Config& config, std::string_view name);

}  // namespace tollgate::mock
