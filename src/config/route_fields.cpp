#include "config/route_fields.hpp"

#include "config/places.hpp"
#include "config/spend_codecs.hpp"

namespace tollgate::config {

namespace {

constexpr CountValue weight_value{1, 1000};

// {swc: 3, neu: 1}
void read_weights(const Node& node, StepDraft& step, Context& context) {
  for (const Entry& entry : node.entries) {
    WeightedReference choice;
    choice.name = entry.name;
    choice.where = entry.where;
    weight_value.read(entry.value, choice.weight, context);
    step.push_back(std::move(choice));
  }
}

void read_step(const Node& node, std::vector<StepDraft>& route, Context& context) {
  StepDraft step;
  if (node.kind == Node::Kind::map && !node.entries.empty()) {
    read_weights(node, step, context);
  } else {
    if (!expect_scalar(node, "gpt-4o-payg, or with weights {gpt-4o-swc: 3, gpt-4o-neu: 1}", context)) return;
    WeightedReference choice;
    choice.name = node.text;
    choice.where = node.where;
    step.push_back(std::move(choice));
  }
  route.push_back(std::move(step));
}

void refuse_repeats(const std::vector<StepDraft>& route, Context& context) {
  std::vector<const WeightedReference*> seen;
  for (const StepDraft& step : route) {
    for (const WeightedReference& choice : step) {
      for (const WeightedReference* earlier : seen) {
        if (earlier->name != choice.name) continue;
        context.refuse(choice.where, cited(choice.name) + " is in this route twice; remove one, each deployment is tried once");
        break;
      }
      seen.push_back(&choice);
    }
  }
  if (seen.size() > most_route_choices) {
    context.refuse(seen[most_route_choices]->where,
                   "a route has at most " + std::to_string(most_route_choices) + " deployments");
  }
}

}  // namespace

void RouteValue::read(const Node& node, std::vector<StepDraft>& value, Context& context) const {
  if (node.kind == Node::Kind::list) {
    if (!expect_list(node, example(), context)) return;
    for (const Node& step : node.items) read_step(step, value, context);
  } else {
    read_step(node, value, context);
  }
  refuse_repeats(value, context);
}

std::string RouteValue::schema() const {
  const std::string step =
      R"({"oneOf":[{"type":"string"},{"type":"object","minProperties":1,"additionalProperties":)" + weight_value.schema() + "}]}";
  return R"({"oneOf":[)" + step + R"(,{"type":"array","minItems":1,"items":)" + step + "}]}";
}

Fields<BreakerRules> breaker_fields() {
  Fields<BreakerRules> f;
  f.optional("consecutive", &BreakerRules::consecutive, CountValue{1, 1000},
             "Failures in a row that open it.");
  f.optional("failures", &BreakerRules::failure_percent, PercentValue{1, 100},
             "Part of the calls of `window` whose failure opens it.");
  f.optional("calls", &BreakerRules::least_calls, CountValue{1, 100'000},
             "Calls in `window` before `failures` counts.");
  f.optional("window", &BreakerRules::window, DurationValue{}, "The time that `failures` looks back.");
  f.optional("open", &BreakerRules::open, DurationValue{},
             "How long it stays open at first; twice as long each time in a row.");
  f.optional("open_most", &BreakerRules::open_most, DurationValue{}, "The longest that becomes.");
  f.optional("probes", &BreakerRules::probes, CountValue{1, 100},
             "When half-open: calls let through at a time, and good answers before it closes.");
  f.optional("slow_start", &BreakerRules::slow_start, DurationValue{Milliseconds(0)},
             "After it has closed: the time from a tenth of its traffic to all of it; 0s is at once.");
  f.optional("retry_after_most", &BreakerRules::retry_after_most, DurationValue{},
             "The longest that a deployment's own retry-after is followed.");
  return f;
}

Fields<HedgeRules> hedge_fields() {
  Fields<HedgeRules> f;
  f.optional("after", &HedgeRules::percent, PercentValue{50, 99},
             "The second call goes out when this part of the first tokens seen lately would have come.");
  f.optional("cost", &HedgeRules::cost_percent, PercentValue{1, 50},
             "Most of the model's money that may go into second calls.");
  f.optional("least", &HedgeRules::least, DurationValue{}, "Never sooner than this.");
  return f;
}

void check_hedge(const ModelDraft& draft, Context& context) {
  std::size_t deployments = 0;
  for (const StepDraft& step : draft.route) deployments += step.size();
  if (!draft.hedge || deployments != 1) return;
  context.refuse(place_of(draft.node, "hedge", draft.where),
                 "hedge changes nothing on a route of one deployment; add another to the route, or remove hedge");
}

void check_breaker(const DeploymentDraft& draft, Context& context) {
  if (draft.breaker.open <= draft.breaker.open_most) return;
  const Node* breaker = draft.node->find("breaker") ? &draft.node->find("breaker")->value : draft.node;
  context.refuse(place_of(breaker, "open", draft.where), "`open` is longer than `open_most`; write it the other way round");
}

}  // namespace tollgate::config
