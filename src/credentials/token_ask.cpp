#include "credentials/token_ask.hpp"

#include "base/request_id.hpp"
#include "base/wipe.hpp"
#include "config/text_file.hpp"
#include "credentials/assertion.hpp"
#include "credentials/token_answer.hpp"
#include "fetch/fetch.hpp"

#include <utility>

namespace tollgate::credentials {

namespace {

constexpr std::size_t most_assertion_bytes = 32 * 1024;

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// What a credential proves itself with besides a secret.
struct Assertion {
  std::string text;
  std::string problem;
};

Assertion assertion_of(const TokenCredential& credential) {
  Assertion assertion;
  if (credential.kind == CredentialKind::client_certificate) {
    assertion.text = make_assertion(credential.certificate, credential.client_id, token_url(credential),
                                    base::make_request_id(), seconds_now());
    if (assertion.text.empty()) assertion.problem = "the key of the certificate cannot sign";
  }
  if (credential.kind == CredentialKind::workload_identity) {
    std::string why;
    auto text = config::read_regular_file(credential.token_file, most_assertion_bytes, why);
    if (!text) {
      assertion.problem = "the file " + credential.token_file + " " + why;
      return assertion;
    }
    constexpr std::string_view space = " \t\r\n";
    text->erase(text->find_last_not_of(space) + 1);
    text->erase(0, text->find_first_not_of(space));
    assertion.text = std::move(*text);
    if (assertion.text.empty()) assertion.problem = "the file " + credential.token_file + " is empty";
  }
  return assertion;
}

// What the request told the endpoint, and must not come back into the log.
const std::string& secret_of(const TokenCredential& credential, const std::string& assertion) {
  if (credential.kind == CredentialKind::managed_identity) return credential.endpoint_secret.reveal();
  return assertion.empty() ? credential.secret.reveal() : assertion;
}

}  // namespace

const std::string& endpoint_of(const TokenCredential& credential) {
  return credential.kind == CredentialKind::managed_identity ? credential.endpoint : credential.authority;
}

// Link-local addresses are the endpoints of managed identities, and nobody else's; loopback is theirs whatever
// the ranges say.
net::Egress egress_to(net::Perimeter& perimeter, const TokenCredential& credential) {
  net::Caller caller{"token", credential.name};
  if (credential.kind == CredentialKind::managed_identity)
    return net::Egress::to_identity_endpoint(perimeter, std::move(caller), credential.network);
  return net::Egress(perimeter, std::move(caller), credential.network);
}

awaitable<TokenAttempt> ask_for_token(net::Loop& loop, net::Perimeter& perimeter, const TokenCredential& credential,
                                      std::shared_ptr<net::TlsClientContext> tls, Renewal renewal, double chance,
                                      TimePoint deadline) {
  TokenAttempt attempt;
  Assertion assertion = assertion_of(credential);
  const base::WipeAtEnd wiped_assertion(assertion.text);
  if (!assertion.problem.empty()) {
    attempt.problem = std::move(assertion.problem);
    co_return attempt;
  }
  const TimePoint asked = Clock::now();
  fetch::Request request = token_request(credential, assertion.text, renewal);
  const net::Egress egress = egress_to(perimeter, credential);
  fetch::Answer answer = co_await fetch::send(loop, egress, std::move(request), std::move(tls), deadline);
  const base::WipeAtEnd wiped_answer(answer.body);
  if (!answer.problem.empty()) {
    attempt.failure = {answer.status, answer.retry_after};
    attempt.problem = std::move(answer.problem);
    const std::string said = error_text(answer.error_body, secret_of(credential, assertion.text));
    if (!said.empty()) attempt.problem += ", " + said;
    co_return attempt;
  }
  TokenAnswer told = parse_token(answer.body, seconds_now());
  const base::WipeAtEnd wiped_token(told.text);
  if (!told.problem.empty()) {
    attempt.problem = std::move(told.problem);
    co_return attempt;
  }
  attempt.token = std::make_shared<Token>();
  attempt.token->text = told.text;
  attempt.token->obtained = asked;
  attempt.token->expires = asked + told.lifetime;
  attempt.token->refresh = asked + refresh_after(told.lifetime, told.refresh_in, chance);
  attempt.token->expires_wall = std::chrono::system_clock::now() + (attempt.token->expires - Clock::now());
  attempt.token->is_renewed = !renewal.refused_sha256.empty();
  attempt.token->claims = std::move(renewal.claims);
  co_return attempt;
}

}  // namespace tollgate::credentials
