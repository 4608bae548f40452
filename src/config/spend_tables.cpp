#include "config/spend_tables.hpp"

#include "config/places.hpp"
#include "config/spend_codecs.hpp"

#include <span>

namespace tollgate::config {
namespace {

const std::vector<std::string> scope_words{"subscription", "product", "cost_center", "key",
                                           "user",         "session", "task"};

// Whose pots a rule may have, by where it stands; the first is the default.
const std::vector<Scope> product_scopes{Scope::subscription, Scope::product, Scope::key,
                                        Scope::user,         Scope::session, Scope::task};
const std::vector<Scope> subscription_scopes{Scope::subscription, Scope::key, Scope::user,
                                             Scope::session, Scope::task};
const std::vector<Scope> cost_center_scopes{Scope::cost_center, Scope::subscription, Scope::key,
                                            Scope::user,        Scope::session,      Scope::task};

std::string to_text(Scope scope) { return scope_words[static_cast<std::size_t>(scope)]; }

Field<SpendItem> each_field(const std::vector<Scope>& scopes) {
  std::vector<std::string> words;
  for (Scope scope : scopes) words.push_back(to_text(scope));
  Field<SpendItem> field;
  field.name = "each";
  field.meaning = "Whose pot it is: each of these has its own. Default: " + words.front() + ".";
  field.schema = [words] { return words_schema(words); };
  field.read = [scopes, words](const Node& node, SpendItem& item, Context& context) {
    if (int index = read_choice(node, words, context); index >= 0)
      item.each = scopes[static_cast<std::size_t>(index)];
  };
  field.show = [](const Node* given, const SpendItem& item, YamlWriter& out) {
    given ? out.given("each", *given) : out.by_default("each", to_text(item.each));
  };
  return field;
}

void add_ways(Fields<SpendItem>& f, const std::vector<Scope>& scopes) {
  f.add(each_field(scopes));
  f.optional("mode", &SpendItem::is_audit_only, ChoiceValue<bool>{{"enforce", "audit"}},
             "audit counts and tells, and never refuses.");
  f.optional("at_limit", &SpendItem::at_limit, Maybe{ChoiceValue<AtLimit>{{"end", "finish"}}},
             "What happens to an answer that meets the limit under way: end stops it there, finish "
             "lets it go on and books the excess. Default: end.");
  f.optional("when_unshared", &SpendItem::when_unshared,
             Maybe{ChoiceValue<WhenUnshared>{{"closed", "open", "last_lease"}}},
             "With sharing, while Redis cannot be asked: closed refuses, open counts here alone, "
             "last_lease goes on with what was leased. Default: closed.");
}

Fields<SpendItem> limit_fields(const std::vector<Scope>& scopes) {
  Fields<SpendItem> f;
  f.optional("requests", &SpendItem::requests, AllowanceValue{Measure::requests, false},
             "Requests in a sliding second, minute, hour or day; or a list of such.");
  f.optional(
      "tokens", &SpendItem::tokens, AllowanceValue{Measure::tokens, false},
      "Prompt and answer tokens in a sliding second, minute, hour or day; or a list of such.");
  f.optional("concurrent", &SpendItem::concurrent, ConcurrentValue{}, "Calls at the same time.");
  add_ways(f, scopes);
  f.refused("money", "is not a limit but a budget; write it under budgets");
  f.refused("zone", "belongs to budgets: a limit slides, it has no calendar");
  return f;
}

Fields<SpendItem> budget_fields(const std::vector<Scope>& scopes) {
  Fields<SpendItem> f;
  f.optional(
      "money", &SpendItem::money, AllowanceValue{Measure::money, true},
      "Dollars in an hour, day, week or month of the calendar; without a period for the life "
      "of a session, task, user or key.");
  f.optional("tokens", &SpendItem::tokens, AllowanceValue{Measure::tokens, true},
             "Prompt and answer tokens, in the same way.");
  f.optional("requests", &SpendItem::requests, AllowanceValue{Measure::requests, true},
             "Requests, in the same way.");
  add_ways(f, scopes);
  f.optional("zone", &SpendItem::zone, Maybe{ZoneValue{}},
             "The time zone of the calendar. Default: UTC.");
  f.optional("idle", &SpendItem::idle,
             Maybe{DurationValue{std::chrono::minutes(1), std::chrono::hours(24 * 90)}},
             "Without a period: how long without a call ends the life. Default: 24h.");
  f.optional("alert", &SpendItem::alert_percent, AlertValue{},
             "Tell when so much is spent: ascending percentages.");
  f.optional("when_spent", &SpendItem::when_spent, Maybe{ReferenceValue{"gpt-4o-mini"}},
             "When it is spent, serve this model of the product instead of refusing.");
  f.refused("concurrent", "is not a budget but a limit; write it under limits");
  return f;
}

// The checks that one mapping allows by itself, and what it says without words. A mapping with a
// problem may say more than was understood.
void complete(SpendItem& item, bool is_budget, bool is_understood, Context& context) {
  auto refuse = [&](const char* field, const char* why) {
    context.refuse(place_of(item.node, field, item.where), why);
  };
  bool says_nothing = true;
  for (const char* measure : {"requests", "tokens", "concurrent", "money"})
    says_nothing = says_nothing && !is_said(item.node, measure);
  if (says_nothing && is_understood)
    context.refuse(item.where,
                   is_budget ? "this budget counts nothing; write money, tokens or requests"
                             : "this limit counts nothing; write requests, tokens or concurrent");

  bool has_calendar = false;
  bool has_life = false;
  for (const auto* list : {&item.money, &item.tokens, &item.requests}) {
    if (!is_budget) break;
    for (const WrittenAllowance& allowance : *list) {
      bool can_end = item.each != Scope::subscription && item.each != Scope::product &&
                     item.each != Scope::cost_center;
      if (!allowance.period && !can_end)
        context.refuse(allowance.where,
                       cited(allowance.text) +
                           " does not say in what time; write it with /hour, "
                           "/day, /week or /month",
                       allowance.text + "/month");
      (allowance.period ? has_calendar : has_life) = true;
    }
  }
  bool can_meet = is_said(item.node, "tokens") || is_said(item.node, "money");
  if (item.at_limit && !can_meet)
    refuse("at_limit", "at_limit changes nothing without tokens or money; remove it");
  if (item.at_limit && item.is_audit_only)
    refuse("at_limit", "at_limit changes nothing with mode: audit; remove one of the two");
  if (item.when_spent && item.is_audit_only)
    refuse("when_spent", "when_spent changes nothing with mode: audit; remove one of the two");
  if (item.zone && !has_calendar && !says_nothing)
    refuse("zone", "zone changes nothing without a period such as /day; remove it");
  if (item.idle && !has_life && !says_nothing)
    refuse("idle", "idle changes nothing with a period such as /day; remove it");
  if (!item.at_limit && can_meet && !item.is_audit_only) item.at_limit = AtLimit::end;
  if (!item.zone && has_calendar) item.zone = "UTC";
  if (!item.idle && has_life) item.idle = std::chrono::hours(24);
}

// `limits` or `budgets`: one mapping or a list of them.
template <class T>
Field<T> spend_field(bool is_budget, const std::vector<Scope>& scopes) {
  Fields<SpendItem> inner = is_budget ? budget_fields(scopes) : limit_fields(scopes);
  auto member = is_budget ? &SpendDraft::budgets : &SpendDraft::limits;
  Field<T> field;
  field.name = is_budget ? "budgets" : "limits";
  field.meaning = is_budget ? "What may be spent in an hour, day, week or month, or in a session; "
                              "one mapping or a list of them."
                            : "What may be called in a sliding time, and at once; one mapping or a "
                              "list of them.";
  field.schema = [inner] { return one_or_list_schema(inner.schema()); };
  field.example = is_budget ? "{money: $500/month}" : "{requests: 600/minute}";
  field.read = [inner, member, is_budget, example = field.example, scope = scopes.front()](
                   const Node& node, T& into, Context& context) {
    bool is_list = node.kind == Node::Kind::list;
    if (is_list && !expect_list(node, "[" + example + "]", context)) return;
    for (const Node& item_node :
         is_list ? std::span<const Node>(node.items) : std::span(&node, 1)) {
      SpendItem item;
      item.node = &item_node;
      item.where = item_node.where;
      item.each = scope;
      std::size_t before = context.problems.size();
      inner.read(item_node, item_node.where, item, context);
      complete(item, is_budget, context.problems.size() == before, context);
      (into.*member).push_back(std::move(item));
    }
  };
  field.show = [inner, member, name = field.name](const Node* given, const T& from,
                                                  YamlWriter& out) {
    if (!given) return out.unset(name);
    out.open(name);
    for (const SpendItem& item : from.*member) {
      out.open_item();
      inner.show(item.node, item, out);
      out.close_item();
    }
    out.close();
  };
  return field;
}

}  // namespace

Fields<ProductDraft>& add_spending(Fields<ProductDraft>& fields) {
  return fields.add(spend_field<ProductDraft>(false, product_scopes))
      .add(spend_field<ProductDraft>(true, product_scopes));
}

Fields<SubscriptionDraft>& add_spending(Fields<SubscriptionDraft>& fields) {
  return fields.add(spend_field<SubscriptionDraft>(false, subscription_scopes))
      .add(spend_field<SubscriptionDraft>(true, subscription_scopes));
}

Fields<CostCenterDraft> cost_center_fields() {
  Fields<CostCenterDraft> f;
  f.add(spend_field<CostCenterDraft>(false, cost_center_scopes));
  f.add(spend_field<CostCenterDraft>(true, cost_center_scopes));
  return f;
}

}  // namespace tollgate::config
