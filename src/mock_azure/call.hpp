// One API call on its way through the stand-in, and the steps every metered operation shares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "mock_azure/deployment.hpp"
#include "mock_azure/directives.hpp"
#include "mock_azure/fault.hpp"
#include "mock_azure/reply.hpp"
#include "mock_azure/route.hpp"

namespace tollgate::mock {

class ObjectStore;

// What all calls share.
struct World {
  const Config& config;
  DeploymentTable& deployments;
  FaultPlan& faults;
  ObjectStore& objects;
};

struct Call {
  Call(const HttpRequest& request, World& shared) : http(request), world(shared) {}

  const HttpRequest& http;
  World& world;
  Route route;
  Directives directives;
  Fault fault;  // from header, directive or plan, in this order
  Deployment* deployment = nullptr;
  std::optional<Admission> admission;
  std::string model_asked;
  bool stream = false;

  bool is_dated() const { return route.surface == Surface::dated; }
  bool is(std::string_view method) const { return http.method == method; }
};

// Finds the deployment (path on the dated surface, body's model on v1) and the fault planted for
// it. A reply means: stop here.
std::optional<Reply> choose_deployment(Call& call, std::string_view body_model);

// Limits. A reply means: throttled.
std::optional<Reply> admit(Call& call, std::int64_t prompt_tokens, std::int64_t max_output);

// Pace of the call: directive, else deployment.
void set_pace(const Call& call, Reply& reply);

// Ids and times of an answer: functions of what was asked, never of the clock.
std::uint64_t meaning_of(std::string_view operation, std::string_view deployment,
                         std::uint64_t content);
std::int64_t created_of(std::uint64_t meaning);

}  // namespace tollgate::mock
