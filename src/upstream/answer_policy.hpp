// What of an upstream's answer a client may see.
#pragma once

#include "http/head.hpp"
#include "tollgate/error.hpp"
#include "tollgate/header.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace tollgate::upstream {

// Answers that are the caller's own affair go through in the provider's words: success, and errors
// about what was asked. The rest (credentials, quotas, faults) would show another's secret or our
// topology and is told in ours.
bool is_callers_affair(int status) noexcept;

// `body` decides where the status alone does not: a missing deployment is our affair, a missing
// response or file the caller's.
bool is_callers_affair(int status, std::string_view body) noexcept;

// The deployment has no room for the time being: it is told to come back, not that it is broken.
bool is_throttled(const http::ResponseHead& head) noexcept;

// How full reserved capacity says it is, 1 is full; it need not say so.
std::optional<double> utilization_of(const http::ResponseHead& head) noexcept;

// What the client is told instead, with the upstream's advice on when to come back.
Error error_for(const http::ResponseHead& head);

// Appends the headers that are passed on; content type and framing are the sink's business.
void pick_headers(const http::ResponseHead& head, std::vector<Header>& out);

}  // namespace tollgate::upstream
