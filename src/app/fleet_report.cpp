#include "app/fleet_report.hpp"

#include "telemetry/exposition.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
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
             "How long a deployment's first tokens take of late. What the choice goes by.");
  for (const Row& row : rows) out.sample(row.label, row.numbers.first_token_seconds);
}

std::vector<const Row*> ptu_rows(const std::vector<Row>& rows) {
  std::vector<const Row*> out;
  for (const Row& row : rows) {
    if (row.numbers.ptu) out.push_back(&row);
  }
  return out;
}

void ptu_pages(Exposition& out, const std::vector<Row>& all) {
  const std::vector<const Row*> rows = ptu_rows(all);
  out.family("tollgate_ptu_predicted_utilization_ratio", Type::gauge,
             "How full reserved capacity is predicted to be; above 1 it refuses.");
  for (const Row* row : rows) out.sample(row->label, row->numbers.ptu->predicted);
  out.family("tollgate_ptu_reported_utilization_ratio", Type::gauge, "What the deployment said last; many never do.");
  for (const Row* row : rows) {
    if (row->numbers.ptu->reported) out.sample(row->label, *row->numbers.ptu->reported);
  }
  out.family("tollgate_ptu_capacity_tokens_per_minute", Type::gauge,
             "Weighted tokens a minute that the units carry: as configured, and as learnt from what was seen.");
  for (const Row* row : rows) {
    std::string configured = row->label, learnt = row->label;
    append_label(configured, "source", "configured");
    append_label(learnt, "source", "learnt");
    out.sample(configured, row->numbers.ptu->configured_a_minute);
    out.sample(learnt, row->numbers.ptu->tokens_a_minute);
  }
  out.family("tollgate_ptu_soft_spills_total", Type::counter,
             "Calls that went elsewhere because reserved capacity was predicted to have no room for their class.");
  for (const Row* row : rows) {
    for (std::size_t i = 0; i < traffic_class_count; ++i) {
      std::string labels = row->label;
      append_label(labels, "class", balancer::name_of(static_cast<TrafficClass>(i)));
      out.sample(labels, row->numbers.ptu->spilled[i]);
    }
  }
  out.family("tollgate_ptu_native_spills_total", Type::counter,
             "Calls that the service itself sent on from reserved capacity to a deployment paid by the token.");
  for (const Row* row : rows) out.sample(row->label, row->numbers.ptu->sent_on);
  out.family("tollgate_ptu_queue_length", Type::gauge, "Calls that wait for room in reserved capacity.");
  for (const Row* row : rows) out.sample(row->label, static_cast<std::uint64_t>(row->numbers.ptu->waiting));
  out.family("tollgate_ptu_queue_wait_seconds", Type::histogram, "How long calls waited for room in reserved capacity.");
  for (const Row* row : rows) {
    const balancer::PtuWaits& waits = row->numbers.ptu->waits;
    out.histogram(row->label, balancer::PtuWaits::bounds, waits.counts, waits.sum_ns);
  }
  out.family("tollgate_ptu_queue_gave_up_total", Type::counter, "Calls that waited in vain and went elsewhere.");
  for (const Row* row : rows) out.sample(row->label, row->numbers.ptu->waits.gave_up);
}

// Two digits after the point.
double rounded(double value) { return std::round(value * 100) / 100; }

nlohmann::ordered_json ptu_status(const balancer::PtuNumbers& ptu) {
  nlohmann::ordered_json out;
  out["predicted_percent"] = rounded(100 * ptu.predicted);
  if (ptu.reported) out["reported_percent"] = rounded(100 * *ptu.reported);
  out["tokens_a_minute"] = std::llround(ptu.tokens_a_minute);
  out["configured_tokens_a_minute"] = std::llround(ptu.configured_a_minute);
  out["window_seconds"] = rounded(ptu.window_seconds);
  out["is_learnt"] = ptu.is_learnt;
  out["waiting"] = ptu.waiting;
  return out;
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
  ptu_pages(out, rows);
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
    if (row.numbers.ptu) shown["ptu"] = ptu_status(*row.numbers.ptu);
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
