// Keeps a token of each credential at hand: fetches the first at the start, the next ahead of the end of
// the one before, and tries again after failures. A failure takes nothing away: a token that is still
// valid stays.
// One thread: the loop's. The cells that it publishes to are for all.
#pragma once

#include "base/branch.hpp"
#include "credentials/schedule.hpp"
#include "credentials/token_ask.hpp"
#include "credentials/token_cell.hpp"
#include "net/loop.hpp"
#include "tollgate/config.hpp"

#include <coroutine>
#include <memory>
#include <string>
#include <vector>

namespace tollgate::net {
class Perimeter;
class TlsClientContext;
}

namespace tollgate::credentials {

class TokenFetcher {
  struct Task;

 public:
  TokenFetcher(net::Loop& loop, net::Perimeter& perimeter) : loop_(loop), perimeter_(perimeter) {}
  ~TokenFetcher();
  TokenFetcher(const TokenFetcher&) = delete;

  // What a configuration needs: the cells of credentials that are known already, and new ones.
  struct Plan {
    std::shared_ptr<const Config> config;
    TokenCells cells;
    std::vector<std::shared_ptr<net::TlsClientContext>> tls;  // null where the endpoint is not https://
  };
  // Changes nothing. Throws std::runtime_error when a file of authorities cannot be used.
  Plan prepare(std::shared_ptr<const Config> config) const;

  // From now on. What is not in it is not fetched any more; what is new is fetched at once, and so is a token
  // whose credential gets it in another way than before, or has failed to: what was in its way may have been
  // what has changed.
  void use(Plan plan);

  const TokenCells& cells() const noexcept { return cells_; }

 private:
  struct Task : Timer {
    TokenFetcher* fetcher = nullptr;
    std::shared_ptr<const Config> config;  // keeps the credential
    const TokenCredential* credential = nullptr;
    std::string identity;
    std::shared_ptr<TokenCell> cell;
    std::shared_ptr<net::TlsClientContext> tls;
    Retries retries;
    bool is_fetching = false;
    base::Result<void> result;
    std::coroutine_handle<> nobody;
    base::Branch work;
  };

  Task* find(const TokenCell& cell) const;
  static std::shared_ptr<net::TlsClientContext> tls_for(const TokenCredential& credential, const Task* known);
  std::unique_ptr<Task> make_task(const TokenCredential& credential, const std::shared_ptr<TokenCell>& cell);
  void start(Task& task);
  awaitable<void> fetch(Task& task);
  void finish(Task& task, TokenAttempt attempt);
  void note_failure(Task& task, const TokenAttempt& attempt, Duration wait);

  net::Loop& loop_;
  net::Perimeter& perimeter_;
  TokenCells cells_;
  std::vector<std::unique_ptr<Task>> tasks_;  // one a cell
};

}  // namespace tollgate::credentials
