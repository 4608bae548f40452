#include "config/network_fields.hpp"

#include "base/ip.hpp"
#include "config/regions.hpp"

#include <algorithm>

namespace tollgate::config {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> texts_of(const std::vector<AddressRange>& ranges) {
  std::vector<std::string> texts;
  for (const AddressRange& range : ranges) texts.push_back(base::to_text(range));
  return texts;
}

std::string text_list_schema() { return R"({"type":"array","items":{"type":"string"},"minItems":1,"uniqueItems":true})"; }

std::optional<AddressRange> read_range(const Node& node, Context& context) {
  if (!expect_scalar(node, "10.0.0.0/8", context)) return std::nullopt;
  const auto range = base::parse_range(node.text);
  if (!range) {
    context.refuse(node.where, cited(node.text) +
                                   " is not a range of addresses; write one such as 10.0.0.0/8 or fd00::/8, with "
                                   "no bits set behind the prefix");
    return std::nullopt;
  }
  const bool is_everything = range->bits == 0 || (range->bits == 96 && base::is_ipv4(range->first));
  if (is_everything)
    context.refuse(node.where, cited(node.text) + " holds every address; write mode: any if that is meant");
  return range;
}

Field<NetworkConfig> ranges_field() {
  Field<NetworkConfig> field;
  field.name = "private_ranges";
  field.meaning =
      "The addresses that network: private allows, in place of the default: RFC 1918, RFC 6598, loopback and "
      "unique-local IPv6. Link-local ones are never connected to, whatever stands here.";
  field.schema = text_list_schema;
  field.example = "[10.0.0.0/8, fd00::/8]";
  field.default_text = json_list(texts_of(default_private_ranges()));
  field.read = [example = field.example](const Node& node, NetworkConfig& into, Context& context) {
    if (!expect_list(node, example, context)) return;
    into.private_ranges.clear();
    for (const Node& item : node.items) {
      const auto range = read_range(item, context);
      if (!range) continue;
      if (std::find(into.private_ranges.begin(), into.private_ranges.end(), *range) != into.private_ranges.end())
        context.refuse(item.where, cited(item.text) + " is in this list twice; remove one");
      into.private_ranges.push_back(*range);
    }
  };
  field.show = [](const Node* given, const NetworkConfig& from, YamlWriter& out) {
    given ? out.given("private_ranges", *given) : out.by_default("private_ranges", texts_of(from.private_ranges));
  };
  return field;
}

Field<NetworkConfig> name_servers_field() {
  Field<NetworkConfig> field;
  field.name = "nameservers";
  field.meaning = "Name servers to ask, each an IP address and a port if it is not 53. Default: those of the system.";
  field.schema = text_list_schema;
  field.example = "[10.0.0.4, 10.0.0.5]";
  field.read = [example = field.example](const Node& node, NetworkConfig& into, Context& context) {
    if (!expect_list(node, example, context)) return;
    for (const Node& item : node.items) {
      if (!expect_scalar(item, "10.0.0.4", context)) continue;
      Fault fault;
      auto server = parse_name_server(item.text, fault);
      if (!server) {
        context.refuse(item.where, std::move(fault));
        continue;
      }
      if (std::find(into.name_servers.begin(), into.name_servers.end(), *server) != into.name_servers.end())
        context.refuse(item.where, cited(item.text) + " is in this list twice; remove one");
      into.name_servers.push_back(std::move(*server));
    }
  };
  field.show = [](const Node* given, const NetworkConfig&, YamlWriter& out) {
    given ? out.given("nameservers", *given) : out.unset("nameservers");
  };
  return field;
}

// IP addresses, each once.
struct AddressesValue {
  void read(const Node& node, std::vector<std::string>& value, Context& context) const {
    if (!expect_list(node, example(), context)) return;
    for (const Node& item : node.items) {
      if (!expect_scalar(item, "10.1.2.3", context)) continue;
      const auto address = base::parse_ip(item.text);
      if (!address) {
        context.refuse(item.where, cited(item.text) + " is not an IP address such as 10.1.2.3");
        continue;
      }
      std::string text = base::to_text(*address);
      if (std::find(value.begin(), value.end(), text) != value.end())
        context.refuse(item.where, cited(item.text) + " is in this list twice; remove one");
      value.push_back(std::move(text));
    }
  }
  std::string show(const std::vector<std::string>&) const { return {}; }
  std::string schema() const { return text_list_schema(); }
  std::string example() const { return "[10.1.2.3]"; }
};

}  // namespace

Fields<NetworkConfig> network_fields() {
  Fields<NetworkConfig> f;
  f.optional("mode", &NetworkConfig::mode, ChoiceValue<Network>{{"any", "private"}},
             "What deployments and side services that do not say otherwise may be connected to: private refuses "
             "every public address.");
  f.add(ranges_field());
  f.add(name_servers_field());
  f.optional("min_ttl", &NetworkConfig::min_ttl, DurationValue{1ms, 1h},
             "An answer of a name server is used at least this long.");
  f.optional("max_ttl", &NetworkConfig::max_ttl, DurationValue{1ms, 24h},
             "An answer of a name server is used at most this long.");
  f.optional("negative_ttl", &NetworkConfig::negative_ttl, DurationValue{1ms, 1h},
             "How long \"no such name\" and failures of name servers are remembered.");
  f.optional("stale", &NetworkConfig::stale, DurationValue{0ms, 24h},
             "How long an answer is used past its time while no newer one can be had.");
  return f;
}

void add_connection_fields(Fields<DeploymentDraft>& f) {
  f.optional("addresses", &Deployment::addresses, AddressesValue{},
             "IP addresses to connect to instead of what the host of the endpoint resolves to. TLS and Host still "
             "name the host.");
  Fields<CertificateFiles> files;
  files.required("certificate", &CertificateFiles::certificate, FileValue{"/etc/tollgate/client.crt"},
                 "PEM file with the certificate chain, the gateway's own certificate first.");
  files.required("key", &CertificateFiles::key, FileValue{"/etc/tollgate/client.key"},
                 "PEM file with the private key.");
  f.optional_group("client_certificate", &Deployment::client_certificate, files,
                   "Shown to the deployment, for mutual TLS.");
}

Field<Draft> regions_field() {
  const std::vector<std::string> zones = {"none", "eu", "us"};
  Field<Draft> field;
  field.name = "regions";
  field.meaning = "Azure regions that this version does not know yet, each with its data zone.";
  field.schema = [zones] { return map_schema(words_schema(zones)); };
  field.example = "{newregion: eu}";
  field.read = [zones, example = field.example](const Node& node, Draft& draft, Context& context) {
    if (!expect_names(node, "regions", example, context)) return;
    for (const Entry& entry : node.entries) {
      if (!check_name(entry, context)) continue;
      const int zone = read_choice(entry.value, zones, context);
      if (zone >= 0) draft.regions.push_back({canonical_region(entry.name), static_cast<DataZone>(zone), entry.where});
    }
  };
  field.show = [](const Node* given, const Draft&, YamlWriter& out) {
    given ? out.given("regions", *given) : out.unset("regions");
  };
  return field;
}

}  // namespace tollgate::config
