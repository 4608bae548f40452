// The admin plane: /metrics, /healthz, /readyz, /status.
#pragma once

#include "app/app.hpp"
#include "tollgate/filter.hpp"

#include <functional>
#include <memory>

namespace tollgate::app {

struct AdminSources {
  std::function<std::string()> metrics;
  std::function<std::string()> status;  // JSON
  std::function<bool()> is_ready;
};

std::shared_ptr<const Filter> make_admin(AdminSources sources);

std::string status_json(const Status& status, const Config& config,
                        const std::vector<std::unique_ptr<Worker>>& workers);

}  // namespace tollgate::app
