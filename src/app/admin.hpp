// The admin plane: /metrics, /healthz, /readyz, /status, keys.
#pragma once

#include "app/app.hpp"
#include "tollgate/filter.hpp"

#include <functional>
#include <memory>

namespace tollgate::balancer {
class Fleet;
}

namespace tollgate::app {

struct AdminAnswer {
  int status = 200;
  std::string_view content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string_view allow;      // with a 405
  std::string_view challenge;  // with a 401
  bool is_private = false;     // must not be kept by anybody
};

class KeyAdmin;

struct AdminSources {
  std::function<std::string()> metrics;
  std::function<std::string()> status;  // JSON
  std::function<bool()> is_ready;
  KeyAdmin* keys = nullptr;
  bool is_loopback = true;  // only then is it known which names callers can have for it
};

std::shared_ptr<const Filter> make_admin(AdminSources sources);

std::string status_json(const Status& status, const Config& config,
                        const std::vector<std::unique_ptr<Worker>>& workers, Books& books, balancer::Fleet& fleet,
                        const credentials::TokenCells& tokens);

}  // namespace tollgate::app
