#include "filters/session_end.hpp"

namespace tollgate::filters {

Farewell farewell_for(SessionEnd end, http::FrameFault fault) {
  namespace code = http::close_code;
  const std::string what = http::text_of(fault);
  Farewell farewell;
  const auto tell_client = [&](int with, std::string reason) {
    farewell.client_code = with;
    farewell.client_reason = std::move(reason);
  };
  const auto tell_upstream = [&](int with, std::string reason) {
    farewell.upstream_code = with;
    farewell.upstream_reason = std::move(reason);
  };
  switch (end) {
    case SessionEnd::none:
    case SessionEnd::client_closed:
    case SessionEnd::upstream_closed: break;  // their own close frames were relayed
    case SessionEnd::client_gone: tell_upstream(code::going_away, "the client is gone"); break;
    case SessionEnd::upstream_gone: tell_client(code::internal_error, "the model deployment broke off"); break;
    case SessionEnd::client_fault:
      tell_client(http::close_code_of(fault), what);
      tell_upstream(code::going_away, "the client broke the protocol");
      break;
    case SessionEnd::upstream_fault:
      tell_client(code::internal_error, "the model deployment broke the protocol: " + what);
      tell_upstream(http::close_code_of(fault), what);
      break;
    case SessionEnd::idle:
      farewell.error = "Nothing was said for as long as a session may be idle here.";
      tell_client(code::going_away, "idle for too long");
      tell_upstream(code::normal, "");
      break;
    case SessionEnd::expired:
      farewell.error = "The session has lasted as long as it may here.";
      tell_client(code::going_away, "the session has lasted as long as it may");
      tell_upstream(code::normal, "");
      break;
    case SessionEnd::spent: tell_upstream(code::normal, ""); break;  // the client has been told
    case SessionEnd::drained:
      tell_client(code::going_away, "the gateway is ending; connect again");
      tell_upstream(code::going_away, "");
      break;
  }
  return farewell;
}

Outcome outcome_of(SessionEnd end) {
  Outcome outcome;
  switch (end) {
    case SessionEnd::none:
    case SessionEnd::client_closed:
    case SessionEnd::upstream_closed: break;
    case SessionEnd::client_gone:
      outcome.end = End::client_gone;
      outcome.source = ErrorSource::client;
      break;
    case SessionEnd::upstream_gone:
    case SessionEnd::upstream_fault:
      outcome.end = End::truncated;
      outcome.error = ErrorKind::upstream_failed;
      outcome.source = ErrorSource::upstream;
      break;
    case SessionEnd::client_fault:
      outcome.end = End::stopped;
      outcome.error = ErrorKind::bad_request;
      outcome.source = ErrorSource::client;
      break;
    case SessionEnd::idle:
    case SessionEnd::expired:
    case SessionEnd::spent:
    case SessionEnd::drained: outcome.end = End::stopped; break;
  }
  return outcome;
}

}  // namespace tollgate::filters
