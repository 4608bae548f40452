#include "app/fleet_report.hpp"

#include "telemetry/exposition.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <vector>

namespace tollgate::app {

namespace {

using balancer::BackendNumbers;
using balancer::BreakerState;
using telemetry::append_label;
using telemetry::Exposition;
using telemetry::label;
using Type = Exposition::Type;

struct Row {
  const Deployment* deployment;
  std::string label;
  BackendNumbers numbers;
};

std::vector<Row> rows_of(const balancer::Fleet& fleet, const Config& config) {
  std::vector<Row> rows;
  const auto now = Clock::now();
  for (const auto& deployment : config.deployments) {
    const balancer::Backend* backend = fleet.find(*deployment);
    if (backend) rows.push_back({deployment.get(), label("deployment", deployment->name), backend->numbers(now)});
  }
  return rows;
}

void breaker_pages(Exposition& out, const std::vector<Row>& rows) {
  out.family("tollgate_deployment_breaker_state", Type::gauge, "1 for the state that a deployment's circuit breaker is in.");
  for (const Row& row : rows) {
    for (const auto state : {BreakerState::closed, BreakerState::open, BreakerState::half_open}) {
      std::string labels = row.label;
      append_label(labels, "state", balancer::name_of(state));
      out.sample(labels, std::uint64_t{row.numbers.state == state ? 1u : 0u});
    }
  }
  out.family("tollgate_deployment_breaker_opened_total", Type::counter, "How often a deployment's circuit breaker has opened.");
  for (const Row& row : rows) out.sample(row.label, row.numbers.opened);
}

void call_pages(Exposition& out, const std::vector<Row>& rows) {
  out.family("tollgate_deployment_calls_total", Type::counter, "Calls to a deployment, by how they came out.");
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < balancer::result_count; ++i) {
      std::string labels = row.label;
      append_label(labels, "result", balancer::name_of(static_cast<balancer::Result>(i)));
      out.sample(labels, row.numbers.results[i]);
    }
  }
  out.family("tollgate_deployment_in_flight", Type::gauge, "Calls to a deployment under way.");
  for (const Row& row : rows) out.sample(row.label, static_cast<std::uint64_t>(std::max(0, row.numbers.in_flight)));
  out.family("tollgate_deployment_first_token_seconds", Type::gauge,
             "How long a deployment's first tokens take of late: up at once, down slowly. What the choice goes by.");
  for (const Row& row : rows) out.sample(row.label, row.numbers.first_token_seconds);
}

void hedge_pages(Exposition& out, balancer::Fleet& fleet, const Config& config) {
  const auto page = [&](std::string_view name, std::string_view help, std::uint64_t (balancer::HedgeMoney::*number)() const noexcept) {
    out.family(name, Type::counter, help);
    for (const auto& model : config.models) {
      if (model->hedge) out.sample(label("model", model->name), (fleet.hedge_money_of(model->name).*number)());
    }
  };
  page("tollgate_hedge_calls_total", "Second calls beside one that was slow to speak.", &balancer::HedgeMoney::calls);
  page("tollgate_hedge_wins_total", "Second calls that were quicker.", &balancer::HedgeMoney::won);
}

}  // namespace

std::string fleet_metrics(balancer::Fleet& fleet, const Config& config) {
  Exposition out;
  const std::vector<Row> rows = rows_of(fleet, config);
  breaker_pages(out, rows);
  call_pages(out, rows);
  hedge_pages(out, fleet, config);
  return out.take();
}

void add_fleet_status(nlohmann::ordered_json& out, balancer::Fleet& fleet, const Config& config) {
  for (const Row& row : rows_of(fleet, config)) {
    auto& shown = out["deployments"][row.deployment->name];
    shown["breaker"] = balancer::name_of(row.numbers.state);
    if (row.numbers.state == BreakerState::open) {
      shown["why"] = row.numbers.why == balancer::Closed::throttled ? "throttled" : "failing";
      shown["opens_in_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(row.numbers.frees_in).count();
    }
    shown["in_flight"] = row.numbers.in_flight;
  }
  for (const auto& model : config.models) {
    auto& steps = out["models"][model->name]["route"];
    for (const RouteStep& step : model->steps) {
      nlohmann::ordered_json choices;
      for (const RouteChoice& choice : step) choices[choice.deployment->name] = choice.weight;
      steps.push_back(std::move(choices));
    }
  }
}

}  // namespace tollgate::app
