#include "config/resolve.hpp"

#include "config/affinity_fields.hpp"
#include "config/credential_fields.hpp"
#include "config/identity_fields.hpp"
#include "config/nearest.hpp"
#include "config/network_fields.hpp"
#include "config/places.hpp"
#include "config/ptu_fields.hpp"
#include "config/resolve_residency.hpp"
#include "config/resolve_spend.hpp"
#include "config/route_fields.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace tollgate::config {
namespace {

// Where each name of a section stands in its list. Says what is dangling and what is not used.
template <class T>
class Names {
 public:
  Names(const char* noun, const std::vector<T>& drafts) : noun_(noun), drafts_(drafts) {
    for (std::size_t i = 0; i < drafts.size(); ++i) index_.emplace(drafts[i].name, i);
  }

  const std::size_t* find(const Reference& reference, Context& context) {
    auto found = index_.find(reference.name);
    if (found != index_.end()) {
      used_.insert(found->second);
      return &found->second;
    }
    // A section that could not be read has been refused already; so has a field without a place.
    if (index_.empty() || reference.where.line == 0) return nullptr;
    // Comparing every wrong name with every right one is for files with a few slips.
    constexpr std::size_t most_suggestions = 100;
    std::vector<std::string> names;
    if (context.problems.size() < most_suggestions)
      for (const auto& [name, index] : index_) names.push_back(name);
    context.refuse(reference.where,
                   std::string("there is no ") + noun_ + " " + cited(reference.name) +
                       "; define it under " + noun_ + "s or name another",
                   nearest(reference.name, names));
    return nullptr;
  }

  void refuse_unused(const char* user, Context& context) const {
    for (std::size_t i = 0; i < drafts_.size(); ++i)
      if (!used_.contains(i))
        context.refuse(drafts_[i].where, std::string("no ") + user + " uses the " + noun_ + " " +
                                             cited(drafts_[i].name) + "; use it or remove it");
  }

 private:
  const char* noun_;
  const std::vector<T>& drafts_;
  std::map<std::string, std::size_t> index_;
  std::set<std::size_t> used_;
};

void check_server(const ServerConfig& server, const Node& root, Context& context) {
  auto is_everywhere = [](const ListenAddress& a) { return a.host == "0.0.0.0" || a.host == "::"; };
  bool is_same_host = server.listen.host == server.admin.host || is_everywhere(server.listen) ||
                      is_everywhere(server.admin);
  if (server.listen.port == 0 || server.listen.port != server.admin.port || !is_same_host) return;
  const Entry* section = root.find("server");
  const Node* node = section ? &section->value : nullptr;
  context.refuse(place_of(node, "admin", place_of(node, "listen", root.where)),
                 "listen and admin are the same address; give the admin plane another port");
}

void check_deployment(DeploymentDraft& draft, Context& context) {
  if (draft.deployment.empty()) draft.deployment = draft.name;
  if (draft.model.empty()) draft.model = draft.deployment;

  bool is_ptu = draft.kind == DeploymentKind::ptu;
  if (is_ptu && !is_said(draft.node, "units"))
    context.refuse(place_of(draft.node, "kind", draft.where),
                   "kind: ptu needs the reserved units; write units: 100");
  if (!is_ptu && is_said(draft.node, "units"))
    context.refuse(place_of(draft.node, "units", draft.where),
                   "units belong to kind: ptu; write kind: ptu or remove them");
  if (!is_ptu && is_said(draft.node, "unit_price"))
    context.refuse(place_of(draft.node, "unit_price", draft.where),
                   "unit_price belongs to kind: ptu; write kind: ptu or remove it");
  if (is_ptu && is_said(draft.node, "tokens"))
    context.refuse(place_of(draft.node, "tokens", draft.where),
                   "tokens belong to kind: payg; a ptu deployment is sized by its units");

  draft.is_global = draft.scope == DeploymentScope::global;
  check_breaker(draft, context);

  check_ptu(draft, context);

  const Endpoint& endpoint = draft.endpoint;
  bool is_plain_and_far = !endpoint.host.empty() && !endpoint.is_tls && !is_loopback(endpoint.host);
  if (is_plain_and_far && !draft.allow_plain_http)
    context.refuse(place_of(draft.node, "endpoint", draft.where),
                   "http:// would send the key and the prompts unencrypted; write https://, or "
                   "allow_plain_http: true if that is meant");
  if (draft.allow_plain_http && !is_plain_and_far)
    context.refuse(place_of(draft.node, "allow_plain_http", draft.where),
                   "allow_plain_http changes nothing for this endpoint; remove it");
  if (!endpoint.is_tls && is_said(draft.node, "ca"))
    context.refuse(place_of(draft.node, "ca", draft.where),
                   "ca changes nothing for an http:// endpoint; remove it");
}

void check_realtime(const ProductDraft& draft, Context& context) {
  if (draft.realtime.idle <= draft.realtime.max_session) return;
  const Entry* section = draft.node->find("realtime");
  const Node* node = section ? &section->value : nullptr;
  if (!is_said(node, "idle")) return;  // the default is simply never reached
  context.refuse(place_of(node, "idle", draft.where),
                 "idle is longer than max_session, which ends the session first; write a shorter one or remove it");
}

void check_keys(const std::vector<SubscriptionDraft>& drafts, Context& context) {
  std::map<KeyDigest, std::pair<const SubscriptionDraft*, Location>> owners;
  for (const SubscriptionDraft& draft : drafts) {
    for (const SubscriptionKey& key : draft.keys) {
      auto [first, is_new] = owners.emplace(key.digest, std::pair(&draft, key.where));
      if (is_new) continue;
      context.refuse(key.where,
                     "this key is also one of subscription " + cited(first->second.first->name) +
                         " (" + to_text(first->second.second) + "); a key has one owner");
    }
  }
}

void check_path_prefixes(const std::vector<SubscriptionDraft>& drafts, Context& context) {
  std::map<std::string, const SubscriptionDraft*> owners;
  for (const SubscriptionDraft& draft : drafts) {
    if (draft.path_prefix.empty()) continue;
    auto [first, is_new] = owners.emplace(draft.path_prefix, &draft);
    if (!is_new)
      context.refuse(place_of(draft.node, "path_prefix", draft.where),
                     cited(draft.path_prefix) + " is also the prefix of subscription " +
                         cited(first->second->name) + "; choose another");
  }
}

// What the names of rules begin with: the owner's name, after its kind where that name is taken.
template <class... Owners>
std::string rule_owner(const char* kind, const std::string& name, const Owners&... others) {
  auto is_in = [&](const auto& owners) {
    return std::any_of(owners.begin(), owners.end(), [&](const auto& o) { return o.name == name; });
  };
  return (is_in(others) || ...) ? std::string(kind) + "/" + name : name;
}

void check_cost_center(const CostCenterDraft& draft, Context& context) {
  if (draft.node->kind == Node::Kind::map && draft.node->entries.empty())
    context.refuse(draft.where, "the cost center " + cited(draft.name) +
                                    " says nothing; write limits or budgets");
}

// The plain part of a draft, as the gateway keeps it.
template <class T, class D>
void append(std::vector<std::unique_ptr<const T>>& list, const D& draft) {
  auto made = std::make_unique<T>(static_cast<const T&>(draft));
  if constexpr (requires { made->index; }) made->index = list.size();
  list.push_back(std::move(made));
}

// Points the subscriptions of each cost center at its rules. Returns those that have none.
std::vector<const CostCenterDraft*> add_cost_centers(Draft& draft, Config& config,
                                                     const SharingConfig* sharing,
                                                     Context& context) {
  std::map<std::string, std::vector<SubscriptionDraft*>> members;
  for (SubscriptionDraft& s : draft.subscriptions) members[s.cost_center].push_back(&s);
  std::vector<const CostCenterDraft*> unused;
  for (CostCenterDraft& c : draft.cost_centers) {
    SpendPlace place{rule_owner("cost_center", c.name, draft.products, draft.subscriptions),
                     Scope::cost_center,
                     {}};
    for (const SubscriptionDraft* s : members[c.name]) {
      bool is_known = std::count(place.products.begin(), place.products.end(), s->product) > 0;
      if (s->product && !is_known) place.products.push_back(s->product);
    }
    c.rules = resolve_rules(c, place, sharing, context);
    append(config.cost_centers, c);
    for (SubscriptionDraft* s : members[c.name])
      s->cost_center_rules = config.cost_centers.back().get();
    if (members[c.name].empty()) unused.push_back(&c);
  }
  return unused;
}

}  // namespace

std::shared_ptr<Config> resolve(Draft& draft, const Node& root, Context& context) {
  check_server(draft.server, root, context);
  for (DeploymentDraft& d : draft.deployments) check_deployment(d, context);
  for (const ProductDraft& p : draft.products) check_realtime(p, context);
  for (const ModelDraft& m : draft.models) check_hedge(m, context);
  check_keys(draft.subscriptions, context);
  check_path_prefixes(draft.subscriptions, context);
  complete_credentials(draft, context);
  resolve_network(draft, root, context);
  check_ledger(draft, root, context);
  resolve_affinity(draft, root, context);
  check_sharing(draft, root, context);
  check_alerts(draft, root, context);
  for (const CostCenterDraft& c : draft.cost_centers) check_cost_center(c, context);
  const SharingConfig* sharing = draft.sharing ? &*draft.sharing : nullptr;
  check_identity(draft, root, context);

  auto config = std::make_shared<Config>();
  config->server = draft.server;
  config->records = draft.records;
  config->log = draft.log;
  config->network = draft.network;
  config->ledger = draft.ledger;
  config->affinity = draft.affinity;
  config->sharing = draft.sharing.value_or(SharingConfig{});
  config->alerts = draft.alerts.value_or(AlertsConfig{});
  config->tokens = draft.tokens;
  config->prices = resolve_prices(draft, context);
  config->identity = draft.identity;
  config->filters = draft.filters;

  resolve_credentials(draft, *config, context);
  Names deployments("deployment", draft.deployments);
  for (const DeploymentDraft& d : draft.deployments) append(config->deployments, d);

  Names models("model", draft.models);
  for (ModelDraft& m : draft.models) {
    for (const StepDraft& step : m.route) {
      RouteStep& choices = m.steps.emplace_back();
      for (const WeightedReference& choice : step)
        if (const std::size_t* at = deployments.find(choice, context))
          choices.push_back({config->deployments[*at].get(), choice.weight});
    }
    if (!m.steps.empty() && !m.steps.front().empty()) m.deployment = m.steps.front().front().deployment;
    append(config->models, m);
  }

  const Regions regions(draft.regions);
  Names products("product", draft.products);
  for (ProductDraft& p : draft.products) {
    for (const Reference& name : p.model_names)
      if (const std::size_t* at = models.find(name, context))
        p.models.push_back(config->models[*at].get());
    if (is_said(p.node, "home")) {
      if (const std::size_t* at = deployments.find(p.home_name, context))
        p.home = config->deployments[*at].get();
    } else if (!p.models.empty() && p.models.front()->deployment) {
      p.home = p.models.front()->deployment;
      p.home_name.name = p.home->name;
    }
    resolve_residency(p, *config, regions, context);
    if (p.home) p.home_route.push_back({RouteChoice{p.home}});
    SpendPlace place{p.name, Scope::subscription, {&p}};
    p.rules = resolve_rules(p, place, sharing, context);
    append(config->products, p);
  }

  for (SubscriptionDraft& s : draft.subscriptions)
    if (const std::size_t* at = products.find(s.product_name, context))
      s.product = config->products[*at].get();

  std::vector<const CostCenterDraft*> unused = add_cost_centers(draft, *config, sharing, context);

  for (SubscriptionDraft& s : draft.subscriptions) {
    SpendPlace place{rule_owner("subscription", s.name, draft.products), Scope::subscription, {}};
    if (s.product) place.products.push_back(s.product);
    s.rules = resolve_rules(s, place, sharing, context);
    append(config->subscriptions, s);
  }
  check_priced(*config, context);

  // What looks unused beside another problem may only be misspelt there.
  if (context.problems.empty()) {
    deployments.refuse_unused("model", context);
    refuse_unused_credentials(draft, context);
    models.refuse_unused("product", context);
    products.refuse_unused("subscription", context);
    for (const CostCenterDraft* c : unused)
      context.refuse(c->where, "no subscription uses the cost center " + cited(c->name) +
                                   "; use it or remove it");
    refuse_unused_prices(draft, context);
    refuse_unused_alerts(draft, root, context);
    check_regions(draft, context);
  }
  if (!context.problems.empty()) return nullptr;
  return config;
}

}  // namespace tollgate::config
