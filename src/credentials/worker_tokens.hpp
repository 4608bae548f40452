// One worker's view of the tokens: a copy of each, so that reading one costs a look at its generation and
// shares nothing with other workers.
// One thread: the worker's.
#pragma once

#include "credentials/token_cell.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/config.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tollgate::net {
class Loop;
}

namespace tollgate::credentials {

class WorkerTokens {
 public:
  explicit WorkerTokens(net::Loop& loop) : loop_(loop) {}
  WorkerTokens(const WorkerTokens&) = delete;

  // From now on; exchanges that began with the configuration before this one go on to get their tokens.
  void use(std::shared_ptr<const Config> config, const TokenCells& cells);

  struct Found {
    std::shared_ptr<const Token> token;  // null: there is none
    std::string problem;                 // then: why; for logs and records
  };
  // The token at hand, at once; else what is fetched until `deadline`. An attempt that is due only later is
  // not waited for.
  awaitable<Found> get(const TokenCredential& credential, TimePoint deadline);

  // A deployment has refused `refused`: true when another one is at hand by `deadline`. Until then other
  // calls go on with the one that was refused: it may be that deployment's fault.
  awaitable<bool> renew(const TokenCredential& credential, const Token& refused, std::string claims, TimePoint deadline);

 private:
  struct Seen {
    std::shared_ptr<TokenCell> cell;
    std::uint64_t generation = 0;
    std::shared_ptr<const Token> token;
  };
  struct Snapshot {
    std::shared_ptr<const Config> config;
    std::vector<Seen> seen;  // by TokenCredential::index
  };
  Seen* find(const TokenCredential& credential);
  awaitable<Found> wait_for(std::shared_ptr<TokenCell> cell, TimePoint deadline);
  awaitable<bool> wait_for_another(std::shared_ptr<TokenCell> cell, std::uint64_t refused, std::uint64_t ticket,
                                   TimePoint deadline);

  net::Loop& loop_;
  Snapshot now_;
  Snapshot before_;
};

}  // namespace tollgate::credentials
