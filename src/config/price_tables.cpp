// The rows of the table of fields that say what a token costs.
#include "config/default_prices.hpp"
#include "config/places.hpp"
#include "config/spend_codecs.hpp"
#include "config/spend_tables.hpp"

#include <algorithm>
#include <set>
#include <span>

namespace tollgate::config {
namespace {

template <class T>
void add_rates(Fields<T>& f) {
  f.required("input", &Rates::input, PriceValue{}, "A million prompt tokens.");
  f.optional("cached", &Rates::cached_input, Maybe{PriceValue{"$1.25"}},
             "A million prompt tokens that the provider had in its cache. Default: the value of "
             "`input`.");
  f.optional(
      "cache_write", &Rates::cache_write, Maybe{PriceValue{"$3.125"}},
      "A million prompt tokens written to the provider's cache. Default: the value of `input`.");
  f.required("output", &Rates::output, PriceValue{"$10"},
             "A million answer tokens; $0 for models that answer with none.");
  f.optional("reasoning", &Rates::reasoning, Maybe{PriceValue{"$10"}},
             "A million reasoning tokens. Default: the value of `output`.");
  f.optional("audio_input", &Rates::audio_input, Maybe{PriceValue{"$32"}},
             "A million audio tokens of prompts. Default: the value of `input`.");
  f.optional("audio_cached", &Rates::audio_cached, Maybe{PriceValue{"$0.40"}},
             "A million audio tokens that the provider had in its cache. Default: the value of `audio_input`, or "
             "of `cached` where neither is given.");
  f.optional("audio_output", &Rates::audio_output, Maybe{PriceValue{"$64"}},
             "A million audio tokens of answers. Default: the value of `output`.");
}

Fields<LongContextDraft> long_context_fields() {
  Fields<LongContextDraft> f;
  f.required("above", &LongContextDraft::above, TokenCountValue{1, 100'000'000, "272k"},
             "Calls with more prompt tokens than this have these prices, for all their tokens.");
  add_rates(f);
  return f;
}

Fields<PriceDraft> price_fields() {
  Fields<PriceDraft> f;
  f.optional("from", &PriceDraft::from, Maybe{DayValue{}},
             "The first day of these prices, in UTC. Default: since ever.");
  add_rates(f);
  f.optional("batch", &PriceDraft::batch_percent, PercentValue{1, 100},
             "What batch work costs, of the prices here.");
  f.optional("regional", &PriceDraft::regional_percent, PercentValue{1, 1000},
             "What data zone and regional deployments cost, of the prices here.");
  f.optional_group("long_context", &PriceDraft::long_context, long_context_fields(),
                   "Other prices for long prompts.");
  return f;
}

void read_prices(const Entry& entry, const Fields<PriceDraft>& inner, Draft& draft,
                 Context& context) {
  const Node& node = entry.value;
  bool is_list = node.kind == Node::Kind::list;
  if (is_list && !expect_list(node, "[{input: $1, output: $2}]", context)) return;
  PriceListDraft list;
  list.node = &node;
  list.name = entry.name;
  list.where = entry.where;
  std::set<std::optional<std::chrono::sys_days>> days;
  for (const Node& item : is_list ? std::span<const Node>(node.items) : std::span(&node, 1)) {
    PriceDraft price;
    price.node = &item;
    price.where = item.where;
    std::size_t before = context.problems.size();
    inner.read(item, is_list ? item.where : entry.where, price, context);
    if (context.problems.size() == before && !days.insert(price.from).second)
      context.refuse(place_of(&item, "from", item.where), "there are prices of " +
                                                              cited(entry.name) +
                                                              " from this day already; each day "
                                                              "once");
    list.prices.push_back(std::move(price));
  }
  draft.prices.push_back(std::move(list));
}

void show_rates(const Rates& rates, YamlWriter& out) {
  out.by_default("input", price_to_text(rates.input));
  if (rates.cached_input) out.by_default("cached", price_to_text(*rates.cached_input));
  if (rates.cache_write) out.by_default("cache_write", price_to_text(*rates.cache_write));
  out.by_default("output", price_to_text(rates.output));
}

// The built-in prices that the deployments make use of.
std::vector<Price> used_default_prices(const Draft& draft) {
  std::vector<Price> used;
  for (Price& price : default_prices()) {
    bool is_used = std::any_of(draft.deployments.begin(), draft.deployments.end(),
                               [&](const Deployment& d) { return d.model == price.model; });
    bool is_said_here = std::any_of(draft.prices.begin(), draft.prices.end(),
                                    [&](const PriceListDraft& p) { return p.name == price.model; });
    if (is_used && !is_said_here) used.push_back(std::move(price));
  }
  return used;
}

void show_default_price(const Price& price, YamlWriter& out) {
  out.open(price.model);
  show_rates(price.rates, out);
  out.by_default("batch", std::to_string(price.batch_percent) + "%");
  out.by_default("regional", std::to_string(price.regional_percent) + "%");
  if (price.long_context_above > 0) {
    out.open("long_context");
    out.by_default("above", amount_to_text(price.long_context_above));
    show_rates(price.long_context, out);
    out.close();
  }
  out.close();
}

}  // namespace

Fields<Rates> rate_fields() {
  Fields<Rates> f;
  add_rates(f);
  return f;
}

Field<Draft> prices_field() {
  Fields<PriceDraft> inner = price_fields();
  Field<Draft> field;
  field.name = "prices";
  field.meaning = "Prices of base models, for a million tokens, in place of the built-in ones of " +
                  std::string(default_prices_date) + "; one mapping or a list of them with `from`.";
  field.schema = [inner] { return map_schema(one_or_list_schema(inner.schema())); };
  field.example = "{gpt-4o: {input: $2.50, output: $10}}";
  field.read = [inner, example = field.example](const Node& node, Draft& draft, Context& context) {
    if (!expect_names(node, "prices", example, context)) return;
    for (const Entry& entry : node.entries)
      if (check_name(entry, context)) read_prices(entry, inner, draft, context);
  };
  field.show = [inner](const Node*, const Draft& draft, YamlWriter& out) {
    std::vector<Price> defaults = used_default_prices(draft);
    if (draft.prices.empty() && defaults.empty()) return out.unset("prices");
    out.open("prices");
    for (const PriceListDraft& list : draft.prices) {
      out.open(list.name);
      for (const PriceDraft& price : list.prices) {
        out.open_item();
        inner.show(price.node, price, out);
        out.close_item();
      }
      out.close();
    }
    for (const Price& price : defaults) show_default_price(price, out);
    out.close();
  };
  return field;
}

}  // namespace tollgate::config
