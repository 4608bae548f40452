#include "pipeline/registry.hpp"

#include "filters/filters.hpp"

#include <algorithm>

namespace tollgate::pipeline {

namespace {

struct Entry {
  const char* name;
  std::shared_ptr<const Filter> (*make)(const Config&, const filters::Services&);
};

// Outside sees more: a filter sees the request after those above it and the response before them.
constexpr Entry table[] = {
    {"route", filters::make_route},      // first: everything else asks which operation it is
    {"access", filters::make_access},    // before the body is read: strangers cost nothing
    {"request", filters::make_request},  // reads the body; rights on the model need its name
    {"limits", filters::make_limits},    // before anything is answered: no route is exempt
    {"models", filters::make_models},    // answers GET models, so it stands before what calls upstream
    {"affinity", filters::make_affinity},  // around what calls upstream: it may have it call again
    {"forward", filters::make_forward},  // last: it answers
};

}  // namespace

std::vector<std::string> filter_names() {
  std::vector<std::string> names;
  for (const auto& entry : table) names.emplace_back(entry.name);
  return names;
}

std::vector<std::shared_ptr<const Filter>> build(const Config& config,
                                                 const filters::Services& services) {
  std::vector<std::shared_ptr<const Filter>> chain;
  for (const auto& name : config.filters.empty() ? filter_names() : config.filters) {
    const auto entry = std::find_if(std::begin(table), std::end(table),
                                    [&](const Entry& e) { return name == e.name; });
    chain.push_back(entry->make(config, services));
  }
  return chain;
}

}  // namespace tollgate::pipeline
