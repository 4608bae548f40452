// Keeps the signing keys of the configured tenants fresh, in the background.
//
// Each tenant has two documents of keys, one a form of token; each is fetched by itself, so that one
// that fails leaves the other alone. A failure keeps the last good keys for `stale_limit`.
// One thread: the loop's. The ring that it publishes to is for all.
#pragma once

#include "base/branch.hpp"
#include "identity/key_ring.hpp"
#include "net/loop.hpp"
#include "tollgate/identity.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tollgate::net {
class Perimeter;
class TlsClientContext;
}

namespace tollgate::identity {

class KeyFetcher {
 public:
  static constexpr std::chrono::hours stale_limit{72};

  KeyFetcher(net::Loop& loop, net::Perimeter& perimeter, KeyRing& ring);
  ~KeyFetcher();
  KeyFetcher(const KeyFetcher&) = delete;

  // What the authority is proved by; null: it needs no proof. Throws std::runtime_error when the file of
  // authorities cannot be used.
  static std::shared_ptr<net::TlsClientContext> tls_for(const std::optional<EntraConfig>& config);

  // What the configuration says now, with what tls_for() made of it; absent: nothing is fetched. Keys that are
  // still of use stay.
  void use(const std::optional<EntraConfig>& config, std::shared_ptr<net::TlsClientContext> tls);

 private:
  struct Task : Timer {
    KeyFetcher* fetcher = nullptr;
    std::size_t index = 0;
    std::string tenant;
    TokenVersion version = TokenVersion::v2;
    int failures = 0;  // in a row
    bool is_fetching = false;
    std::shared_ptr<const Issuer> last;
    base::Result<void> result;
    std::coroutine_handle<> nobody;
    base::Branch work;
  };

  void start(Task& task);
  awaitable<void> fetch(Task& task);
  awaitable<std::shared_ptr<const Issuer>> load(Task& task);
  Duration next_delay(const Task& task);

  net::Loop& loop_;
  net::Perimeter& perimeter_;
  KeyRing& ring_;
  std::optional<EntraConfig> config_;
  std::shared_ptr<net::TlsClientContext> tls_;
  std::vector<std::unique_ptr<Task>> tasks_;
};

}  // namespace tollgate::identity
