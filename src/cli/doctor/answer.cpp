#include "cli/doctor/answer.hpp"

#include "base/redact.hpp"
#include "http/head.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <ctime>
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

std::optional<WallTime> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  char month[4] = "";
  const int found = std::sscanf(std::string(text).c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &parts.tm_mday, month,
                                &parts.tm_year, &parts.tm_hour, &parts.tm_min, &parts.tm_sec);
  if (found != 6) return std::nullopt;
  for (std::size_t i = 0; i < months.size(); ++i) {
    if (months[i] != month) continue;
    parts.tm_mon = static_cast<int>(i);
    parts.tm_year -= 1900;
    return std::chrono::system_clock::from_time_t(::timegm(&parts));
  }
  return std::nullopt;
}

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
    seen.date = parse_http_date(field(head, "date"));
  }
  read_error(answer.error_body.empty() ? answer.body : answer.error_body, secret, seen);
  return seen;
}

}  // namespace tollgate::cli::doctor
