// An exchange that has ended, with everything it refers to, for tests that only read it.
#pragma once

#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace tollgate::telemetry {

struct EndedExchange {
  Subscription subscription;
  Model model;
  Deployment deployment;
  std::vector<Header> headers;
  Exchange ex;
  Outcome outcome;

  EndedExchange() : ex(nowhere<net::Loop>(), nowhere<upstream::Upstreams>()) {
    using namespace std::chrono_literals;
    subscription.name = "payments-web";
    subscription.cost_center = "CC-1042";
    model.name = "gpt-4o";
    deployment.name = "gpt-4o-ptu";
    headers = {{"Host", "localhost"}};

    ex.id = "req_1";
    ex.method = "POST";
    ex.target = "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21";
    ex.headers = headers;
    ex.route.operation = Operation::chat_completions;
    ex.route.surface = Surface::deployment;
    ex.client_address = "10.1.2.3:51234";
    ex.is_stream = true;
    ex.subscription = &subscription;
    ex.model_asked = "gpt-4o";
    ex.model = &model;
    ex.deployment = &deployment;
    ex.attempts = 1;
    ex.status = 200;
    ex.upstream_status = 200;
    ex.usage = {100, 60, 41, 0, 141, true};
    ex.chunks = 43;
    ex.bytes_in = 320;
    ex.bytes_out = 9'000;
    ex.started_wall = WallTime(1'767'225'599'042ms);  // 2025-12-31T23:59:59.042Z
    ex.started = TimePoint(1'000s);
    ex.first_token = ex.started + 400ms;
    ex.ended = ex.first_token + 800ms;  // 20 ms for each token after the first
    ex.waited_upstream = 1'199ms + 900us;
    ex.waited_client = 40us;  // leaves 60 us
  }

 private:
  // Stands for the worker, which nothing in telemetry touches.
  template <class T>
  static T& nowhere() {
    alignas(std::max_align_t) static std::byte storage[1];
    return reinterpret_cast<T&>(storage);
  }
};

}  // namespace tollgate::telemetry
