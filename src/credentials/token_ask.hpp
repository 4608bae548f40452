// One attempt to get a token of a credential.
// One thread: the loop's.
#pragma once

#include "credentials/schedule.hpp"
#include "credentials/token.hpp"
#include "credentials/token_request.hpp"
#include "net/egress.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/credential.hpp"

#include <memory>
#include <string>

namespace tollgate::net {
class Loop;
class TlsClientContext;
}  // namespace tollgate::net

namespace tollgate::credentials {

struct TokenAttempt {
  std::shared_ptr<Token> token;  // null: it failed
  Failure failure;
  std::string problem;           // then: why; for logs and reports
};

// `tls` is null where the endpoint is not https://. `chance` is that of refresh_after(). The credential outlives
// the attempt.
awaitable<TokenAttempt> ask_for_token(net::Loop& loop, net::Perimeter& perimeter, const TokenCredential& credential,
                                      std::shared_ptr<net::TlsClientContext> tls, Renewal renewal, double chance,
                                      TimePoint deadline);

// The rule for the connection to its endpoint.
net::Egress egress_to(net::Perimeter& perimeter, const TokenCredential& credential);

// Where it is asked for: a URL.
const std::string& endpoint_of(const TokenCredential& credential);

}  // namespace tollgate::credentials
