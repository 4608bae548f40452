#include "mock_azure/content_filter.hpp"

#include <string>

namespace tollgate::mock {
namespace {

constexpr std::string_view blocked_message =
    "The response was filtered due to the prompt triggering Azure OpenAI's content management "
    "policy. Please modify your prompt and retry. To learn more about our content filtering "
    "policies please read our documentation: https://go.microsoft.com/fwlink/?linkid=2198766";

Reply refusal(std::string rest) {
  Reply reply;
  reply.status = 400;
  reply.body = "{\"error\":{\"message\":\"";
  reply.body += blocked_message;
  reply.body += "\",";
  reply.body += rest;
  reply.body += "}}";
  return reply;
}

}  // namespace

// Real bodies use the singular content_filter_result although the documentation prints the plural.
Reply blocked_prompt(FilterWish wish) {
  std::string rest = R"("type":null,"param":"prompt","code":"content_filter","status":400)";
  if (wish != FilterWish::prompt_bare) {
    rest += R"(,"innererror":{"code":"ResponsibleAIPolicyViolation",)";
    rest += wish == FilterWish::prompt_plural ? R"("content_filter_results":)"
                                              : R"("content_filter_result":)";
    rest += blocked_prompt_results;
    rest += '}';
  }
  return refusal(std::move(rest));
}

Reply blocked_image_prompt() {
  std::string rest = R"("type":null,"param":"prompt","code":"content_policy_violation",)"
                     R"("inner_error":{"code":"ResponsibleAIPolicyViolation",)"
                     R"("content_filter_results":)";
  rest += blocked_prompt_results;
  return refusal(rest + '}');
}

Reply blocked_responses_prompt() {
  std::string rest = R"("type":"invalid_request_error","param":"prompt","code":"content_filter",)"
                     R"("content_filters":[{"blocked":true,"source_type":"prompt",)"
                     R"("content_filter_raw":[],"content_filter_results":)";
  rest += blocked_prompt_results;
  rest += R"(,"content_filter_offsets":{"start_offset":0,"end_offset":0,"check_offset":0}}])";
  return refusal(std::move(rest));
}

}  // namespace tollgate::mock
