// Refusals in the service's own words.
#pragma once

#include <string>
#include <string_view>

#include "mock_azure/reply.hpp"

namespace tollgate::mock {

struct ApiError {
  int status = 400;
  std::string message;
  std::string code{};   // empty: null
  std::string param{};  // empty: null
  std::string type = "invalid_request_error";
};

Reply error_reply(const ApiError& error);

// Errors of the service edge carry only code and message.
Reply edge_error(int status, std::string_view code, std::string_view message);

Reply access_denied();
Reply resource_not_found();
Reply deployment_not_found();
Reply method_not_allowed();
Reply too_many_headers();
Reply bad_json();
Reply invalid_request(std::string message, std::string param = {}, std::string code = {});

// What a `status=NNN` fault answers.
Reply fault_status_reply(const Fault& fault);

}  // namespace tollgate::mock
