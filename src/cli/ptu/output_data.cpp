// The advice for other programs.
#include "cli/ptu/output.hpp"

#include "cli/text.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <ostream>
#include <utility>

namespace tollgate::cli {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Alternative::Kind kind) {
  switch (kind) {
    case Alternative::Kind::payg: return "payg";
    case Alternative::Kind::peak: return "peak";
    case Alternative::Kind::p99: return "p99";
    case Alternative::Kind::p95: return "p95";
    case Alternative::Kind::cheapest: return "cheapest";
    case Alternative::Kind::present: return "present";
  }
  return "";
}

Json dollars_or_null(std::optional<std::int64_t> amount) {
  if (!amount) return nullptr;
  return static_cast<double>(*amount) / 1e9;
}

std::string dollars_or_nothing(std::optional<std::int64_t> amount) { return amount ? dollars(*amount) : ""; }

// A millionth is exact enough for a share.
double share(double value) { return std::round(value * 1e6) / 1e6; }

Json percentiles_of(const LoadCurve& curve) {
  constexpr std::array<std::pair<const char*, int>, 7> points{
      {{"p50", 500}, {"p75", 750}, {"p90", 900}, {"p95", 950}, {"p98", 980}, {"p99", 990}, {"p999", 999}}};
  Json json;
  json["average"] = std::llround(curve.average());
  for (const auto& [name, thousandths] : points) json[name] = curve.percentile(thousandths);
  json["peak"] = curve.peak();
  return json;
}

Json alternatives_of(const Advice& advice) {
  Json all = Json::array();
  for (const Alternative& one : advice.alternatives)
    all.push_back({{"name", name_of(one.kind)},
                   {"units", one.units},
                   {"minutes_above", share(one.minutes_above)},
                   {"spilled", share(one.spilled)},
                   {"units_usd_a_month", dollars_or_null(one.units_cost)},
                   {"tokens_usd_a_month", dollars_or_null(one.payg_cost)},
                   {"total_usd_a_month", dollars_or_null(one.total)},
                   {"even_unit_price_usd_an_hour", dollars_or_null(one.even_price)}});
  return all;
}

Json members_of(const Advised& advised) {
  Json all = Json::array();
  for (const auto& [name, member] : advised.group.members) {
    const LoadCurve curve(member.load.minutes(), advised.curve.stretch());
    Json json;
    json["deployment"] = name;
    json["kind"] = member.kind == DeploymentKind::ptu ? "ptu" : "payg";
    json["units"] = member.units ? Json(*member.units) : Json();
    json["load"] = percentiles_of(curve);
    all.push_back(std::move(json));
  }
  return all;
}

void add_advice(Json& json, const Advised& advised) {
  const Terms& terms = advised.group.terms;
  json["unit"] = {{"tokens_a_minute", terms.size.tokens_a_minute},
                  {"answer_weight", terms.size.answer_weight},
                  {"minimum", terms.size.minimum},
                  {"step", terms.size.step},
                  {"price_usd_an_hour", dollars_or_null(terms.unit_price)},
                  {"worth_usd_an_hour", dollars_or_null(advised.advice.worth_of_unit_hour)}};
  json["load"] = percentiles_of(advised.curve);
  json["load"]["peak_at"] = minute_text(peak_minute(advised.group.load));
  json["head_room_percent"] = terms.head_room_percent;
  json["recommended_units"] = advised.advice.recommended;
  json["present_units"] = terms.present ? Json(terms.present->units) : Json();
  json["alternatives"] = alternatives_of(advised.advice);
}

Json json_of(const Advised& advised) {
  const Group& group = advised.group;
  const Tokens& tokens = group.load.total();
  Json json;
  json["model"] = group.model;
  json["scope"] = scope_text(group.scope);
  json["from"] = minute_text(group.begin);
  json["to"] = minute_text(group.end);
  json["minutes"] = advised.curve.stretch();
  json["minutes_with_use"] = advised.curve.busy_minutes();
  json["tokens"] = {{"requests", tokens.requests},
                    {"input", tokens.input},
                    {"cached", tokens.cached},
                    {"output", tokens.output}};
  json["deployments"] = members_of(advised);
  if (advised.is_sold()) add_advice(json, advised);
  json["warnings"] = warnings_of(advised);
  return json;
}

}  // namespace

void write_advice_json(std::ostream& out, const std::vector<Advised>& all) {
  Json json;
  json["hours_a_month"] = hours_a_month;
  json["models"] = Json::array();
  for (const Advised& advised : all) json["models"].push_back(json_of(advised));
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void write_advice_csv(std::ostream& out, const std::vector<Advised>& all) {
  out << "model,scope,from,to,peak,alternative,units,minutes_above,spilled,units_usd_a_month,"
         "tokens_usd_a_month,total_usd_a_month,even_unit_price_usd_an_hour\n";
  for (const Advised& advised : all)
    for (const Alternative& one : advised.advice.alternatives)
      out << csv_field(advised.group.model) << ',' << scope_text(advised.group.scope) << ','
          << minute_text(advised.group.begin) << ',' << minute_text(advised.group.end) << ','
          << advised.curve.peak() << ',' << name_of(one.kind) << ',' << one.units << ','
          << share(one.minutes_above) << ',' << share(one.spilled) << ',' << dollars_or_nothing(one.units_cost)
          << ',' << dollars_or_nothing(one.payg_cost) << ',' << dollars_or_nothing(one.total) << ','
          << dollars_or_nothing(one.even_price) << '\n';
}

}  // namespace tollgate::cli
