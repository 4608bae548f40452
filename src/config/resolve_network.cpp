// What holds between the fields that say where the gateway may connect to.
#include "config/network_fields.hpp"

#include "base/ip.hpp"
#include "config/places.hpp"
#include "config/tls_files.hpp"

#include <algorithm>

namespace tollgate::config {
namespace {

const Node* node_at(const Node& root, std::initializer_list<std::string_view> path) {
  const Node* node = &root;
  for (const std::string_view name : path) {
    const Entry* entry = node->find(name);
    if (!entry) return nullptr;
    node = &entry->value;
  }
  return node;
}

// The host of a URL, without port and brackets.
std::string host_of(std::string_view url) {
  url.remove_prefix(std::min(url.size(), url.find("://") + 3));
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find(':')));
}

class HostCheck {
 public:
  HostCheck(const NetworkConfig& network, Context& context) : rules_(network), context_(context) {}

  // What is written as an address can be judged now; names are judged on every connect.
  void host(const std::string& text, Network network, const Location& where) {
    uses_ranges |= network == Network::private_only;
    if (const auto address = address_of(text)) judge(*address, network, where);
  }

  // The same for the endpoint of a managed identity, which may be link-local or on loopback whatever the ranges.
  void identity_host(const std::string& text, Network network, const Location& where) {
    uses_ranges |= network == Network::private_only;
    const auto address = address_of(text);
    if (address && !base::serves_identities(*address)) judge(*address, network, where);
  }

  bool uses_ranges = false;

 private:
  static std::optional<IpBytes> address_of(const std::string& text) {
    return base::parse_ip(text == "localhost" ? "127.0.0.1" : text);
  }

  void judge(const IpBytes& address, Network network, const Location& where) {
    const auto fault = base::fault_of(address, network, rules_.private_ranges);
    if (fault == base::IpFault::none) return;
    std::string message = base::to_text(address) + " " + base::words_of(fault);
    message += fault == base::IpFault::outside || fault == base::IpFault::public_address
                   ? ", and network: private allows only " + base::to_text(rules_.private_ranges) +
                         "; write another, network: any, or more network.private_ranges"
                   : "; nothing that the gateway calls can be there";
    context_.refuse(where, std::move(message));
  }

  const NetworkConfig& rules_;
  Context& context_;
};

void check_connections(const DeploymentDraft& draft, HostCheck& check, Context& context) {
  check.host(draft.endpoint.host, draft.network, place_of(draft.node, "endpoint", draft.where));
  const Location pins = place_of(draft.node, "addresses", draft.where);
  for (const std::string& address : draft.addresses) check.host(address, draft.network, pins);
  if (!draft.addresses.empty() && base::parse_ip(draft.endpoint.host))
    context.refuse(pins, "addresses change nothing for an endpoint that is an address itself; remove them");
  if (!draft.client_certificate) return;
  const Location where = place_of(draft.node, "client_certificate", draft.where);
  if (!draft.endpoint.is_tls)
    return context.refuse(where, "client_certificate changes nothing for an http:// endpoint; remove it");
  const CertificateFiles& files = *draft.client_certificate;
  if (files.certificate.empty() || files.key.empty()) return;  // told already
  if (const std::string fault = certificate_fault(files); !fault.empty())
    context.refuse(where, "client_certificate " + fault);
}

void check_credential(CredentialDraft& draft, const NetworkConfig& network, HostCheck& check) {
  if (!is_said(draft.node, "network")) draft.network = network.mode;
  if (!draft.authority.empty())
    check.host(host_of(draft.authority), draft.network, place_of(draft.node, "authority", draft.where));
  if (draft.endpoint.empty()) return;
  const Entry* group = draft.node ? draft.node->find("managed_identity") : nullptr;
  check.identity_host(host_of(draft.endpoint), draft.network,
                      place_of(group ? &group->value : nullptr, "endpoint", draft.where));
}

void check_name_servers(const NetworkConfig& network, const Node& root, Context& context) {
  constexpr std::string_view azure = "168.63.129.16";  // from inside a virtual network alone
  const Node* node = node_at(root, {"network", "nameservers"});
  if (network.mode != Network::private_only || !node) return;
  for (const NameServer& server : network.name_servers) {
    const auto address = base::parse_ip(server.host);
    // A link-local one is on the node, as a cluster's cache is.
    const auto fault = base::fault_of(*address, network.mode, network.private_ranges);
    const bool is_good = server.host == azure || is_loopback(server.host) || fault == base::IpFault::none ||
                         fault == base::IpFault::link_local;
    if (!is_good)
      context.refuse(node->where, "the name server " + server.host +
                                      " is outside network.private_ranges, and would be told every name that is "
                                      "called; with mode: private write one inside, or Azure's 168.63.129.16");
  }
}

}  // namespace

void resolve_network(Draft& draft, const Node& root, Context& context) {
  const NetworkConfig& network = draft.network;
  const auto use_mode = [&](Network& value, std::initializer_list<std::string_view> path) {
    if (!node_at(root, path)) value = network.mode;
  };
  HostCheck check(network, context);
  for (DeploymentDraft& d : draft.deployments) {
    if (!is_said(d.node, "network")) d.network = network.mode;
    if (d.own_credential) check_credential(*d.own_credential, network, check);
    check_connections(d, check, context);
  }
  for (CredentialDraft& c : draft.credentials) check_credential(c, network, check);
  if (draft.platform_credential) check_credential(*draft.platform_credential, network, check);
  if (draft.identity.entra) {
    EntraConfig& entra = *draft.identity.entra;
    use_mode(entra.network, {"identity", "entra", "network"});
    const Node* node = node_at(root, {"identity", "entra", "authority"});
    check.host(host_of(entra.authority), entra.network, node ? node->where : root.where);
  }
  if (draft.sharing) {
    use_mode(draft.sharing->network, {"sharing", "network"});
    const Node* node = node_at(root, {"sharing", "redis"});
    if (!draft.sharing->redis.empty()) check.host(host_of(draft.sharing->redis), draft.sharing->network, node->where);
  }
  if (draft.alerts) {
    use_mode(draft.alerts->network, {"alerts", "network"});
    const Node* node = node_at(root, {"alerts", "webhook"});
    if (!draft.alerts->webhook.empty()) check.host(host_of(draft.alerts->webhook), draft.alerts->network, node->where);
  }
  check_name_servers(network, root, context);
  const Node* section = node_at(root, {"network"});
  if (network.min_ttl > network.max_ttl)
    context.refuse(place_of(section, "min_ttl", place_of(section, "max_ttl", root.where)),
                   "min_ttl is longer than max_ttl; an answer could not be used that long");
  const bool is_private = check.uses_ranges || network.mode == Network::private_only;
  // The defaults, written out, are no mistake.
  const bool are_own = network.private_ranges != default_private_ranges();
  if (are_own && !is_private && context.problems.empty())
    context.refuse(place_of(section, "private_ranges", root.where),
                   "private_ranges change nothing, because nothing is network: private; write mode: private or "
                   "remove them");
}

}  // namespace tollgate::config
