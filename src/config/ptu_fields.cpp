#include "config/ptu_fields.hpp"

#include "config/places.hpp"
#include "config/spend_codecs.hpp"
#include "config/unit_capacity.hpp"

namespace tollgate::config {

namespace {

constexpr const char* spill_example = "{standard: 95%, batch: 80%}";

Fields<SpillRules> line_fields() {
  Fields<SpillRules> f;
  f.optional("interactive", &SpillRules::interactive, PercentValue{1, 100},
             "How full it may be predicted to be before interactive calls leave it.");
  f.optional("standard", &SpillRules::standard, PercentValue{1, 100}, "The same for standard calls.");
  f.optional("batch", &SpillRules::batch, PercentValue{1, 100}, "The same for batch calls.");
  return f;
}

bool is_off(const Node& node) { return node.kind == Node::Kind::scalar && node.text == "off"; }

void check_lines(const SpillRules& spill, const Location& where, Context& context) {
  const auto refuse = [&](const char* later, const char* earlier) {
    context.refuse(where, std::string(later) + " calls would leave later than " + earlier + " ones; write interactive, standard and batch in falling order");
  };
  if (spill.standard > spill.interactive) refuse("standard", "interactive");
  else if (spill.batch > spill.standard) refuse("batch", "standard");
}

// What cannot be done without knowing what a unit carries.
const char* needs_capacity(const DeploymentDraft& draft) {
  if (is_said(draft.node, "spill") && draft.spill.is_predictive) return "spill";
  if (draft.queue) return "queue";
  return draft.unit_price > 0 && !draft.rates ? "unit_price" : nullptr;
}

}  // namespace

Fields<UnitCapacity> capacity_fields() {
  Fields<UnitCapacity> f;
  f.required("input", &UnitCapacity::input_a_minute, RateValue{}, "Input tokens a minute that one unit carries.");
  f.required("answer_weight", &UnitCapacity::answer_weight, CountValue{1, 100},
             "How many input tokens a token of the answer counts as.");
  return f;
}

Field<DeploymentDraft> spill_field() {
  const Fields<SpillRules> lines = line_fields();
  Field<DeploymentDraft> field;
  field.name = "spill";
  field.meaning =
      "With kind: ptu, how full it may be predicted to be before each class of traffic goes elsewhere; off waits until it "
      "refuses.";
  field.schema = [lines] { return R"({"oneOf":[{"const":"off"},)" + lines.schema() + "]}"; };
  field.example = spill_example;
  field.read = [lines](const Node& node, DeploymentDraft& draft, Context& context) {
    if (is_off(node)) {
      draft.spill.is_predictive = false;
      return;
    }
    if (node.kind == Node::Kind::scalar) {
      return context.refuse(node.where, "write off, or lines such as " + std::string(spill_example));
    }
    lines.read(node, node.where, draft.spill, context);
  };
  field.show = [lines](const Node* given, const DeploymentDraft& draft, YamlWriter& out) {
    if (draft.kind != DeploymentKind::ptu) return out.unset("spill");
    if (given && is_off(*given)) return out.given("spill", *given);
    out.open("spill");
    lines.show(given, draft.spill, out);
    out.close();
  };
  return field;
}

Fields<QueueRules> queue_fields() {
  Fields<QueueRules> f;
  f.optional("max_wait", &QueueRules::max_wait, DurationValue{Milliseconds(1), std::chrono::minutes(1)},
             "The longest that a call waits for room before it goes elsewhere.");
  f.optional("length", &QueueRules::length, CountValue{1, 1000}, "The most calls that wait at a time.");
  return f;
}

void check_ptu(DeploymentDraft& draft, Context& context) {
  if (draft.kind != DeploymentKind::ptu) {
    for (const char* name : {"capacity", "spill", "queue"}) {
      if (!is_said(draft.node, name)) continue;
      context.refuse(place_of(draft.node, name, draft.where),
                     std::string(name) + " belongs to kind: ptu; write kind: ptu or remove it");
    }
    return;
  }
  if (!draft.capacity) draft.unit = unit_capacity(draft.model);
  else draft.unit = *draft.capacity;
  check_lines(draft.spill, place_of(draft.node, "spill", draft.where), context);
  if (draft.queue && !draft.spill.is_predictive) {
    context.refuse(place_of(draft.node, "queue", draft.where),
                   "queue needs to know when there will be room; remove spill: off, or the queue");
  }
  const char* needing = needs_capacity(draft);
  if (needing && draft.unit.input_a_minute == 0 && !is_said(draft.node, "capacity")) {
    context.refuse(place_of(draft.node, needing, draft.where),
                   std::string(needing) + " needs to know what a unit carries, and the base model " + cited(draft.model) +
                       " is not in the table; write capacity: {input: 2500/minute, answer_weight: 4}");
  }
}

}  // namespace tollgate::config
