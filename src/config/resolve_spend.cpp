#include "config/resolve_spend.hpp"

#include "config/nearest.hpp"
#include "config/places.hpp"

#include <algorithm>
#include <map>

namespace tollgate::config {
namespace {

const Node* section_of(const Node& root, std::string_view name) {
  const Entry* entry = root.find(name);
  return entry ? &entry->value : nullptr;
}

// A window of limits that is longer than a minute is told in smaller units, because "hour" and
// "day" are the calendar's.
std::string_view name_of(const Window& window) {
  using std::chrono::milliseconds;
  switch (window.kind) {
    case WindowKind::hour:
      return "hour";
    case WindowKind::day:
      return "day";
    case WindowKind::week:
      return "week";
    case WindowKind::month:
      return "month";
    case WindowKind::life:
      return "life";
    case WindowKind::sliding:
      break;
  }
  if (window.length == std::chrono::seconds(1)) return "second";
  if (window.length == std::chrono::minutes(1)) return "minute";
  return window.length == std::chrono::hours(1) ? "60m" : "24h";
}

constexpr std::string_view measure_names[] = {"requests", "tokens", "concurrent", "money"};
constexpr std::string_view scope_names[] = {"subscription", "product", "cost-center", "key",
                                            "user",         "session", "task"};

// What is counted, in what time, whose pot. Made of that and not of the rule's place or amount, so
// that a pot keeps its name, and what is in it, when the file around it changes.
std::string name_of_pot(const SpendRule& rule, const SpendPlace& place) {
  std::string name =
      place.owner + "." + std::string(measure_names[static_cast<std::size_t>(rule.measure)]);
  if (rule.measure != Measure::concurrent) name += "/" + std::string(name_of(rule.window));
  if (rule.each != place.usual_scope)
    name += ".each-" + std::string(scope_names[static_cast<std::size_t>(rule.each)]);
  return name;
}

// What tells apart rules that count the same.
std::string name_of_effect(const SpendRule& rule) {
  std::string name;
  if (rule.is_audit_only) name += ".audit";
  if (rule.fall_to) name += ".to-" + rule.fall_to->name;
  return name;
}

// One rule may refuse while another warns or falls to a cheaper model; only those that stand beside
// a stronger one say so in their names, so that going from audit to enforce keeps the count.
void name_rules(std::vector<SpendRule>& rules, const SpendPlace& place, Context& context) {
  std::map<std::string, std::map<std::string, SpendRule*>> by_pot;
  for (SpendRule& rule : rules) {
    rule.name = name_of_pot(rule, place);
    auto [first, is_new] = by_pot[rule.name].emplace(name_of_effect(rule), &rule);
    if (!is_new)
      context.refuse(rule.where, "this is for the same as line " +
                                     std::to_string(first->second->where.line) +
                                     ": the same measure, time and pot; remove one");
  }
  for (auto& [pot, by_effect] : by_pot) {
    auto strength = [](const auto& a) {
      return std::pair(a.second->is_audit_only, a.second->fall_to != nullptr);
    };
    auto strongest =
        std::min_element(by_effect.begin(), by_effect.end(),
                         [&](const auto& a, const auto& b) { return strength(a) < strength(b); });
    for (auto it = by_effect.begin(); it != by_effect.end(); ++it)
      if (it != strongest) it->second->name += it->first;
  }
}

Window window_of(const SpendItem& item, const WrittenAllowance& allowance, bool is_budget) {
  Window window;
  if (!is_budget) {
    if (!allowance.period) return window;
    switch (*allowance.period) {
      case Period::second:
        window.length = std::chrono::seconds(1);
        break;
      case Period::hour:
        window.length = std::chrono::hours(1);
        break;
      case Period::day:
        window.length = std::chrono::hours(24);
        break;
      default:
        window.length = std::chrono::minutes(1);
    }
    return window;
  }
  if (!allowance.period) {
    window.kind = WindowKind::life;
    window.length = item.idle.value_or(std::chrono::hours(24));
    return window;
  }
  window.zone = item.zone.value_or("UTC");
  switch (*allowance.period) {
    case Period::hour:
      window.kind = WindowKind::hour;
      break;
    case Period::day:
      window.kind = WindowKind::day;
      break;
    case Period::week:
      window.kind = WindowKind::week;
      break;
    default:
      window.kind = WindowKind::month;
  }
  return window;
}

// The model to fall to, if all that draw on the pot may use it.
const Model* find_fall_to(const Reference& wanted, const SpendPlace& place, Context& context) {
  const Model* found = nullptr;
  for (const Product* product : place.products) {
    std::vector<std::string> names;
    const Model* model = nullptr;
    for (const Model* m : product->models) {
      names.push_back(m->name);
      if (m->name == wanted.name) model = m;
    }
    if (names.empty()) return nullptr;  // refused already
    if (!model) {
      context.refuse(wanted.where,
                     "the product " + cited(product->name) + " has no model " + cited(wanted.name) +
                         "; add it there or name another",
                     nearest(wanted.name, names));
      return nullptr;
    }
    if (names.size() == 1) {
      context.refuse(wanted.where, cited(wanted.name) + " is the only model of the product " +
                                       cited(product->name) +
                                       ", so falling to it changes nothing; "
                                       "remove when_spent");
      return nullptr;
    }
    found = model;
  }
  return found;
}

void check_when_unshared(SpendItem& item, const SharingConfig* sharing, Context& context) {
  Location where = place_of(item.node, "when_unshared", item.where);
  if (item.when_unshared && !sharing)
    context.refuse(where,
                   "when_unshared changes nothing without sharing; write the section sharing, "
                   "or remove it");
  else if (item.when_unshared == WhenUnshared::last_lease && sharing->mode == SharingMode::exact)
    context.refuse(where,
                   "last_lease needs leases; write sharing: {mode: leased}, or closed or open "
                   "here");
  else if (!item.when_unshared && sharing)
    item.when_unshared = WhenUnshared::closed;
}

}  // namespace

void check_ledger(const Draft& draft, const Node& root, Context& context) {
  const Node* node = section_of(root, "ledger");
  if (draft.ledger.path == "off")
    for (const char* field : {"flush", "durability", "when_broken", "retain"})
      if (is_said(node, field))
        context.refuse(place_of(node, field, root.where),
                       std::string(field) + " changes nothing with path: off; remove it");
}

void check_sharing(const Draft& draft, const Node& root, Context& context) {
  const Node* node = section_of(root, "sharing");
  if (!draft.sharing || !node) return;
  auto refuse = [&](const char* field, const char* why) {
    context.refuse(place_of(node, field, root.where), why);
  };
  if (is_said(node, "lease") && draft.sharing->mode == SharingMode::exact)
    refuse("lease", "lease changes nothing without mode: leased; remove it");
  if (is_said(node, "ca") && draft.sharing->redis.starts_with("redis://"))
    refuse("ca", "ca changes nothing for a redis:// address; write rediss:// or remove it");
  if (is_said(node, "user") && !is_said(node, "password"))
    refuse("user", "user needs a password; write password: env:NAME");
}

std::vector<SpendRule> resolve_rules(SpendDraft& draft, const SpendPlace& place,
                                     const SharingConfig* sharing, Context& context) {
  std::vector<SpendRule> rules;
  auto add = [&](const SpendItem& item, const std::vector<WrittenAllowance>& allowances,
                 Measure measure, bool is_budget, const Model* fall_to) {
    for (const WrittenAllowance& allowance : allowances) {
      SpendRule rule;
      rule.where = allowance.where;
      rule.is_budget = is_budget;
      rule.measure = measure;
      rule.each = item.each;
      rule.window = window_of(item, allowance, is_budget);
      rule.amount = allowance.amount;
      rule.at_limit = item.at_limit.value_or(AtLimit::end);
      rule.is_audit_only = item.is_audit_only;
      rule.alert_percent = item.alert_percent;
      rule.fall_to = fall_to;
      rule.when_unshared = item.when_unshared.value_or(WhenUnshared::closed);
      rules.push_back(std::move(rule));
    }
  };
  for (bool is_budget : {false, true}) {
    for (SpendItem& item : is_budget ? draft.budgets : draft.limits) {
      check_when_unshared(item, sharing, context);
      const Model* fall_to =
          item.when_spent ? find_fall_to(*item.when_spent, place, context) : nullptr;
      add(item, item.money, Measure::money, is_budget, fall_to);
      add(item, item.requests, Measure::requests, is_budget, fall_to);
      add(item, item.tokens, Measure::tokens, is_budget, fall_to);
      add(item, item.concurrent, Measure::concurrent, is_budget, fall_to);
    }
  }
  name_rules(rules, place, context);
  return rules;
}

void check_alerts(const Draft& draft, const Node& root, Context& context) {
  const Node* node = section_of(root, "alerts");
  if (draft.alerts && is_said(node, "ca") && draft.alerts->webhook.starts_with("http://"))
    context.refuse(place_of(node, "ca", root.where), "ca changes nothing for an http:// webhook; remove it");
}

void refuse_unused_alerts(const Draft& draft, const Node& root, Context& context) {
  if (!draft.alerts) return;
  auto has_alert = [](const auto& owners) {
    for (const SpendDraft& owner : owners)
      for (const SpendItem& item : owner.budgets)
        if (!item.alert_percent.empty()) return true;
    return false;
  };
  if (has_alert(draft.products) || has_alert(draft.subscriptions) || has_alert(draft.cost_centers))
    return;
  const Node* node = section_of(root, "alerts");
  context.refuse(
      place_of(node, "webhook", root.where),
      "no budget has an alert, so the webhook would never be told; write alert: [80%] with "
      "a budget, or remove alerts");
}

}  // namespace tollgate::config
