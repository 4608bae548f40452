// An Entra ID stand-in: discovery, signing keys, tokens for applications and for the machine's managed
// identities; keys are rotated, tokens revoked and outages begun on demand.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock_azure/config.hpp"
#include "mock_azure/fault.hpp"
#include "mock_azure/issued_tokens.hpp"
#include "mock_azure/json.hpp"
#include "mock_azure/reply.hpp"

namespace tollgate::mock {

class SigningKey;

// Thread safety: all members may be called from any thread.
class Entra {
 public:
  Entra(const EntraConfig& config, bool is_tls);
  ~Entra();

  // Nothing when the path is none of Entra's and none of the machine's identity endpoints.
  std::optional<Reply> handle(const HttpRequest& request);

  // POST /mock/entra/{token,rotate,outage,settings,app,revoke}, GET /mock/entra
  Reply admin(const HttpRequest& request);

  // Whether the data plane takes this Bearer value for a token, and for which.
  IssuedTokens::Look look(std::string_view bearer) const;
  Accepts accepts() const;

  // What is to go wrong at the token endpoints: "imds", "app-service", "entra", or "*".
  FaultPlan& token_faults() { return token_faults_; }

 private:
  struct Tenant {
    std::string base;  // scheme and host, as the client wrote it
    std::string id;
  };
  // One request for a token, as GET /mock/entra tells it.
  struct Asked {
    std::string endpoint;  // imds, app-service, entra
    std::string proof;     // secret, certificate, federated; "" where the machine is the proof
    std::string owner;     // client id, or "system" for the system-assigned identity
    std::string selector;  // the parameter that named a managed identity
    std::string audience;
    std::string claims;
    std::string to_refresh;  // token_sha256_to_refresh
    int status = 200;
    std::int64_t token = 0;  // its number
  };
  struct Token {
    std::string text;
    std::int64_t issued, expires;
  };
  Reply discovery(const Tenant& tenant, bool is_v2);
  Reply key_list(const Tenant& tenant);
  Reply mint(const HttpRequest& request);
  Reply rotate(const HttpRequest& request);
  Reply change_settings(const HttpRequest& request);
  Reply add_app(const HttpRequest& request);
  Reply revoke(const HttpRequest& request);
  Json summary() const;
  std::string sign(const Json& header, const Json& claims);
  SigningKey& latest_key();
  std::string base_of(const HttpRequest& request) const;

  // entra_tokens.cpp
  Reply app_token(const Tenant& tenant, const HttpRequest& request);
  Reply imds_token(const HttpRequest& request);
  Reply app_service_token(const HttpRequest& request);
  Reply machine_token(const HttpRequest& request, Asked& asked, Token& token);
  Token issue(const Tenant& tenant, Asked& asked, bool is_v2);
  Reply finish(Asked asked, Reply reply);
  std::string identity_of(std::string_view query, Asked& asked) const;

  const std::string scheme_;
  mutable std::mutex mutex_;
  EntraConfig config_;
  FaultPlan token_faults_;
  IssuedTokens issued_;
  std::vector<std::unique_ptr<SigningKey>> keys_;  // published; the last one signs
  int next_key_ = 1;
  int outage_ = 0;  // status of discovery and keys, 0: they work
  std::int64_t discovery_reads_ = 0;
  std::int64_t key_reads_ = 0;
  std::int64_t token_requests_ = 0;
  std::deque<Asked> asked_;  // the latest hundred
};

// Shared by the files of Entra.
Reply told(const Json& body, int status = 200);
Reply token_refused(int status, const char* error, const std::string& description);
std::int64_t now_seconds();
Json app_claims(const std::string& base, const std::string& tenant, const std::string& app,
                const std::string& audience, bool is_v2, std::int64_t seconds);

}  // namespace tollgate::mock
