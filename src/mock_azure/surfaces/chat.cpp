// Chat completions, whole and streamed.
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "mock_azure/chat_request.hpp"
#include "mock_azure/content_filter.hpp"
#include "mock_azure/json.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

std::string usage_json(const Usage& u) {
  std::string out = "{\"prompt_tokens\":" + std::to_string(u.prompt) +
                    ",\"completion_tokens\":" + std::to_string(u.completion) +
                    ",\"total_tokens\":" + std::to_string(u.total()) +
                    ",\"prompt_tokens_details\":{\"cached_tokens\":" + std::to_string(u.cached) +
                    ",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":" +
                    std::to_string(u.reasoning);
  out += ",\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";
  return out;
}

std::string prompt_filter_results() {
  std::string out = R"([{"prompt_index":0,"content_filter_results":)";
  out += safe_prompt_results;
  return out + "}]";
}

// A made-up but steady probability: all tokens are equally sure.
void append_logprob(std::string& out, std::string_view token) {
  out += "{\"token\":";
  out += json_quoted(token);
  out += ",\"logprob\":-0.01,\"bytes\":[";
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (i > 0) out += ',';
    out += std::to_string(static_cast<unsigned char>(token[i]));
  }
  out += "],\"top_logprobs\":[]}";
}

std::string logprobs_json(std::string_view text) {
  std::string out = "{\"content\":[";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = token_end(text, at);
    if (at > 0) out += ',';
    append_logprob(out, text.substr(at, end - at));
    at = end;
  }
  return out + "],\"refusal\":null}";
}

std::string render_completion(const Answer& answer, const ChatRequest& request,
                              const Model& model) {
  std::string out;
  out.reserve(1600 + answer.choices.front().text.size() * 2);
  out += R"({"id":"chatcmpl-)";
  out += token_id(answer.meaning, 29);
  out += R"(","object":"chat.completion","created":)";
  out += std::to_string(created_of(answer.meaning));
  out += R"(,"model":")";
  append_json_escaped(out, model.version);
  out += R"(","system_fingerprint":"fp_mock","service_tier":"default","prompt_filter_results":)";
  out += prompt_filter_results();
  out += R"(,"choices":[)";
  for (std::size_t i = 0; i < answer.choices.size(); ++i) {
    const Choice& choice = answer.choices[i];
    const bool filtered = choice.finish == "content_filter";
    if (i > 0) out += ',';
    out += R"({"index":)" + std::to_string(i) + R"(,"finish_reason":")";
    out += choice.finish;
    out += R"(","logprobs":)";
    out += request.logprobs && choice.calls.empty() ? logprobs_json(choice.text) : "null";
    out += R"(,"message":{"role":"assistant")";
    if (!choice.calls.empty()) {
      out += R"(,"content":null,"tool_calls":[)";
      for (std::size_t c = 0; c < choice.calls.size(); ++c) {
        const ToolCall& call = choice.calls[c];
        if (c > 0) out += ',';
        out += R"({"id":")" + call.id + R"(","type":"function","function":{"name":)" +
               json_quoted(call.name) + R"(,"arguments":)" + json_quoted(call.arguments) + "}}";
      }
      out += ']';
    } else if (!filtered) {  // a filtered completion comes without content
      out += R"(,"content":")";
      append_json_escaped(out, choice.text);
      out += '"';
    }
    out += R"(,"refusal":null,"annotations":[]},"content_filter_results":)";
    out += filtered ? violent_results : safe_completion_results;
    out += '}';
  }
  out += R"(],"usage":)";
  out += usage_json(answer.usage);
  out += '}';
  return out;
}

// The frames of one chat stream, made on demand: first the prompt's filter results, then for each
// choice a role frame, its tokens and its finish, then usage if asked for, then [DONE].
class ChatEvents : public EventSource {
 public:
  struct Style {
    bool include_usage, logprobs, obfuscates, async_filter, stamps;
  };

  ChatEvents(Answer answer, const Model& model, Style style, std::size_t prompt_bytes)
      : answer_(std::move(answer)), style_(style), offset_(prompt_bytes) {
    tail_ = R"(],"created":)" + std::to_string(created_of(answer_.meaning)) +
            R"(,"id":"chatcmpl-)" + token_id(answer_.meaning, 29) + R"(","model":)" +
            json_quoted(model.version) +
            R"(,"object":"chat.completion.chunk","system_fingerprint":"fp_mock")";
  }

  bool next(Event& event) override {
    switch (stage_) {
      case Stage::prompt_results:
        event.data = R"({"choices":[],"created":0,"id":"","model":"","object":"",)"
                     R"("prompt_filter_results":)" + prompt_filter_results() + '}';
        stage_ = Stage::role;
        return true;
      case Stage::role: return role_frame(event);
      case Stage::tokens: return token_frame(event);
      case Stage::arguments: return arguments_frame(event);
      case Stage::finish: return finish_frame(event);
      case Stage::late_annotation:
        annotation(event.data, index_);
        after_choice();
        return true;
      case Stage::usage:
        event.data = "{\"choices\":[";
        event.data += tail_;
        event.data += ",\"usage\":" + usage_json(answer_.usage) + '}';
        stage_ = Stage::done;
        return true;
      case Stage::done:
        event.data = "[DONE]";
        stage_ = Stage::over;
        return true;
      case Stage::over: break;
    }
    return false;
  }

  void error_event(Event& event) override {
    event.data =
        R"({"error":{"message":"The server had an error while processing your request. Sorry )"
        R"(about that!","type":"server_error","param":null,"code":null}})";
  }

 private:
  enum class Stage {
    prompt_results, role, tokens, arguments, finish, late_annotation, usage, done, over
  };

  const Choice& choice() const { return answer_.choices[index_]; }

  void open(std::string& out, std::string_view results) const {
    out = "{\"choices\":[{";
    if (!style_.async_filter) {
      out += "\"content_filter_results\":";
      out += results;
      out += ',';
    }
  }

  void close(std::string& out, std::string_view finish, std::string_view logprobs) const {
    out += ",\"finish_reason\":";
    if (finish.empty()) {
      out += "null";
    } else {
      out += '"';
      out += finish;
      out += '"';
    }
    out += ",\"index\":";
    out += std::to_string(index_);
    out += ",\"logprobs\":";
    out += logprobs;
    out += '}';
    out += tail_;
    if (style_.obfuscates) {
      // Padding so that frame lengths do not tell token lengths.
      out += ",\"obfuscation\":\"" + token_id(answer_.meaning + at_, 1 + at_ % 12) + '"';
    }
    if (style_.include_usage) out += ",\"usage\":null";
    out += '}';
  }

  bool role_frame(Event& event) {
    open(event.data, "{}");
    event.data += choice().calls.empty()
                      ? R"("delta":{"content":"","refusal":null,"role":"assistant"})"
                      : R"("delta":{"content":null,"refusal":null,"role":"assistant"})";
    close(event.data, {}, "null");
    at_ = 0;
    call_ = 0;
    call_opened_ = false;
    stage_ = choice().calls.empty() ? Stage::tokens : Stage::arguments;
    if (stage_ == Stage::tokens && choice().text.empty()) stage_ = Stage::finish;
    return true;
  }

  bool token_frame(Event& event) {
    const std::string_view text = choice().text;
    const std::size_t end = token_end(text, at_);
    const std::string_view token = text.substr(at_, end - at_);
    open(event.data, safe_text_results);
    event.data += "\"delta\":{\"content\":\"";
    if (style_.stamps) {
      // The sender and receiver share one machine and its monotonic clock.
      const auto now = std::chrono::steady_clock::now().time_since_epoch();
      char stamp[32];
      const int size = std::snprintf(
          stamp, sizeof stamp, "t=%019lld ",
          static_cast<long long>(std::chrono::nanoseconds(now).count()));
      event.data.append(stamp, static_cast<std::size_t>(size));
    } else {
      append_json_escaped(event.data, token);
    }
    event.data += "\"}";
    if (style_.logprobs) {
      std::string logprob = "{\"content\":[";
      append_logprob(logprob, token);
      close(event.data, {}, logprob + "],\"refusal\":null}");
    } else {
      close(event.data, {}, "null");
    }
    event.paced = true;
    at_ = end;
    if (at_ == text.size()) stage_ = Stage::finish;
    return true;
  }

  bool arguments_frame(Event& event) {
    const ToolCall& call = choice().calls[call_];
    open(event.data, "{}");
    event.data += "\"delta\":{\"tool_calls\":[{\"index\":" + std::to_string(call_);
    if (!call_opened_) {
      event.data += R"(,"id":")" + call.id + R"(","type":"function","function":{"name":)" +
                    json_quoted(call.name) + R"(,"arguments":""})";
      call_opened_ = true;
      at_ = 0;
    } else {
      const std::size_t end = token_end(call.arguments, at_);
      event.data += ",\"function\":{\"arguments\":" +
                    json_quoted(std::string_view(call.arguments).substr(at_, end - at_)) + '}';
      at_ = end;
    }
    event.data += "}]}";
    close(event.data, {}, "null");
    event.paced = true;
    if (at_ == call.arguments.size()) {
      call_opened_ = false;
      if (++call_ == choice().calls.size()) stage_ = Stage::finish;
    }
    return true;
  }

  bool finish_frame(Event& event) {
    // In asynchronous mode the verdict on the text so far comes before the finish it explains.
    const bool filtered = choice().finish == "content_filter";
    if (style_.async_filter && filtered && !verdict_sent_) {
      verdict_sent_ = true;
      annotation(event.data, index_);
      return true;
    }
    open(event.data, filtered ? violent_results : "{}");
    event.data += "\"delta\":{}";
    close(event.data, choice().finish, "null");
    if (style_.async_filter && !filtered) {
      stage_ = Stage::late_annotation;
    } else {
      after_choice();
    }
    return true;
  }

  // Asynchronous filter: a choice without delta; offsets count characters from the prompt's start.
  void annotation(std::string& out, std::size_t index) const {
    const Choice& choice = answer_.choices[index];
    const std::size_t end = offset_ + choice.text.size();
    out = R"({"choices":[{"content_filter_offsets":{"check_offset":)" + std::to_string(end) +
          R"(,"start_offset":)" + std::to_string(offset_) + R"(,"end_offset":)" +
          std::to_string(end) + R"(},"content_filter_raw":[],"content_filter_results":)";
    out += choice.finish == "content_filter" ? violent_results : safe_completion_results;
    out += R"(,"finish_reason":null,"index":)" + std::to_string(index) +
           R"(}],"created":0,"id":"","model":"","object":"")";
    if (style_.include_usage) out += R"(,"usage":null)";
    out += '}';
  }

  void after_choice() {
    verdict_sent_ = false;
    if (++index_ < answer_.choices.size()) stage_ = Stage::role;
    else stage_ = style_.include_usage ? Stage::usage : Stage::done;
  }

  Answer answer_;
  Style style_;
  std::size_t offset_;
  std::string tail_;
  Stage stage_ = Stage::prompt_results;
  std::size_t index_ = 0;  // choice
  std::size_t at_ = 0;     // byte in its text or in the arguments of its current call
  std::size_t call_ = 0;
  bool call_opened_ = false;
  bool verdict_sent_ = false;
};

// Name first: a fault of the rest is told to those who name a deployment that is there.
Reply refuse_body(Call& call, const ApiError& error) {
  const Json body = parse_json(call.http.body);
  if (body.is_object())
    if (auto refused = choose_deployment(call, string_member(body, "model"))) return std::move(*refused);
  return error_reply(error);
}

}  // namespace

Reply chat_completions(Call& call) {
  if (!call.is("POST")) return method_not_allowed();
  ChatParse parsed;
  if (auto plain = scan_plain_chat(call.http.body)) parsed = std::move(*plain);
  else parsed = parse_chat(call.http.body);
  if (const auto* error = std::get_if<ApiError>(&parsed)) return refuse_body(call, *error);
  ChatRequest& request = std::get<ChatRequest>(parsed);
  call.stream = request.stream;

  if (auto refused = choose_deployment(call, request.model)) return std::move(*refused);
  const Model& model = call.deployment->model();
  if (const auto error = check_chat(request, model, call.is_dated())) return error_reply(*error);
  Question& question = request.question;
  if (auto throttled = admit(call, question.prompt_tokens, most_output_tokens(question))) {
    return std::move(*throttled);
  }

  Reply reply;
  const std::uint64_t meaning =
      meaning_of("chat/completions", call.deployment->config().name, question.content);
  if (blocks_prompt(call.directives.filter)) {
    reply = blocked_prompt(call.directives.filter);
    reply.meaning = meaning;
    reply.usage.prompt = question.prompt_tokens;  // a blocked prompt's evaluation is charged
    return reply;
  }
  Answer answer = make_answer(question, model, call.directives, meaning);
  reply.meaning = meaning;
  reply.usage = answer.usage;
  set_pace(call, reply);
  if (!request.stream) {
    reply.first_delay += reply.gap * answer.usage.completion;
    reply.body = render_completion(answer, request, model);
    return reply;
  }
  const bool async = call.directives.async_filter || call.deployment->config().async_filter;
  reply.events = std::make_unique<ChatEvents>(
      std::move(answer), model,
      ChatEvents::Style{request.include_usage, request.logprobs, request.obfuscates, async,
                        call.directives.stamps},
      question.asked.size());
  return reply;
}

PlainAnswer answer_chat_body(Call& call, const std::string& body) {
  ChatParse parsed = parse_chat(body);
  if (const auto* error = std::get_if<ApiError>(&parsed)) return {400, error_reply(*error).body};
  const ChatRequest& request = std::get<ChatRequest>(parsed);
  const Deployment* deployment = call.world.deployments.find(request.model);
  if (deployment == nullptr) return {404, deployment_not_found().body};
  if (const auto error = check_chat(request, deployment->model(), false)) {
    return {400, error_reply(*error).body};
  }
  const Directives directives = parse_directives(body);
  if (blocks_prompt(directives.filter)) return {400, blocked_prompt(directives.filter).body};
  const Answer answer = make_answer(
      request.question, deployment->model(), directives,
      meaning_of("chat/completions", deployment->config().name, request.question.content));
  return {200, render_completion(answer, request, deployment->model())};
}

}  // namespace tollgate::mock
