#include "config/deployment_fields.hpp"

#include "config/credential_fields.hpp"
#include "config/network_fields.hpp"
#include "config/ptu_fields.hpp"
#include "config/route_fields.hpp"
#include "config/spend_codecs.hpp"
#include "config/spend_tables.hpp"

namespace tollgate::config {
namespace {

Fields<UpstreamTimeouts> timeout_fields() {
  Fields<UpstreamTimeouts> f;
  f.optional("connect", &UpstreamTimeouts::connect, DurationValue{},
             "Name resolution, TCP and TLS together.");
  f.optional("first_token", &UpstreamTimeouts::first_token, DurationValue{},
             "Of a stream: from the request sent to the first meaningful token. A whole answer has "
             "`total`.");
  f.optional("gap", &UpstreamTimeouts::gap, DurationValue{},
             "Between events of a stream, from the first token on; comments and pings do not count.");
  f.optional("total", &UpstreamTimeouts::total, DurationValue{},
             "The whole call, and the only clock until an answer that is not streamed begins. Only if it is shorter "
             "than the model's `deadline` is there time for another try.");
  return f;
}

}  // namespace

Fields<DeploymentDraft> deployment_fields() {
  Fields<DeploymentDraft> f;
  f.required("endpoint", &Deployment::endpoint, EndpointValue{},
             "Address of the Azure resource, up to and without /openai.");
  f.optional("deployment", &Deployment::deployment, NameValue{"gpt-4o"},
             "What Azure calls the deployment. Default: its name here.");
  f.optional("model", &Deployment::model, NameValue{"gpt-4o"},
             "The base model behind it. Default: the value of `deployment`.");
  f.optional("kind", &Deployment::kind, ChoiceValue<DeploymentKind>{{"payg", "ptu"}},
             "payg is paid by the token, ptu is reserved capacity.");
  f.optional("units", &Deployment::units, CountValue{1, 1'000'000},
             "Reserved units (PTU). Required with kind: ptu.");
  f.optional_group("capacity", &DeploymentDraft::capacity, capacity_fields(),
                   "With kind: ptu, what a unit carries, when the base model is not in the table or is there wrongly.");
  f.add(spill_field());
  f.optional_group("queue", &Deployment::queue, queue_fields(),
                   "With kind: ptu, calls wait a little for room instead of going elsewhere at once.");
  f.optional("tokens", &Deployment::tokens_per_minute, RateValue{},
             "The quota that Azure granted, with kind: payg.");
  f.optional("region", &Deployment::region, TextValue{"swedencentral"},
             "Azure region of the resource.");
  add_network_field(f);
  f.add(credential_field());
  f.optional("ca", &Deployment::ca_file, FileValue{"/etc/tollgate/ca.pem"},
             "PEM file with the authorities to trust instead of the system's.");
  add_connection_fields(f);
  f.optional("allow_plain_http", &DeploymentDraft::allow_plain_http, FlagValue{},
             "Allow an http:// endpoint that is not on this machine. Keys and prompts then travel "
             "unencrypted.");
  f.group("timeouts", &Deployment::timeouts, timeout_fields(), "The four clocks of a call.");
  f.group("breaker", &Deployment::breaker, breaker_fields(),
          "When it is left alone because it fails, and how it comes back.");
  f.optional("connections", &Deployment::max_connections, CountValue{1, 65'535},
             "Most connections a worker, busy and idle together.");
  f.optional_group("prices", &Deployment::rates, rate_fields(),
                   "Its own prices for a million tokens, in place of those of its base model.");
  f.optional("unit_price", &Deployment::unit_price, HourlyValue{},
             "With kind: ptu, what a unit costs an hour; its calls share the cost of the units.");
  f.optional("scope", &Deployment::scope,
             ChoiceValue<DeploymentScope>{{"global", "data_zone", "regional"}},
             "Azure's deployment type: requests are processed anywhere, in the data zone of the region, or in "
             "the region. data_zone and regional cost `regional` of the base model's prices.");
  return f;
}

Fields<ModelDraft> model_fields() {
  Fields<ModelDraft> f;
  f.required("route", &ModelDraft::route, RouteValue{},
             "The deployments that serve the model, the preferred ones first; those of one step share by weight.");
  f.optional("deadline", &Model::deadline, DurationValue{},
             "Of a call, with everything that is tried for it.");
  f.optional_group("hedge", &Model::hedge, hedge_fields(),
                   "A second call when the first is slow to speak; without it there is none.");
  f.optional("max_answer", &Model::max_answer_tokens, TokenCountValue{},
             "The longest answer it gives, in tokens; what a call that names no limit may cost.");
  f.later("complexity");
  return f;
}

}  // namespace tollgate::config
