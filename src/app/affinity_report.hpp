// How it stands with what resources keep, for /metrics.
#pragma once

#include <string>

namespace tollgate::affinity {
class Directory;
}

namespace tollgate::app {

std::string affinity_metrics(const affinity::Directory& directory);

}  // namespace tollgate::app
