#include "cli/ptu/groups.hpp"

#include "config/default_prices.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace tollgate::cli {
namespace {

class Reader {
 public:
  Reader(const Config& config, bool knows_present, const GroupOptions& options, WallTime now)
      : config_(config), knows_present_(knows_present), options_(options), now_(now) {}

  void take(const ledger::MinuteUse& use);
  std::vector<Group> finish(std::int64_t begin, std::int64_t end);

 private:
  bool is_asked_for(const Deployment& deployment, const std::string& model) const;
  Group& group_of(std::string_view model);
  UnitSize size_of(const std::string& model, DeploymentScope scope) const;
  Group make_group(const std::string& model) const;
  std::optional<Present> present_of(const Group& group) const;
  Member& member_of(Group& group, const ledger::MinuteUse& use);
  const Deployment* deployment_named(std::string_view name) const;
  const limits::CallRates& rates_of(const Group& group, const ledger::MinuteUse& use);

  const Config& config_;
  const bool knows_present_;
  const GroupOptions& options_;
  const WallTime now_;
  std::map<std::string, Group, std::less<>> groups_;
  // Rates by model and deployment; "" is pay-as-you-go in general.
  std::map<std::pair<std::string, std::string>, limits::CallRates, std::less<>> rates_;
};

bool Reader::is_asked_for(const Deployment& deployment, const std::string& model) const {
  return deployment.model == model &&
         (options_.deployment.empty() || options_.deployment == deployment.name);
}

const Deployment* Reader::deployment_named(std::string_view name) const {
  const auto found = std::find_if(config_.deployments.begin(), config_.deployments.end(),
                                  [name](const auto& deployment) { return deployment->name == name; });
  return found == config_.deployments.end() ? nullptr : found->get();
}

// Where reserved units are already, the next ones will be of the same type.
DeploymentScope scope_of(const Config& config, const std::string& model) {
  const Deployment* best = nullptr;
  for (const auto& deployment : config.deployments) {
    if (deployment->model != model) continue;
    if (best == nullptr || (best->kind == DeploymentKind::payg && deployment->kind == DeploymentKind::ptu))
      best = deployment.get();
  }
  return best == nullptr ? DeploymentScope::global : best->scope;
}

std::optional<Present> Reader::present_of(const Group& group) const {
  if (!knows_present_) return std::nullopt;
  Present present;
  present.price_an_hour = 0;
  for (const auto& deployment : config_.deployments) {
    if (deployment->kind != DeploymentKind::ptu || !is_asked_for(*deployment, group.model)) continue;
    present.units += deployment->units;
    // One price for all lines of the comparison, where one is named.
    const std::int64_t price = options_.unit_price.value_or(deployment->unit_price);
    if (price == 0) present.price_an_hour.reset();
    if (present.price_an_hour) *present.price_an_hour += deployment->units * price;
  }
  return present;
}

// What is said goes before what is configured, and that before the table: the gateway predicts by it too.
UnitSize Reader::size_of(const std::string& model, DeploymentScope scope) const {
  UnitSize size = unit_size(model, scope);
  const auto configured = std::find_if(config_.deployments.begin(), config_.deployments.end(), [&](const auto& deployment) {
    return deployment->model == model && deployment->unit.input_a_minute > 0;
  });
  if (configured != config_.deployments.end()) {
    size.tokens_a_minute = (*configured)->unit.input_a_minute;
    size.answer_weight = (*configured)->unit.answer_weight;
  }
  size.tokens_a_minute = options_.unit_tokens.value_or(size.tokens_a_minute);
  size.answer_weight = options_.answer_weight.value_or(size.answer_weight);
  return size;
}

Group Reader::make_group(const std::string& model) const {
  const DeploymentScope scope = options_.scope.value_or(scope_of(config_, model));
  const UnitSize size = size_of(model, scope);
  Group group(size.answer_weight);
  group.model = model;
  group.scope = scope;
  group.terms.size = size;
  group.terms.head_room_percent = options_.head_room_percent;
  group.terms.unit_price = options_.unit_price;
  for (const auto& deployment : config_.deployments)
    if (deployment->model == model && deployment->unit_price > 0 && !group.terms.unit_price)
      group.terms.unit_price = deployment->unit_price;
  group.terms.present = present_of(group);
  for (const Price& price : config_.prices)
    if (price.model == model) group.long_context_above = price.long_context_above;
  return group;
}

Group& Reader::group_of(std::string_view model) {
  auto found = groups_.find(model);
  if (found == groups_.end()) found = groups_.emplace(model, make_group(std::string(model))).first;
  return found->second;
}

Member& Reader::member_of(Group& group, const ledger::MinuteUse& use) {
  const std::string name(use.deployment);
  auto found = group.members.find(name);
  if (found != group.members.end()) return found->second;
  Member member(group.terms.size.answer_weight);
  member.kind = use.kind;
  const Deployment* deployment = deployment_named(name);
  if (deployment != nullptr && deployment->kind == DeploymentKind::ptu) member.units = deployment->units;
  return group.members.emplace(name, std::move(member)).first->second;
}

// What the tokens cost where they are paid one by one: on the deployment that had them, or, for
// those of reserved capacity, on the first pay-as-you-go deployment of the model, or at its prices.
const limits::CallRates& Reader::rates_of(const Group& group, const ledger::MinuteUse& use) {
  const std::string own = use.kind == DeploymentKind::payg ? std::string(use.deployment) : "";
  const auto key = std::pair(group.model, own);
  if (auto found = rates_.find(key); found != rates_.end()) return found->second;
  Deployment any;
  any.model = group.model;
  any.scope = group.scope;
  any.is_global = group.scope == DeploymentScope::global;
  const Deployment* deployment = deployment_named(own);
  if (deployment == nullptr || deployment->kind != DeploymentKind::payg) {
    deployment = &any;
    for (const auto& other : config_.deployments)
      if (deployment == &any && other->kind == DeploymentKind::payg && other->model == group.model)
        deployment = other.get();
  }
  const limits::CallRates rates = limits::DeploymentPrices(config_, *deployment).at(now_, 0, false);
  return rates_.emplace(key, rates).first->second;
}

void Reader::take(const ledger::MinuteUse& use) {
  if (use.deployment.empty()) return;
  if (!options_.model.empty() && use.model != options_.model) return;
  if (!options_.deployment.empty() && use.deployment != options_.deployment) return;
  Group& group = group_of(use.model);
  if (use.is_batch) {
    group.batch_requests += use.sums.requests;
    return;
  }
  DeploymentMinute minute;
  minute.minute = use.minute;
  minute.kind = use.kind;
  minute.tokens = {use.sums.requests, use.sums.prompt, use.sums.cached, use.sums.completion};
  minute.rates = rates_of(group, use);
  if (!minute.rates.is_priced) group.terms.is_priced = false;
  group.load.add(minute);
  member_of(group, use).load.add(minute);
  group.estimated_requests += use.sums.estimated;
}

// A group is looked at from its first use on: what was before may have been no deployment at all.
std::vector<Group> Reader::finish(std::int64_t begin, std::int64_t end) {
  std::vector<Group> result;
  for (auto& [model, group] : groups_) {
    if (group.load.minutes().empty()) continue;
    group.begin = std::max(begin, group.load.minutes().front().minute);
    group.end = std::max(end, group.load.minutes().back().minute + 1);
    result.push_back(std::move(group));
  }
  return result;
}

}  // namespace

std::vector<Group> read_groups(ledger::Report& report, const Config* config, const GroupOptions& options,
                               WallTime now) {
  Config list_prices;
  if (config == nullptr) list_prices.prices = config::default_prices();
  Reader reader(config != nullptr ? *config : list_prices, config != nullptr, options, now);
  const std::optional<std::int64_t> last = report.last_minute();
  if (!last) return {};
  // What came after the last use is not known: the gateway may have been stopped.
  const std::int64_t end = std::min(options.to.value_or(*last + 1), *last + 1);
  const std::int64_t begin = options.from.value_or(end - options.last);
  report.each_minute(begin, end, [&](const ledger::MinuteUse& use) { reader.take(use); });
  return reader.finish(begin, end);
}

}  // namespace tollgate::cli
