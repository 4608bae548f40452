// FOCUS 1.2, https://focus.finops.org/focus-specification/: the mandatory columns, those that hold
// for a service of this kind, then columns of our own, which the specification wants to begin with x_.
#include "cli/usage_output.hpp"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <string_view>
#include <utility>

namespace tollgate::cli {
namespace {

enum class Form : unsigned char { text, number };  // what is empty is null

struct Field {
  const char* column;
  Form form;
  std::string value;
};

// In the order of `focus_columns`.
enum Key : unsigned char { day, cost_center, subscription, product, task, model, deployment, region,
                           kind, batch };

// 2026-11-30 and the like, as the first moment of that day and of the next.
std::pair<std::string, std::string> bounds_of(const std::string& date) {
  using namespace std::chrono;
  const int y = std::stoi(date.substr(0, 4));
  const auto m = static_cast<unsigned>(std::stoi(date.substr(5, 2)));
  const auto d = static_cast<unsigned>(std::stoi(date.substr(8, 2)));
  const sys_days begin = year(y) / month(m) / d;
  const auto text = [](sys_days at) { return moment(sys_seconds(at).time_since_epoch().count()); };
  return {text(begin), text(begin + days(1))};
}

std::pair<std::string, std::string> month_of(const std::string& date) {
  const int y = std::stoi(date.substr(0, 4)), m = std::stoi(date.substr(5, 2));
  char next[64];
  std::snprintf(next, sizeof next, "%04d-%02d-01T00:00:00Z", m == 12 ? y + 1 : y, m == 12 ? 1 : m + 1);
  return {date.substr(0, 8) + "01T00:00:00Z", next};
}

std::string tags_of(const ledger::UsageRow& row) {
  std::string tags;
  for (auto [name, key] : {std::pair{"cost_center", cost_center}, {"product", product}, {"task", task}})
    if (!row.keys[key].empty())
      tags += (tags.empty() ? "{" : ",") + json_text(name) + ":" + json_text(row.keys[key]);
  return tags.empty() ? tags : tags + "}";
}

// In what a charge for tokens and one for idle capacity differ, beside keys and sums.
struct Charged {
  std::string payer;
  std::string description;
  std::string consumed, consumed_unit;
  std::string priced, priced_unit;
  const char* reservation = "";  // how reserved capacity was spent
};

std::vector<Field> fields_of(const ledger::UsageRow& row, const Charged& charged) {
  const std::vector<std::string>& key = row.keys;
  const ledger::Sums& sums = row.sums;
  const auto [begin, end] = bounds_of(key[day]);
  const auto [month_begin, month_end] = month_of(key[day]);
  const std::string cost = dollars(sums.cost);
  return {
      {"BilledCost", Form::number, cost},
      {"BillingAccountId", Form::text, charged.payer},
      {"BillingAccountName", Form::text, charged.payer},
      {"BillingCurrency", Form::text, "USD"},
      {"BillingPeriodEnd", Form::text, month_end},
      {"BillingPeriodStart", Form::text, month_begin},
      {"CapacityReservationId", Form::text, *charged.reservation ? key[deployment] : ""},
      {"CapacityReservationStatus", Form::text, charged.reservation},
      {"ChargeCategory", Form::text, "Usage"},
      {"ChargeClass", Form::text, ""},
      {"ChargeDescription", Form::text, charged.description},
      {"ChargeFrequency", Form::text, "Usage-Based"},
      {"ChargePeriodEnd", Form::text, end},
      {"ChargePeriodStart", Form::text, begin},
      {"ConsumedQuantity", Form::number, charged.consumed},
      {"ConsumedUnit", Form::text, charged.consumed_unit},
      {"ContractedCost", Form::number, cost},
      {"EffectiveCost", Form::number, cost},
      {"InvoiceIssuerName", Form::text, "Tollgate"},
      {"ListCost", Form::number, cost},
      {"PricingQuantity", Form::number, charged.priced},
      {"PricingUnit", Form::text, charged.priced_unit},
      {"ProviderName", Form::text, "Microsoft"},
      {"PublisherName", Form::text, "Microsoft"},
      {"RegionId", Form::text, key[region]},
      {"RegionName", Form::text, key[region]},
      {"ResourceId", Form::text, key[deployment]},
      {"ResourceName", Form::text, key[deployment]},
      {"ResourceType", Form::text, key[deployment].empty() ? "" : "Model deployment"},
      {"ServiceCategory", Form::text, "AI and Machine Learning"},
      {"ServiceName", Form::text, "Azure OpenAI"},
      {"ServiceSubcategory", Form::text, "Generative AI"},
      {"SubAccountId", Form::text, key[subscription]},
      {"SubAccountName", Form::text, key[subscription]},
      {"SubAccountType", Form::text, key[subscription].empty() ? "" : "Subscription"},
      {"Tags", Form::text, tags_of(row)},
      {"x_CachedTokens", Form::number, std::to_string(sums.cached)},
      {"x_CompletionTokens", Form::number, std::to_string(sums.completion)},
      {"x_DeploymentKind", Form::text, key[kind]},
      {"x_EstimatedRequests", Form::number, std::to_string(sums.estimated)},
      {"x_IsBatch", Form::text, key[batch]},
      {"x_Model", Form::text, key[model]},
      {"x_PromptTokens", Form::number, std::to_string(sums.prompt)},
      {"x_ReasoningTokens", Form::number, std::to_string(sums.reasoning)},
      {"x_Requests", Form::number, std::to_string(sums.requests)},
      {"x_SavedCost", Form::number, dollars(sums.saved)},
  };
}

std::vector<Field> fields_of(const ledger::UsageRow& row) {
  const std::vector<std::string>& key = row.keys;
  Charged charged;
  // Whoever is charged back: the cost center, or the subscription that has none.
  charged.payer = key[cost_center].empty() ? key[subscription] : key[cost_center];
  charged.description = "Tokens of " + (key[model].empty() ? "the gateway" : key[model]) +
                        (key[batch] == "yes" ? ", batch" : "");
  charged.consumed = charged.priced = std::to_string(row.sums.prompt + row.sums.completion);
  charged.consumed_unit = charged.priced_unit = "Tokens";
  if (key[kind] == "ptu") charged.reservation = "Used";
  return fields_of(row, charged);
}

// Nobody used it and no cost center is to pay for it: it has an account of its own.
std::vector<Field> fields_of(const Reserved& one) {
  ledger::UsageRow row;
  row.keys.assign(focus_columns.size(), "");
  row.keys[day] = one.day;
  row.keys[deployment] = one.deployment;
  row.keys[region] = one.region;
  row.keys[kind] = "ptu";
  row.sums.cost = one.idle();
  Charged charged;
  charged.payer = charged.description = "idle reserved capacity";
  // Hours have nine places, as dollars do.
  const double hours = static_cast<double>(one.idle()) / static_cast<double>(one.unit_price);
  charged.priced = dollars(std::llround(hours * 1e9));
  charged.priced_unit = "PTU-Hours";
  charged.reservation = "Unused";
  return fields_of(row, charged);
}

void write_csv_row(std::ostream& out, const std::vector<Field>& fields) {
  const char* gap = "";
  for (const Field& field : fields)
    out << std::exchange(gap, ",")
        << (field.form == Form::text ? csv_field(field.value) : field.value);
  out << '\n';
}

void write_json_row(std::ostream& out, const std::vector<Field>& fields) {
  const char* gap = "{";
  for (const Field& field : fields) {
    out << std::exchange(gap, ",") << '"' << field.column << "\":";
    if (field.value.empty()) {
      out << "null";
    } else {
      out << (field.form == Form::text ? json_text(field.value) : field.value);
    }
  }
  out << "}\n";
}

template <typename Write>
void write_rows(std::ostream& out, const UsageTable& usage, Write write_row) {
  for (const ledger::UsageRow& row : usage.rows) write_row(out, fields_of(row));
  for (const Reserved& one : usage.reserved)
    if (one.idle() > 0) write_row(out, fields_of(one));
}

}  // namespace

const std::vector<std::string> focus_columns{"day",   "cost_center", "subscription", "product", "task",
                                             "model", "deployment",  "region",       "kind",    "batch"};

void write_focus_csv(std::ostream& out, const UsageTable& usage) {
  // The columns are there even when there are no rows.
  ledger::UsageRow none;
  none.keys.assign(focus_columns.size(), "");
  none.keys[day] = "1970-01-01";
  const char* gap = "";
  for (const Field& field : fields_of(none)) out << std::exchange(gap, ",") << field.column;
  out << '\n';
  write_rows(out, usage, write_csv_row);
}

void write_focus_jsonl(std::ostream& out, const UsageTable& usage) {
  write_rows(out, usage, write_json_row);
}

}  // namespace tollgate::cli
