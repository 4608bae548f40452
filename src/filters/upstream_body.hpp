// The body as it goes to one deployment: the client's bytes with our few changes, as pieces.
#pragma once

#include "openai/edit.hpp"
#include "tollgate/exchange.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tollgate::filters {

// Refers to the exchange's body and the deployment; both outlive it.
struct UpstreamBody {
  UpstreamBody(const Exchange& ex, const Deployment& deployment);

  openai::BodyEdits edits;
  std::vector<std::string_view> pieces;
  std::optional<std::uint64_t> length;
  bool asked_for_usage = false;  // the client did not
};

}  // namespace tollgate::filters
