#include "mock_azure/api_error.hpp"

#include <utility>

#include "mock_azure/reply_writer.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

std::string quoted_or_null(std::string_view text) {
  return text.empty() ? std::string("null") : json_quoted(text);
}

}  // namespace

Reply error_reply(const ApiError& error) {
  Reply reply;
  reply.status = error.status;
  reply.body = "{\"error\":{\"message\":" + json_quoted(error.message) +
               ",\"type\":" + quoted_or_null(error.type) +
               ",\"param\":" + quoted_or_null(error.param) +
               ",\"code\":" + quoted_or_null(error.code) + "}}";
  return reply;
}

Reply edge_error(int status, std::string_view code, std::string_view message) {
  Reply reply;
  reply.status = status;
  reply.body =
      "{\"error\":{\"code\":" + json_quoted(code) + ",\"message\":" + json_quoted(message) + "}}";
  return reply;
}

Reply access_denied() {
  return edge_error(401, "401",
                    "Access denied due to invalid subscription key or wrong API endpoint. Make "
                    "sure to provide a valid key for an active subscription and use a correct "
                    "regional API endpoint for your resource.");
}

Reply resource_not_found() { return edge_error(404, "404", "Resource not found"); }

Reply deployment_not_found() {
  return edge_error(404, "DeploymentNotFound",
                    "The API deployment for this resource does not exist. If you created the "
                    "deployment within the last 5 minutes, please wait a moment and try again.");
}

Reply method_not_allowed() {
  return edge_error(405, "405", "The method is not allowed for this resource.");
}

Reply too_many_headers() {
  return edge_error(431, "431", "The request has more than 10 custom headers.");
}

Reply bad_json() {
  return error_reply({.message = "We could not parse the JSON body of your request. (HINT: This "
                                 "likely means you aren't using your HTTP library correctly.)"});
}

Reply invalid_request(std::string message, std::string param, std::string code) {
  return error_reply(
      {.message = std::move(message), .code = std::move(code), .param = std::move(param)});
}

Reply fault_status_reply(const Fault& fault) {
  Reply reply;
  const int status = fault.status;
  if (fault.html) {
    reply.content_type = "text/html";
    reply.body = "<html><head><title>" + std::to_string(status) + ' ' +
                 std::string(reason_phrase(status)) + "</title></head><body><h1>" +
                 std::string(reason_phrase(status)) + "</h1></body></html>\r\n";
  } else if (status == 429) {
    reply = edge_error(429, "429",
                       "Rate limit is exceeded. Try again in " +
                           std::to_string(fault.retry_after.value_or(1)) + " seconds.");
  } else if (status == 401) {
    reply = access_denied();
  } else if (status == 404) {
    reply = deployment_not_found();
  } else if (status == 500) {
    reply = error_reply({.status = 500,
                         .message = "The server had an error while processing your request. Sorry "
                                    "about that!",
                         .code = "InternalServerError",
                         .type = "server_error"});
  } else if (status == 503) {
    reply = edge_error(503, "ServiceUnavailable",
                       "The service is temporarily unable to process your request. Please try "
                       "again later.");
  } else if (status == 408) {
    reply = edge_error(408, "Timeout", "The operation was timeout.");
  } else {
    reply = edge_error(status, std::to_string(status), reason_phrase(status));
  }
  reply.status = status;
  const std::int64_t wait = fault.retry_after.value_or(status == 429 ? 1 : -1);
  if (wait >= 0) reply.headers += "retry-after: " + std::to_string(wait) + "\r\n";
  return reply;
}

}  // namespace tollgate::mock
