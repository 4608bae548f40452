// What of an upstream's answer a client may see.
#pragma once

#include "http/head.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/error.hpp"
#include "tollgate/header.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

namespace tollgate::upstream {

// Errors about what was asked are the caller's own affair and go through in the provider's words. The
// rest (credentials, quotas, faults) would show another's secret or our topology and is told in ours.
bool is_about_request(int status) noexcept;

// Of a 404 the body decides: a missing deployment is our affair, a missing response or file the caller's.
// `names_model`: the request does; else the model that is missing is one that it speaks of.
bool is_missing_deployment(int status, std::string_view body, bool names_model) noexcept;

// A token of another tenant than the resource's is refused with 400, which is no affair of the caller's. The code is
// not documented; it is what has been seen.
bool is_wrong_tenant(int status, std::string_view body) noexcept;

// The deployment has no room for the time being: it is told to come back, not that it is broken.
bool is_throttled(const http::ResponseHead& head);

// How full reserved capacity says it is, 1 is full; it need not say so.
std::optional<double> utilization_of(const http::ResponseHead& head) noexcept;

// When it says to come back, from `now` on; < 0: it does not say.
std::chrono::milliseconds advice_of(const http::ResponseHead& head, WallTime now);

// Who answered in place of reserved capacity, because the service itself sent the call on (native spillover): the
// provider's name of it, "" if it is not told. Nullopt: nobody.
std::optional<std::string_view> spilled_to(const http::ResponseHead& head) noexcept;

// What the client is told instead, with the upstream's advice on when to come back.
Error error_for(const http::ResponseHead& head);

// Appends the headers that are passed on; content type and framing are the sink's business.
void pick_headers(const http::ResponseHead& head, std::vector<Header>& out);

}  // namespace tollgate::upstream
