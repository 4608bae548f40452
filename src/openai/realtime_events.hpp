// Looks at one event of a realtime session, as the service sends it, without building a document; and
// writes the error event that a session is ended with.
#pragma once

#include "tollgate/error.hpp"
#include "tollgate/usage.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::openai {

struct RealtimeFacts {
  std::string_view type;   // "" if it is no event; this and the next two point into the text
  std::string_view model;  // of `session.created`: what the service calls it
  std::string_view error_code;  // of `error`
  bool has_usage = false;  // of `response.done`
  Usage usage;
};

// Usual events say their type first, and few are read further: what a delta carries is not looked at.
RealtimeFacts read_realtime_event(std::string_view text);

// {"type":"error",...}. `code` instead of the error's own: "" none.
std::string realtime_error_event(const Error& error, std::string_view event_id, std::string_view code = {});

}  // namespace tollgate::openai
