#include "app/affinity_report.hpp"

#include "affinity/directory.hpp"
#include "telemetry/exposition.hpp"

namespace tollgate::app {

std::string affinity_metrics(const affinity::Directory& directory) {
  using Type = telemetry::Exposition::Type;
  const affinity::Numbers numbers = directory.numbers();
  telemetry::Exposition out;
  out.family("tollgate_affinity_lookups_total", Type::counter,
             "Requests that name stored objects, by how their owner was found.");
  for (std::size_t i = 0; i < numbers.lookups.size(); ++i) {
    out.sample(telemetry::label("result", affinity::lookup_names[i]), numbers.lookups[i]);
  }
  out.family("tollgate_affinity_entries", Type::gauge, "Stored objects whose owner is remembered.");
  out.sample("", numbers.entries);
  out.family("tollgate_affinity_evictions_total", Type::counter, "Owners forgotten to make room for others.");
  out.sample("", numbers.evictions);
  out.family("tollgate_affinity_unwritten_total", Type::counter,
             "Changes missing from the file because it could not be written for too long.");
  out.sample("", numbers.unwritten);
  out.family("tollgate_affinity_failing", Type::gauge, "1 while the file cannot be written.");
  out.sample("", std::uint64_t{numbers.is_failing});
  return out.take();
}

}  // namespace tollgate::app
