// An Entra ID stand-in: discovery, signing keys, tokens; keys are rotated and outages begin on demand.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mock_azure/json.hpp"
#include "mock_azure/reply.hpp"

namespace tollgate::mock {

class SigningKey;

// Thread safety: all members may be called from any thread.
class Entra {
 public:
  explicit Entra(bool is_tls);
  ~Entra();

  // Nothing when the path is none of Entra's.
  std::optional<Reply> handle(const HttpRequest& request);

  // POST /mock/entra/{token,rotate,outage}, GET /mock/entra
  Reply admin(const HttpRequest& request);

 private:
  struct Tenant {
    std::string base;  // scheme and host, as the client wrote it
    std::string id;
  };
  Reply discovery(const Tenant& tenant, bool is_v2);
  Reply key_list(const Tenant& tenant);
  Reply issue(const Tenant& tenant, const HttpRequest& request);
  Reply mint(const HttpRequest& request);
  Reply rotate(const HttpRequest& request);
  std::string sign(const Json& header, const Json& claims);
  SigningKey& latest_key();
  std::string base_of(const HttpRequest& request) const;

  const std::string scheme_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SigningKey>> keys_;  // published; the last one signs
  int next_key_ = 1;
  int outage_ = 0;  // status of discovery and keys, 0: they work
  std::int64_t discovery_reads_ = 0;
  std::int64_t key_reads_ = 0;
};

}  // namespace tollgate::mock
