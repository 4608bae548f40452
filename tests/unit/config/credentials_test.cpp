// What credentials come to: from the file, the cloud and the environment. Refusals are in tests/golden/config.
#include "config/load.hpp"
#include "config/platform.hpp"
#include "config/signing_certificate.hpp"
#include "environment.hpp"

#include <gtest/gtest.h>

#include <set>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace tollgate::config {
namespace {

constexpr char id[] = "0f1f3a52-9a5c-4b46-8d3a-1f0c7a5d2b11";

class Credentials : public testing::Test {
 protected:
  // One deployment that uses `credential`, and a section `credentials`.
  Loaded load_with(const std::string& credential, const std::string& section = {}) {
    std::string text = "deployments: {d: {endpoint: https://a.example, credential: " + credential + "}}\n"
                       "models: {m: {route: [d]}}\nproducts: {p: {models: [m]}}\n"
                       "subscriptions: {s: {product: p, keys: [env:APP_KEY]}}\n" + section;
    loaded_ = load_text(text, "c.yaml");
    problems_.clear();
    for (const Problem& problem : loaded_.problems) problems_ += to_text(problem) + "\n";
    return loaded_;
  }
  const TokenCredential& credential() const { return *loaded_.config->deployments.at(0)->credential; }

  Loaded loaded_;
  std::string problems_;
  test::Environment environment_{test::Variables{{"AZURE_KEY", "azure-key"}, {"APP_KEY", "tg-app-key-0123456789"}}};
};

TEST_F(Credentials, AKeyMayHaveAName) {
  ASSERT_TRUE(load_with("shared", "credentials: {shared: {api_key: env:AZURE_KEY}}").config) << problems_;
  EXPECT_EQ(loaded_.config->deployments[0]->api_key.reveal(), "azure-key");
  EXPECT_EQ(loaded_.config->deployments[0]->credential, nullptr);
  EXPECT_TRUE(loaded_.config->credentials.empty());
}

TEST_F(Credentials, CloudsHaveTheirOwnDefaults) {
  struct Row {
    const char* cloud;
    const char* authority;
    const char* resource;
  };
  for (const Row& row : {Row{"public", "https://login.microsoftonline.com", "https://cognitiveservices.azure.com"},
                         Row{"usgov", "https://login.microsoftonline.us", "https://cognitiveservices.azure.us"},
                         Row{"china", "https://login.chinacloudapi.cn", "https://cognitiveservices.azure.cn"}}) {
    ASSERT_TRUE(load_with(std::string("{client_secret: {tenant: contoso.com, client_id: ") + id +
                          ", secret: env:AZURE_KEY}, cloud: " + row.cloud + "}").config) << problems_;
    EXPECT_EQ(credential().authority, row.authority);
    EXPECT_EQ(credential().resource, row.resource);
    EXPECT_EQ(credential().secret.reveal(), "azure-key");
    EXPECT_EQ(credential().name, "deployment/d");
  }
}

TEST_F(Credentials, WhatIsWrittenGoesBeforeTheCloud) {
  ASSERT_TRUE(load_with(std::string("{client_secret: {tenant: contoso.com, client_id: ") + id + ", secret: env:AZURE_KEY}, "
                        "authority: https://login.partner.microsoftonline.cn/, scope: https://ai.azure.com}").config) << problems_;
  EXPECT_EQ(credential().authority, "https://login.partner.microsoftonline.cn");
  EXPECT_EQ(credential().resource, "https://ai.azure.com");
  ASSERT_TRUE(load_with("{managed_identity: {}, scope: api://gateway/.default}").config) << problems_;
  EXPECT_EQ(credential().resource, "api://gateway");
}

TEST_F(Credentials, AManagedIdentityIsAskedForWhereThePlatformSays) {
  ASSERT_TRUE(load_with("{managed_identity: {}}").config) << problems_;
  EXPECT_EQ(credential().host, IdentityHost::imds);
  EXPECT_EQ(credential().endpoint, "http://169.254.169.254");
  EXPECT_EQ(credential().by, IdentityBy::none);
  {
    test::Environment app(test::Variables{{"IDENTITY_ENDPOINT", "http://172.16.3.8:8081/msi/token"}, {"IDENTITY_HEADER", "h1"}});
    ASSERT_TRUE(load_with(std::string("{managed_identity: {resource_id: /subscriptions/x}}")).config) << problems_;
    EXPECT_EQ(credential().host, IdentityHost::app_service);
    EXPECT_EQ(credential().endpoint, "http://172.16.3.8:8081/msi/token");
    EXPECT_EQ(credential().endpoint_secret.reveal(), "h1");
    EXPECT_EQ(credential().by, IdentityBy::resource_id);
    ASSERT_TRUE(load_with("{managed_identity: {host: imds}}").config) << "what is written goes before what is found";
    EXPECT_EQ(credential().host, IdentityHost::imds);
  }
  test::Environment pod(test::Variables{{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:2579/"}});
  ASSERT_TRUE(load_with("{managed_identity: {}}").config) << problems_;
  EXPECT_EQ(credential().endpoint, "http://127.0.0.1:2579");
}

TEST_F(Credentials, AWorkloadIdentityIsWhatThePodWasGiven) {
  test::TemporaryFolder folder;
  const std::string file = folder.path("token");
  std::ofstream(file) << "eyJ.a.b\n";
  test::Environment pod(test::Variables{{"AZURE_TENANT_ID", "contoso.com"}, {"AZURE_CLIENT_ID", id},
                                        {"AZURE_FEDERATED_TOKEN_FILE", file},
                                        {"AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/"}});
  ASSERT_TRUE(load_with("{workload_identity: {}}").config) << problems_;
  EXPECT_EQ(credential().kind, CredentialKind::workload_identity);
  EXPECT_EQ(credential().tenant, "contoso.com");
  EXPECT_EQ(credential().client_id, id);
  EXPECT_EQ(credential().token_file, file);
  EXPECT_EQ(credential().authority, "https://login.microsoftonline.us");
  for (const std::string& watched : loaded_.config->files) EXPECT_NE(watched, file) << "it changes every hour";
  ASSERT_TRUE(load_with("{workload_identity: {tenant: other.com}, cloud: china}").config) << problems_;
  EXPECT_EQ(credential().tenant, "other.com");
  EXPECT_EQ(credential().authority, "https://login.chinacloudapi.cn");
}

TEST_F(Credentials, AzureWithoutADefinitionIsWhatThePlatformOffers) {
  ASSERT_TRUE(load_with("azure").config) << problems_;
  EXPECT_EQ(credential().kind, CredentialKind::managed_identity);
  EXPECT_EQ(credential().name, "azure");
  test::TemporaryFolder folder;
  const std::string file = folder.path("token");
  std::ofstream(file) << "eyJ.a.b\n";
  test::Environment pod(test::Variables{{"AZURE_TENANT_ID", "contoso.com"}, {"AZURE_CLIENT_ID", id},
                                        {"AZURE_FEDERATED_TOKEN_FILE", file}});
  ASSERT_TRUE(load_with("azure").config) << problems_;
  EXPECT_EQ(credential().kind, CredentialKind::workload_identity);
  ASSERT_TRUE(load_with("azure", "credentials: {azure: {managed_identity: {}}}").config) << "a definition goes before it";
  EXPECT_EQ(credential().kind, CredentialKind::managed_identity);
}

TEST_F(Credentials, TheNetworksModeHoldsForTokensToo) {
  const std::string walled = "network: {mode: private}\n";
  for (const char* credential : {"azure", "{managed_identity: {}}"}) {
    ASSERT_TRUE(load_with(credential, walled).config) << problems_;
    EXPECT_EQ(this->credential().network, Network::private_only) << credential;
    ASSERT_TRUE(load_with(credential).config) << problems_;
    EXPECT_EQ(this->credential().network, Network::any) << credential;
  }
  ASSERT_TRUE(load_with("{managed_identity: {}, network: any}", walled).config) << problems_;
  EXPECT_EQ(credential().network, Network::any);
}

TEST_F(Credentials, AnEndpointOfThePlatformIsHeldToTheRulesAsAWrittenOneIs) {
  const std::string walled = "network: {mode: private, private_ranges: [10.0.0.0/8]}\n";
  for (const char* good : {"http://127.0.0.1:42356/msi/token", "http://169.254.129.3:8081/msi/token", "http://10.1.2.3/msi/token"}) {
    test::Environment app(test::Variables{{"IDENTITY_ENDPOINT", good}, {"IDENTITY_HEADER", "h1"}});
    EXPECT_TRUE(load_with("azure", walled).config) << problems_;
  }
  test::Environment app(test::Variables{{"IDENTITY_ENDPOINT", "http://172.16.3.8:8081/msi/token"}, {"IDENTITY_HEADER", "h1"}});
  EXPECT_FALSE(load_with("azure", walled).config);
  EXPECT_NE(problems_.find("172.16.3.8 is outside network.private_ranges"), std::string::npos) << problems_;
}

TEST_F(Credentials, DeploymentsShareTheOneTheyName) {
  loaded_ = load_text("credentials: {azure: {managed_identity: {}}}\n"
                      "deployments: {a: {endpoint: https://a.example, credential: azure}, b: {endpoint: https://b.example, credential: azure},\n"
                      "              c: {endpoint: https://c.example, credential: {managed_identity: {client_id: " + std::string(id) + "}}}}\n"
                      "models: {m: {route: [a]}, n: {route: [b]}, o: {route: [c]}}\nproducts: {p: {models: [m, n, o]}}\n"
                      "subscriptions: {s: {product: p, keys: [env:APP_KEY]}}\n", "c.yaml");
  ASSERT_TRUE(loaded_.config);
  const auto& deployments = loaded_.config->deployments;
  EXPECT_EQ(deployments[0]->credential, deployments[1]->credential);
  EXPECT_NE(deployments[0]->credential, deployments[2]->credential);
  ASSERT_EQ(loaded_.config->credentials.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(loaded_.config->credentials[i]->index, i);
}

TEST(Platform, IsFoundInTheOrderOfTheSdks) {
  const auto found = [](std::set<std::string> variables) {
    return detect_platform([variables](const char* name) { return variables.contains(name); });
  };
  EXPECT_EQ(found({}).host, IdentityHost::imds);
  EXPECT_EQ(found({"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET"}).host, IdentityHost::app_service);
  EXPECT_EQ(found({"MSI_ENDPOINT", "MSI_SECRET"}).host, IdentityHost::azure_ml);
  EXPECT_NE(found({"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"}).problem, "");
  EXPECT_NE(found({"IDENTITY_ENDPOINT", "IMDS_ENDPOINT"}).problem, "");
  EXPECT_NE(found({"MSI_ENDPOINT"}).problem, "");
  EXPECT_EQ(found({"IDENTITY_ENDPOINT"}).host, IdentityHost::imds) << "half of it is nothing";
}

// A self-signed certificate and its key, as PEM.
struct Pair {
  explicit Pair(EVP_PKEY* key) {
    X509* x509 = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(x509), 0);
    X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
    X509_set_pubkey(x509, key);
    X509_sign(x509, key, EVP_sha256());
    certificate = text_of([&](BIO* out) { PEM_write_bio_X509(out, x509); });
    private_key = text_of([&](BIO* out) { PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
    char phrase[] = "phrase";
    locked_key = text_of([&](BIO* out) { PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(), nullptr, 0, nullptr, phrase); });
    X509_free(x509);
    EVP_PKEY_free(key);
  }
  template <class Write>
  static std::string text_of(Write write) {
    BIO* out = BIO_new(BIO_s_mem());
    write(out);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out, &text);
    std::string copy(text, static_cast<std::size_t>(size));
    BIO_free(out);
    return copy;
  }
  std::string certificate, private_key, locked_key;
};

TEST(SigningCertificate, IsReadWithItsKey) {
  const Pair pair(EVP_RSA_gen(2048)), small(EVP_RSA_gen(1024)), curve(EVP_EC_gen("P-256"));
  std::string why;
  const auto read = read_signing_certificate(pair.certificate, pair.private_key, why);
  ASSERT_TRUE(read) << why;
  EXPECT_EQ(read->sha1.size(), 20u);
  EXPECT_GT(read->expires, std::chrono::system_clock::now() + std::chrono::minutes(50));
  EXPECT_TRUE(read_signing_certificate(pair.certificate, pair.certificate + pair.private_key, why)) << "both in one file";

  EXPECT_FALSE(read_signing_certificate(small.certificate, pair.private_key, why));
  EXPECT_EQ(why, "holds a key that is not the certificate's");
  EXPECT_FALSE(read_signing_certificate(pair.certificate, pair.locked_key, why));
  EXPECT_EQ(why, "holds no private key in PEM form, or one with a passphrase");
  EXPECT_FALSE(read_signing_certificate(pair.private_key, pair.private_key, why));
  EXPECT_EQ(why, "holds no certificate in PEM form");
  EXPECT_FALSE(read_signing_certificate(small.certificate, small.private_key, why));
  EXPECT_FALSE(read_signing_certificate(curve.certificate, curve.private_key, why));
  EXPECT_EQ(why, "holds a key that is not RSA of 2048 bits or more");
}

// Whatever a credential holds, no defaults, problem or schema shows it.
TEST_F(Credentials, SecretsAreNeverShown) {
  test::TemporaryFolder folder;
  const std::string path = folder.path("c.yaml");
  std::ofstream(path) << "credentials:\n  app: {client_secret: {tenant: contoso.com, client_id: " << id
                      << ", secret: env:AZURE_KEY}}\n"
                         "  web: {managed_identity: {host: app_service, endpoint: http://127.0.0.1:1/x, header: env:AZURE_KEY}}\n"
                         "deployments: {a: {endpoint: https://a.example, credential: app}, b: {endpoint: https://b.example, credential: web}}\n"
                         "models: {m: {route: [a]}, n: {route: [b]}}\nproducts: {p: {models: [m, n]}}\n"
                         "subscriptions: {s: {product: p, keys: [env:APP_KEY]}}\n";
  const Shown shown = show_defaults(path);
  EXPECT_NE(shown.yaml, "");
  EXPECT_EQ(shown.yaml.find("azure-key"), std::string::npos);
  EXPECT_NE(shown.yaml.find("secret: env:AZURE_KEY"), std::string::npos) << shown.yaml;
  EXPECT_NE(shown.yaml.find("authority: https://login.microsoftonline.com  # default"), std::string::npos) << shown.yaml;
  EXPECT_NE(shown.yaml.find("scope: https://cognitiveservices.azure.com/.default  # default"), std::string::npos) << shown.yaml;
}

}  // namespace
}  // namespace tollgate::config
