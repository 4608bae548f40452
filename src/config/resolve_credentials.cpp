// What holds between the fields of a credential, and which deployment uses which.
#include "config/credential_codecs.hpp"
#include "config/credential_fields.hpp"
#include "config/identity_codecs.hpp"
#include "config/nearest.hpp"
#include "config/places.hpp"
#include "config/platform.hpp"
#include "config/secrets.hpp"
#include "config/signing_certificate.hpp"
#include "config/text_file.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace tollgate::config {
namespace {

// Deployments may use it although nobody has defined it: what the platform offers.
constexpr std::string_view platform_name = "azure";

constexpr std::size_t most_pem_bytes = 256 * 1024;
constexpr const char* metadata_service = "http://169.254.169.254";

// entra-identity: clouds and hosts.
struct CloudDefaults {
  std::string_view name;
  const char* authority;
  const char* resource;
};
constexpr std::array<CloudDefaults, 3> clouds{{
    {"public", "https://login.microsoftonline.com", "https://cognitiveservices.azure.com"},
    {"usgov", "https://login.microsoftonline.us", "https://cognitiveservices.azure.us"},
    {"china", "https://login.chinacloudapi.cn", "https://cognitiveservices.azure.cn"},
}};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_set(const char* name) { return !variable(name).empty(); }

const Node* group_of(const CredentialDraft& draft, std::string_view kind) {
  const Entry* entry = draft.node ? draft.node->find(kind) : nullptr;
  return entry ? &entry->value : nullptr;
}

// The kinds that are written, by the names of their fields.
std::vector<const char*> kinds_of(const CredentialDraft& draft) {
  std::vector<const char*> kinds;
  for (const char* kind : {"api_key", "managed_identity", "workload_identity", "client_secret", "client_certificate"})
    if (is_said(draft.node, kind)) kinds.push_back(kind);
  return kinds;
}

void refuse_field(const CredentialDraft& draft, const char* field, const std::string& why, Context& context) {
  if (is_said(draft.node, field))
    context.refuse(place_of(draft.node, field, draft.where), cited(field) + " " + why + "; remove it");
}

// Takes the value of an environment variable for a field that is not written.
template <class Codec>
void take_variable(const char* name, std::string& value, const Codec& codec, const Location& where,
                   const std::string& instead, Context& context) {
  if (!value.empty()) return;
  Node node;
  node.kind = Node::Kind::scalar;
  node.text = variable(name);
  node.where = where;
  if (node.text.empty()) return context.refuse(where, "the environment variable " + std::string(name) + " is not set; " + instead);
  const std::size_t before = context.problems.size();
  codec.read(node, value, context);
  for (std::size_t i = before; i < context.problems.size(); ++i)
    context.problems[i].message = "the environment variable " + std::string(name) + ": " + context.problems[i].message;
}

void complete_selector(CredentialDraft& draft, Context& context) {
  const ManagedIdentityDraft& from = *draft.managed_identity;
  const Node* group = group_of(draft, "managed_identity");
  struct Selector {
    const char* name;
    const std::string& value;
    IdentityBy by;
  };
  const Selector selectors[] = {{"client_id", from.client_id, IdentityBy::client_id},
                                {"object_id", from.object_id, IdentityBy::object_id},
                                {"resource_id", from.resource_id, IdentityBy::resource_id}};
  for (const Selector& selector : selectors) {
    if (selector.value.empty()) continue;
    if (draft.by != IdentityBy::none)
      return context.refuse(place_of(group, selector.name, draft.where),
                            "one identity has one selector; keep client_id, object_id or resource_id");
    draft.by = selector.by;
    draft.selector = selector.value;
  }
}

void complete_endpoint(CredentialDraft& draft, const Location& where, Context& context) {
  ManagedIdentityDraft& from = *draft.managed_identity;
  const PlatformVariables variables = variables_of(draft.host);
  if (draft.host == IdentityHost::imds) {
    if (from.endpoint.empty() && !is_set(variables.endpoint)) from.endpoint = metadata_service;
    take_variable(variables.endpoint, from.endpoint, TokenUrlValue{true}, where, "", context);
    while (from.endpoint.ends_with('/')) from.endpoint.pop_back();
    if (!from.secret.is_empty())
      context.refuse(place_of(group_of(draft, "managed_identity"), "header", where),
                     "header belongs to app_service and azure_ml; a virtual machine's endpoint wants none");
  } else {
    take_variable(variables.endpoint, from.endpoint, TokenUrlValue{true}, where,
                  "write endpoint, or run where the platform sets it", context);
    if (from.secret.is_empty()) {
      Fault fault;
      std::vector<std::string> no_files;
      auto secret = resolve_secret(std::string("env:") + variables.secret, no_files, fault);
      if (secret) from.secret = std::move(*secret);
      else context.refuse(where, fault.message + "; write header: env:NAME, or run where the platform sets it");
    }
  }
  draft.endpoint = from.endpoint;
  draft.endpoint_secret = from.secret;
}

void complete_managed_identity(CredentialDraft& draft, Context& context) {
  draft.kind = CredentialKind::managed_identity;
  ManagedIdentityDraft& from = *draft.managed_identity;
  const Node* group = group_of(draft, "managed_identity");
  const Location where = group ? group->where : draft.where;
  if (from.host == HostChoice::automatic) {
    for (const char* field : {"endpoint", "header"})
      if (is_said(group, field))
        context.refuse(place_of(group, field, where),
                       std::string(field) + " needs host: imds, app_service or azure_ml, which says what is spoken there");
    const Platform platform = detect_platform(is_set);
    if (!platform.problem.empty()) return context.refuse(where, platform.problem);
    draft.host = platform.host;
  } else {
    draft.host = static_cast<IdentityHost>(static_cast<int>(from.host) - 1);
  }
  from.host = static_cast<HostChoice>(static_cast<int>(draft.host) + 1);
  complete_selector(draft, context);
  complete_endpoint(draft, where, context);
  refuse_field(draft, "authority", "changes nothing: the endpoint of a managed identity knows its own", context);
}

void complete_workload_identity(CredentialDraft& draft, Context& context) {
  draft.kind = CredentialKind::workload_identity;
  WorkloadIdentityDraft& from = *draft.workload_identity;
  const Node* group = group_of(draft, "workload_identity");
  const Location where = group ? group->where : draft.where;
  const auto or_label = [](const char* field) {
    return "write " + std::string(field) + ", or give the pod the label azure.workload.identity/use: \"true\"";
  };
  take_variable("AZURE_TENANT_ID", from.tenant, TenantValue{}, where, or_label("tenant"), context);
  take_variable("AZURE_CLIENT_ID", from.client_id, GuidValue{}, where, or_label("client_id"), context);
  take_variable("AZURE_FEDERATED_TOKEN_FILE", from.token_file, TextValue{"a path"}, where, or_label("token_file"), context);
  std::string why;
  if (!from.token_file.empty() && !is_readable_file(from.token_file, why))
    context.refuse(place_of(group, "token_file", where), "the file " + cited(from.token_file) + " " + why);
  // What is written goes before what the pod was given.
  if (draft.authority.empty() && !is_said(draft.node, "cloud") && is_set("AZURE_AUTHORITY_HOST"))
    take_variable("AZURE_AUTHORITY_HOST", draft.authority, TokenUrlValue{false}, where, "", context);
  draft.tenant = from.tenant;
  draft.client_id = from.client_id;
  draft.token_file = from.token_file;
}

void complete_client_secret(CredentialDraft& draft) {
  draft.kind = CredentialKind::client_secret;
  draft.tenant = draft.client_secret->tenant;
  draft.client_id = draft.client_secret->client_id;
  draft.secret = draft.client_secret->secret;
}

void complete_client_certificate(CredentialDraft& draft, Context& context) {
  draft.kind = CredentialKind::client_certificate;
  const ClientCertificateDraft& from = *draft.client_certificate;
  draft.tenant = from.tenant;
  draft.client_id = from.client_id;
  if (from.certificate_file.empty()) return;  // refused already
  const Node* group = group_of(draft, "client_certificate");
  const std::string& key_file = from.key_file.empty() ? from.certificate_file : from.key_file;
  const Location where = place_of(group, from.key_file.empty() ? "certificate" : "key", draft.where);
  std::string why;
  const auto certificate = read_regular_file(from.certificate_file, most_pem_bytes, why);
  const auto key = certificate ? read_regular_file(key_file, most_pem_bytes, why) : std::nullopt;
  if (!key) return context.refuse(where, "the file " + cited(certificate ? key_file : from.certificate_file) + " " + why);
  auto signing = read_signing_certificate(*certificate, *key, why);
  if (!signing) return context.refuse(where, "the file " + cited(key_file) + " " + why);
  draft.certificate = std::move(*signing);
}

void complete_cloud(CredentialDraft& draft, Context& context) {
  const bool needs_authority = draft.kind != CredentialKind::managed_identity;
  if (draft.cloud.empty()) draft.cloud = clouds.front().name;
  const CloudDefaults& cloud = *std::find_if(clouds.begin(), clouds.end(), [&](const auto& c) { return c.name == draft.cloud; });
  constexpr std::string_view suffix = "/.default";
  if (draft.scope.empty()) draft.scope = std::string(cloud.resource) + std::string(suffix);
  draft.resource = draft.scope.substr(0, draft.scope.size() - suffix.size());
  if (needs_authority && draft.authority.empty()) draft.authority = cloud.authority;
  const std::string& url = needs_authority ? draft.authority : draft.endpoint;
  if (!url.empty() && !url.starts_with("https://"))
    refuse_field(draft, "ca", "changes nothing for an http:// endpoint", context);
}

void complete_credential(CredentialDraft& draft, Context& context) {
  if (draft.node && draft.node->kind != Node::Kind::map) return;
  const auto kinds = kinds_of(draft);
  if (draft.node && kinds.size() != 1) {
    const std::string all = "api_key, managed_identity, workload_identity, client_secret, client_certificate";
    context.refuse(kinds.empty() ? draft.where : place_of(draft.node, kinds[1], draft.where),
                   kinds.empty() ? "a credential needs a kind; write one of " + all
                                 : "a credential is of one kind, but this has " + cited(kinds[0]) + " and " +
                                       cited(kinds[1]) + "; remove one");
    return;
  }
  if (draft.node && std::string_view(kinds.front()) == "api_key") {
    for (const char* field : {"cloud", "scope", "authority", "ca"})
      refuse_field(draft, field, "belongs to tokens, and an API key is none", context);
    return;
  }
  const std::size_t before = context.problems.size();
  if (draft.managed_identity) complete_managed_identity(draft, context);
  if (draft.workload_identity) complete_workload_identity(draft, context);
  if (draft.client_secret) complete_client_secret(draft);
  if (draft.client_certificate) complete_client_certificate(draft, context);
  if (context.problems.size() == before) complete_cloud(draft, context);
}

bool is_key(const CredentialDraft& draft) { return is_said(draft.node, "api_key"); }

// What the platform offers: a pod's service account first, as the Azure SDKs look.
CredentialDraft platform_credential(const Location& where) {
  CredentialDraft draft;
  draft.name = platform_name;
  draft.where = where;
  if (is_set("AZURE_FEDERATED_TOKEN_FILE")) {
    draft.workload_identity.emplace();
  } else {
    draft.managed_identity.emplace();
    draft.managed_identity->client_id = variable("AZURE_CLIENT_ID");
  }
  return draft;
}

CredentialDraft* find(std::vector<CredentialDraft>& credentials, std::string_view name) {
  const auto found = std::find_if(credentials.begin(), credentials.end(),
                                  [&](const CredentialDraft& c) { return c.name == name; });
  return found == credentials.end() ? nullptr : &*found;
}

// Not cited: somebody may have put the key itself there.
void refuse_name(const Draft& draft, const Reference& reference, Context& context) {
  if (reference.where.line == 0) return;  // refused already
  std::vector<std::string> names;
  for (const CredentialDraft& credential : draft.credentials) names.push_back(credential.name);
  context.refuse(reference.where,
                 "there is no credential of this name; define it under credentials, or write {api_key: env:NAME} for a "
                 "key",
                 nearest(reference.name, names));
}

void use(CredentialDraft& credential, DeploymentDraft& deployment, Config& config) {
  credential.is_used = true;
  if (is_key(credential)) {
    deployment.api_key = credential.api_key;
    return;
  }
  for (const auto& known : config.credentials) {
    if (known->name == credential.name) deployment.credential = known.get();
  }
  if (deployment.credential) return;
  auto made = std::make_unique<TokenCredential>(static_cast<const TokenCredential&>(credential));
  made->index = config.credentials.size();
  deployment.credential = made.get();
  config.credentials.push_back(std::move(made));
}

}  // namespace

void complete_credentials(Draft& draft, Context& context) {
  for (CredentialDraft& credential : draft.credentials) complete_credential(credential, context);
  const bool is_defined = find(draft.credentials, platform_name);
  for (DeploymentDraft& deployment : draft.deployments) {
    if (deployment.own_credential) {
      complete_credential(*deployment.own_credential, context);
    } else if (deployment.credential_name.name == platform_name && !is_defined && !draft.platform_credential) {
      draft.platform_credential = platform_credential(deployment.credential_name.where);
      complete_credential(*draft.platform_credential, context);
    }
  }
}

void resolve_credentials(Draft& draft, Config& config, Context& context) {
  for (DeploymentDraft& deployment : draft.deployments) {
    if (deployment.own_credential) {
      use(*deployment.own_credential, deployment, config);
    } else if (CredentialDraft* credential = find(draft.credentials, deployment.credential_name.name)) {
      use(*credential, deployment, config);
    } else if (deployment.credential_name.name == platform_name) {
      use(*draft.platform_credential, deployment, config);
    } else {
      refuse_name(draft, deployment.credential_name, context);
    }
  }
}

void refuse_unused_credentials(const Draft& draft, Context& context) {
  for (const CredentialDraft& credential : draft.credentials)
    if (!credential.is_used)
      context.refuse(credential.where, "no deployment uses the credential " + cited(credential.name) +
                                           "; use it or remove it");
}

}  // namespace tollgate::config
