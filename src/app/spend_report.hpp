// How spending stands, for the scrape and for /status.
#pragma once

#include "app/books.hpp"
#include "app/worker.hpp"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace tollgate::app {

// Prometheus lines: limits, alerts, ledger, sharing. Main thread.
std::string spend_metrics(Books& books, const Config& config, const std::vector<std::unique_ptr<Worker>>& workers);

// The same for people and scripts: every pot that does not carry a caller's own name.
nlohmann::ordered_json spend_status(Books& books, const Config& config);

}  // namespace tollgate::app
