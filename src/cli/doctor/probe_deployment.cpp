#include "cli/doctor/probe_deployment.hpp"

#include "base/json_text.hpp"
#include "base/wipe.hpp"
#include "cli/doctor/answer.hpp"
#include "cli/doctor/judge.hpp"
#include "net/loop.hpp"
#include "tollgate/byte_stream.hpp"

#include <utility>
#include <vector>

namespace tollgate::cli::doctor {
namespace {

struct Credential {
  std::string header;  // with its line end
  std::string secret;  // what must not be quoted
};

struct Call {
  std::string path;
  std::string body;
};

Credential key_of(const Deployment& deployment) {
  const std::string& key = deployment.api_key.reveal();
  return {"api-key: " + key + "\r\n", key};
}

Credential token_of(const credentials::Token& token) { return {"Authorization: Bearer " + token.text + "\r\n", token.text}; }

bool embeds(const Deployment& deployment) { return deployment.model.find("embedding") != std::string::npos; }

// Nothing to answer: an empty list is refused by every model, after name, right and version have been looked at.
std::string nothing(const Deployment& deployment, const std::string& model) {
  std::string body = "{";
  if (!model.empty()) {
    body += "\"model\":\"";
    json_escape(body, model);
    body += "\",";
  }
  return body + (embeds(deployment) ? "\"input\":[]}" : "\"messages\":[]}");
}

std::string tail(const Deployment& deployment) { return embeds(deployment) ? "/embeddings" : "/chat/completions"; }

Call dated_call(const Deployment& deployment, const std::string& name, const std::string& api_version) {
  return {deployment.endpoint.base_path + "/openai/deployments/" + name + tail(deployment) + "?api-version=" + api_version,
          nothing(deployment, "")};
}

Call v1_call(const Deployment& deployment) {
  return {deployment.endpoint.base_path + "/openai/v1" + tail(deployment), nothing(deployment, deployment.deployment)};
}

// `stream` is null for a new connection.
awaitable<AnswerSeen> ask(Surroundings& around, const Deployment& deployment, const Credential& credential, Way& way,
                          Call call) {
  const WallTime sent = std::chrono::system_clock::now();
  fetch::Target target{deployment.endpoint, std::move(call.path)};
  fetch::Request request;
  request.method = "POST";
  request.headers = credential.header;
  request.json = std::move(call.body);
  AnswerSeen seen;
  std::unique_ptr<ByteStream> stream = std::move(way.stream);
  if (!stream) {
    const net::Egress egress = net::Egress::to(around.perimeter, deployment);
    const TimePoint deadline = std::min(around.deadline, Clock::now() + deployment.timeouts.connect);
    net::Connected again = co_await net::connect(around.loop, deployment.endpoint, egress, way.tls, deadline);
    seen.problem = again.error;
    stream = std::move(again.stream);
  }
  if (!stream) co_return seen;
  const fetch::Answer answer = co_await fetch::exchange(around.loop, *stream, target, std::move(request), around.deadline);
  co_return read_answer(answer, credential.secret, sent);
}

// What the name may have been meant to be, if there is none like it.
std::vector<std::string> other_names(const Deployment& deployment) {
  std::vector<std::string> names;
  for (const std::string& name : {deployment.model, deployment.name})
    if (name != deployment.deployment && (names.empty() || names.front() != name)) names.push_back(name);
  return names;
}

}  // namespace

awaitable<void> probe_deployment(Surroundings& around, const Deployment& deployment, const std::string& api_version,
                                 credentials::WorkerTokens& tokens, DeploymentSeen& seen) {
  const net::Egress egress = net::Egress::to(around.perimeter, deployment);
  const Destination to{deployment.endpoint,           egress, deployment.network, deployment.ca_file,
                       deployment.client_certificate, deployment.timeouts.connect};
  Way way = co_await open_way(around, to, seen.way);
  if (!way.stream) co_return;
  std::shared_ptr<const credentials::Token> token;
  if (deployment.credential) {
    const auto found = co_await tokens.get(*deployment.credential, around.deadline);
    seen.no_token = found.problem;
    token = found.token;
    if (!token) co_return;
  }
  Credential credential = token ? token_of(*token) : key_of(deployment);
  const base::WipeAtEnd wiped_header(credential.header), wiped_secret(credential.secret);
  Call dated = dated_call(deployment, deployment.deployment, api_version);
  seen.dated = co_await ask(around, deployment, credential, way, std::move(dated));
  Call v1 = v1_call(deployment);
  seen.v1 = co_await ask(around, deployment, credential, way, std::move(v1));
  if (!is_absent(seen.dated)) co_return;
  for (const std::string& name : other_names(deployment)) {
    Call other = dated_call(deployment, name, api_version);
    const AnswerSeen answer = co_await ask(around, deployment, credential, way, std::move(other));
    if (is_present(answer)) seen.present.push_back(name);
  }
}

}  // namespace tollgate::cli::doctor
