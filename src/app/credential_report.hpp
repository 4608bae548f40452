// How the gateway's own credentials stand, for the scrape and for /status. No secrets.
#pragma once

#include "credentials/token_cell.hpp"
#include "tollgate/config.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace tollgate::app {

// Prometheus lines; "" when no deployment is called with a token. Main thread.
std::string credential_metrics(const credentials::TokenCells& cells);

// By name. REQUIRES: the cells are those of `config`.
nlohmann::ordered_json credential_status(const Config& config, const credentials::TokenCells& cells);

}  // namespace tollgate::app
