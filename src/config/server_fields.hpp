// The fields of how clients reach the gateway and what it writes down.
#pragma once

#include "config/fields.hpp"

namespace tollgate::config {

Fields<ServerConfig> server_fields();
Fields<RecordsConfig> records_fields();
Fields<LogConfig> log_fields();

}  // namespace tollgate::config
