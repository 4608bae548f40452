// Legacy completions, whole and streamed.
#include <memory>
#include <utility>

#include "mock_azure/api_error.hpp"
#include "mock_azure/content_filter.hpp"
#include "mock_azure/question.hpp"
#include "mock_azure/resource.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

constexpr std::int64_t default_max_tokens = 16;  // of this old operation

Json completion_usage(const Usage& usage) {
  return Json{{"prompt_tokens", usage.prompt},
              {"completion_tokens", usage.completion},
              {"total_tokens", usage.total()}};
}

Json envelope(const Answer& answer, const Model& model) {
  return Json{{"id", "cmpl-" + token_id(answer.meaning, 29)},
              {"object", "text_completion"},
              {"created", created_of(answer.meaning)},
              {"model", model.version}};
}

Json choice_json(std::string_view text, std::size_t index, std::string_view finish) {
  return Json{{"text", text},
              {"index", index},
              {"logprobs", nullptr},
              {"finish_reason", finish.empty() ? Json() : Json(finish)},
              {"content_filter_results",
               parse_json(finish == "content_filter" ? violent_results : safe_text_results)}};
}

class CompletionEvents : public EventSource {
 public:
  CompletionEvents(Answer answer, Json envelope, bool include_usage)
      : answer_(std::move(answer)), envelope_(std::move(envelope)), include_usage_(include_usage) {}

  bool next(Event& event) override {
    if (index_ < answer_.choices.size()) {
      frame(event);
      return true;
    }
    if (include_usage_) {
      include_usage_ = false;
      Json last = envelope_;
      last["choices"] = Json::array();
      last["usage"] = completion_usage(answer_.usage);
      event.data = dump_json(last);
      return true;
    }
    event.data = "[DONE]";
    return !std::exchange(done_, true);
  }

  void error_event(Event& event) override {
    event.data = R"({"error":{"message":"The server had an error while processing your request.",)"
                 R"("type":"server_error","param":null,"code":null}})";
  }

 private:
  void frame(Event& event) {
    const Choice& choice = answer_.choices[index_];
    Json json = envelope_;
    if (at_ < choice.text.size()) {
      const std::size_t end = token_end(choice.text, at_);
      const std::string_view token = std::string_view(choice.text).substr(at_, end - at_);
      json["choices"] = Json::array({choice_json(token, index_, {})});
      at_ = end;
      event.paced = true;
    } else {
      json["choices"] = Json::array({choice_json("", index_, choice.finish)});
      at_ = 0;
      ++index_;
    }
    if (include_usage_) json["usage"] = nullptr;
    event.data = dump_json(json);
  }

  Answer answer_;
  Json envelope_;
  bool include_usage_;
  bool done_ = false;
  std::size_t index_ = 0;
  std::size_t at_ = 0;
};

}  // namespace

Reply completions(Call& call) {
  if (!call.is("POST")) return method_not_allowed();
  const Json body = parse_json(call.http.body);
  if (!body.is_object()) return bad_json();
  call.stream = bool_member(body, "stream");
  const Json& options = member(body, "stream_options");
  if (options.is_object() && !call.stream) {
    return invalid_request(
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        "stream_options");
  }
  if (auto refused = choose_deployment(call, string_member(body, "model"))) {
    return std::move(*refused);
  }
  Question question;
  const Json& prompt = member(body, "prompt");
  if (prompt.is_string()) question.asked = prompt.get<std::string>();
  else if (!prompt.is_null()) question.asked = dump_json(prompt);
  question.content = hash_bytes(0, question.asked);
  question.prompt_tokens = count_tokens(question.asked);
  question.user_is_last = true;
  question.max_tokens = int_member(body, "max_tokens", default_max_tokens);
  question.choices = int_member(body, "n", 1);
  if (*question.max_tokens < 0 || question.choices < 1 || question.choices > 128) {
    return invalid_request("'max_tokens' or 'n' is out of range.", "n", "invalid_value");
  }
  const Json& stop = member(body, "stop");
  if (stop.is_string()) question.stop.push_back(stop.get<std::string>());
  if (stop.is_array()) {
    for (const Json& one : stop) {
      if (one.is_string()) question.stop.push_back(one.get<std::string>());
    }
  }
  if (auto throttled = admit(call, question.prompt_tokens, most_output_tokens(question))) {
    return std::move(*throttled);
  }
  const std::uint64_t meaning =
      meaning_of("completions", call.deployment->config().name, question.content);
  if (blocks_prompt(call.directives.filter)) {
    Reply reply = blocked_prompt(call.directives.filter);
    reply.meaning = meaning;
    reply.usage.prompt = question.prompt_tokens;
    return reply;
  }
  const Model& model = call.deployment->model();
  Answer answer = make_answer(question, model, call.directives, meaning);
  Reply reply;
  reply.meaning = meaning;
  reply.usage = answer.usage;
  set_pace(call, reply);
  Json json = envelope(answer, model);
  if (call.stream) {
    reply.events = std::make_unique<CompletionEvents>(std::move(answer), std::move(json),
                                                      bool_member(options, "include_usage"));
    return reply;
  }
  reply.first_delay += reply.gap * answer.usage.completion;
  json["prompt_filter_results"] = Json::array(
      {{{"prompt_index", 0}, {"content_filter_results", parse_json(safe_prompt_results)}}});
  json["choices"] = Json::array();
  for (std::size_t i = 0; i < answer.choices.size(); ++i) {
    json["choices"].push_back(choice_json(answer.choices[i].text, i, answer.choices[i].finish));
  }
  json["usage"] = completion_usage(answer.usage);
  reply.body = dump_json(json);
  return reply;
}

}  // namespace tollgate::mock
