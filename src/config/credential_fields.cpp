#include "config/credential_fields.hpp"

#include "config/credential_codecs.hpp"
#include "config/identity_codecs.hpp"
#include "config/network_fields.hpp"

namespace tollgate::config {
namespace {

Fields<ManagedIdentityDraft> managed_identity_fields() {
  Fields<ManagedIdentityDraft> f;
  f.optional("host", &ManagedIdentityDraft::host,
             ChoiceValue<HostChoice>{{"auto", "imds", "app_service", "azure_ml"}},
             "Whose endpoint gives out the tokens: a virtual machine's (imds), that of App Service, Functions and "
             "Container Apps, or of Azure Machine Learning. auto goes by the environment.");
  f.optional("client_id", &ManagedIdentityDraft::client_id, GuidValue{},
             "The user-assigned identity with this client id. Without a selector: the system-assigned one.");
  f.optional("object_id", &ManagedIdentityDraft::object_id, GuidValue{},
             "The user-assigned identity with this object (principal) id.");
  f.optional("resource_id", &ManagedIdentityDraft::resource_id, ResourceIdValue{},
             "The user-assigned identity with this resource id.");
  f.optional("endpoint", &ManagedIdentityDraft::endpoint, TokenUrlValue{true},
             "Address of the endpoint; of imds without the path. Default: what the environment says, or "
             "http://169.254.169.254.");
  f.optional("header", &ManagedIdentityDraft::secret, SecretValue{},
             "What app_service and azure_ml want in a header, by reference. Default: IDENTITY_HEADER or MSI_SECRET "
             "of the environment.");
  return f;
}

// The token's file is not watched: it is replaced about every hour, which is no reason to load the
// configuration again.
Fields<WorkloadIdentityDraft> workload_identity_fields() {
  Fields<WorkloadIdentityDraft> f;
  f.optional("tenant", &ApplicationDraft::tenant, TenantValue{}, "The tenant. Default: AZURE_TENANT_ID of the environment.");
  f.optional("client_id", &ApplicationDraft::client_id, GuidValue{},
             "The application or identity that trusts the service account. Default: AZURE_CLIENT_ID of the environment.");
  f.optional("token_file", &WorkloadIdentityDraft::token_file, TextValue{"/var/run/secrets/azure/tokens/azure-identity-token"},
             "File with the service account's token, read for each request. Default: AZURE_FEDERATED_TOKEN_FILE of the "
             "environment.");
  return f;
}

template <class T>
void add_application(Fields<T>& f) {
  f.required("tenant", &ApplicationDraft::tenant, TenantValue{}, "The tenant, by GUID or domain.");
  f.required("client_id", &ApplicationDraft::client_id, GuidValue{}, "The application's client id.");
}

Fields<ClientSecretDraft> client_secret_fields() {
  Fields<ClientSecretDraft> f;
  add_application(f);
  f.required("secret", &ClientSecretDraft::secret, SecretValue{}, "Its secret, by reference: env:NAME or file:PATH.");
  return f;
}

Fields<ClientCertificateDraft> client_certificate_fields() {
  Fields<ClientCertificateDraft> f;
  add_application(f);
  f.required("certificate", &ClientCertificateDraft::certificate_file, FileValue{"/etc/tollgate/app.pem"},
             "PEM file with the certificate that is registered for it.");
  f.optional("key", &ClientCertificateDraft::key_file, FileValue{"/etc/tollgate/app.key"},
             "PEM file with its private key (RSA, no passphrase). Default: it stands in the certificate's file.");
  return f;
}

}  // namespace

Fields<CredentialDraft> credential_fields() {
  Fields<CredentialDraft> f;
  f.optional("api_key", &CredentialDraft::api_key, SecretValue{},
             "The key of the Azure resource, by reference: env:NAME or file:PATH.");
  f.optional_group("managed_identity", &CredentialDraft::managed_identity, managed_identity_fields(),
                   "The identity that Azure gives to the machine or app; {} is the system-assigned one.");
  f.optional_group("workload_identity", &CredentialDraft::workload_identity, workload_identity_fields(),
                   "The identity that trusts the pod's service account (AKS); {} is what the environment says.");
  f.optional_group("client_secret", &CredentialDraft::client_secret, client_secret_fields(),
                   "An application with a secret.");
  f.optional_group("client_certificate", &CredentialDraft::client_certificate, client_certificate_fields(),
                   "An application with a certificate.");
  f.optional("cloud", &CredentialDraft::cloud, WordValue{{"public", "usgov", "china"}},
             "Where `authority` and `scope` have their defaults from. Default: public.");
  f.optional("scope", &CredentialDraft::scope, ScopeValue{},
             "What tokens are asked for; managed identities are asked without /.default. Default: that of the cloud.");
  f.optional("authority", &TokenCredential::authority, TokenUrlValue{},
             "Who gives tokens to applications. Default: that of the cloud; for a workload identity "
             "AZURE_AUTHORITY_HOST of the environment.");
  f.optional("ca", &TokenCredential::ca_file, FileValue{"/etc/tollgate/ca.pem"},
             "PEM file with the authorities to trust for the token endpoint instead of the system's.");
  add_network_field(f);
  return f;
}

Field<DeploymentDraft> credential_field() {
  const auto inner = credential_fields();
  Field<DeploymentDraft> field;
  field.name = "credential";
  field.meaning =
      "What the gateway proves itself with to the deployment: a name of `credentials`, or the fields of one. Never "
      "forwarded from clients.";
  field.schema = [inner] { return either_schema({R"({"type":"string"})", inner.schema()}); };
  field.example = "{api_key: env:AZURE_OPENAI_KEY}";
  field.is_required = true;
  field.read = [inner](const Node& node, DeploymentDraft& draft, Context& context) {
    if (node.kind == Node::Kind::scalar) {
      draft.credential_name = {node.text, node.where};
      return;
    }
    auto& own = draft.own_credential.emplace();
    own.name = "deployment/" + draft.name;
    own.where = node.where;
    own.node = &node;
    inner.read(node, node.where, own, context);
  };
  field.show = [inner](const Node* given, const DeploymentDraft& draft, YamlWriter& out) {
    if (!draft.own_credential) return given ? out.given("credential", *given) : out.unset("credential");
    out.open("credential");
    inner.show(given, *draft.own_credential, out);
    out.close();
  };
  return field;
}

}  // namespace tollgate::config
