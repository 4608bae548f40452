#include "app/credential_report.hpp"

#include "credentials/identity.hpp"
#include "telemetry/exposition.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <vector>

namespace tollgate::app {

namespace {

using credentials::CellNumbers;
using credentials::TokenCell;
using telemetry::append_label;
using telemetry::Exposition;
using telemetry::label;
using Type = Exposition::Type;

std::string moment_text(WallTime at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// Deployments with the same credential have one cell.
std::vector<TokenCell*> distinct(const credentials::TokenCells& cells) {
  std::vector<TokenCell*> out;
  for (const auto& cell : cells) {
    if (std::find(out.begin(), out.end(), cell.get()) == out.end()) out.push_back(cell.get());
  }
  return out;
}

double seconds_left(const TokenCell::View& view) {
  if (!view.token) return 0;
  return std::max(0.0, std::chrono::duration<double>(view.token->expires - Clock::now()).count());
}

std::uint64_t count(const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); }

void counter_family(Exposition& out, const std::vector<TokenCell*>& cells, std::string_view name, std::string_view help,
                    std::atomic<std::uint64_t> CellNumbers::*number) {
  out.family(name, Type::counter, help);
  for (TokenCell* cell : cells) out.sample(label("credential", cell->name()), count(cell->numbers().*number));
}

}  // namespace

std::string credential_metrics(const credentials::TokenCells& all) {
  if (all.empty()) return {};
  const auto cells = distinct(all);
  Exposition out;
  out.family("tollgate_credential_fetches_total", Type::counter, "Attempts to fetch a token, by result.");
  for (TokenCell* cell : cells) {
    const CellNumbers& numbers = cell->numbers();
    const auto sample = [&](std::string_view result, const std::atomic<std::uint64_t>& number) {
      std::string labels = label("credential", cell->name());
      append_label(labels, "result", result);
      out.sample(labels, count(number));
    };
    sample("ok", numbers.fetched);
    sample("failed", numbers.failed);
    sample("refused", numbers.refused);
  }
  out.family("tollgate_credential_expires_seconds", Type::gauge, "How long the token at hand is still good for; 0: there is none.");
  for (TokenCell* cell : cells) out.sample(label("credential", cell->name()), seconds_left(cell->look()));
  out.family("tollgate_credential_failures_in_a_row", Type::gauge, "Attempts that failed since the latest token.");
  for (TokenCell* cell : cells) {
    out.sample(label("credential", cell->name()), static_cast<std::int64_t>(cell->look().failures));
  }
  counter_family(out, cells, "tollgate_credential_renewals_total",
                 "Tokens asked for anew because a deployment had refused the one before.", &CellNumbers::renewals);
  counter_family(out, cells, "tollgate_credential_waits_total", "Calls that had to wait for a token.", &CellNumbers::waited);
  counter_family(out, cells, "tollgate_credential_unavailable_total", "Calls that got no token in time.",
                 &CellNumbers::unavailable);
  return out.take();
}

nlohmann::ordered_json credential_status(const Config& config, const credentials::TokenCells& cells) {
  nlohmann::ordered_json out;
  for (const auto& credential : config.credentials) {
    const TokenCell::View view = cells[credential->index]->look();
    auto& shown = out[credential->name];
    shown["kind"] = credentials::text_of(credential->kind);
    if (credential->kind == CredentialKind::managed_identity) {
      shown["host"] = credentials::text_of(credential->host);
      shown["endpoint"] = credential->endpoint;
      if (!credential->selector.empty()) shown["identity"] = credential->selector;
    } else {
      shown["authority"] = credential->authority;
      shown["tenant"] = credential->tenant;
      shown["client_id"] = credential->client_id;
    }
    if (credential->kind == CredentialKind::client_certificate) {
      shown["certificate_expires"] = moment_text(credential->certificate.expires);
    }
    shown["resource"] = credential->resource;
    const bool is_valid = view.token && view.token->is_valid(Clock::now());
    shown["state"] = is_valid ? (view.failures > 0 ? "refreshing fails" : "good") : (view.failures > 0 ? "failing" : "fetching");
    shown["expires"] = is_valid ? nlohmann::ordered_json(moment_text(view.token->expires_wall)) : nlohmann::ordered_json();
    shown["failures_in_a_row"] = view.failures;
    shown["last_error"] = view.failure.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(view.failure);
  }
  return out;
}

}  // namespace tollgate::app
