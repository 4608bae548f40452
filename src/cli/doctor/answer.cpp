#include "cli/doctor/answer.hpp"

#include "base/redact.hpp"
#include "http/date.hpp"
#include "http/head.hpp"

#include <nlohmann/json.hpp>

#include <utility>

namespace tollgate::cli::doctor {
namespace {

using Json = nlohmann::json;

std::string field(const http::ResponseHead& head, std::string_view name) {
  const http::Field* found = http::find_field(head.fields, name);
  return found ? std::string(found->value) : std::string();
}

std::string without(std::string text, const std::string& secret) { return base::redacted(std::move(text), secret, "***"); }

// Text or a number.
std::string word_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  return found->is_number() ? found->dump() : std::string();
}

// {"error":{"code","message"}}, or the same without the envelope, as gateways in front of Azure write it.
void read_error(const std::string& body, const std::string& secret, AnswerSeen& seen) {
  const Json json = Json::parse(body, nullptr, false);
  seen.is_json = json.is_object();
  if (!seen.is_json) return;
  const auto inner = json.find("error");
  const Json& error = inner != json.end() && inner->is_object() ? *inner : json;
  seen.code = without(word_of(error, "code"), secret);
  seen.message = without(word_of(error, "message"), secret);
}

}  // namespace

AnswerSeen read_answer(const fetch::Answer& answer, const std::string& secret, WallTime sent) {
  AnswerSeen seen;
  seen.status = answer.status;
  seen.first_byte = answer.first_byte;
  seen.at = sent + answer.first_byte / 2;
  if (answer.status == 0) {
    seen.problem = answer.problem.empty() ? "no answer" : answer.problem;
    return seen;
  }
  std::string why;
  http::ResponseHead head;
  if (http::parse_response(answer.head, false, http::Limits{}, head, why) == http::HeadError::none) {
    seen.region = field(head, "x-ms-region");
    seen.policy = field(head, "policy-id");
    seen.location = without(field(head, "location"), secret);
    seen.date = http::parse_date(field(head, "date"));
  }
  read_error(answer.error_body.empty() ? answer.body : answer.error_body, secret, seen);
  return seen;
}

}  // namespace tollgate::cli::doctor
