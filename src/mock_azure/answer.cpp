// Composes answers: echo, text of a wanted length, tool calls, objects that satisfy a schema.
#include <algorithm>

#include "mock_azure/question.hpp"
#include "mock_azure/schema_filler.hpp"
#include "mock_azure/text.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t echo_limit = 400;

// Each word is one token by the rule in tokens.hpp.
constexpr std::string_view words[] = {" the",  " quick", " brown", " fox",  " jumps", " over",
                                      " the",  " lazy",  " dog",   " and",  " keeps", " on",
                                      " going", " down", " to",    " the",  " river"};

std::string text_of_length(std::int64_t tokens) {
  std::string text;
  text.reserve(static_cast<std::size_t>(tokens) * 5);
  for (std::int64_t i = 0; i < tokens; ++i) {
    text += words[static_cast<std::size_t>(i) % std::size(words)];
  }
  if (!text.empty()) text.erase(0, 1);
  return text;
}

std::string text_for(const Question& q, const Directives& d, std::size_t choice) {
  if (q.format == Format::json_schema) return dump_json(fill_schema(q.schema));
  if (q.format == Format::json_object) {
    const std::string asked(utf8_prefix(without_directives(q.asked), echo_limit));
    return dump_json(Json{{"answer", asked}});
  }
  if (d.tokens) return text_of_length(*d.tokens);
  const std::string asked = without_directives(q.asked);
  std::string text = q.user_is_last ? "You said: " : "The result was: ";
  text += utf8_prefix(asked, echo_limit);
  if (choice > 0) text += " (choice " + std::to_string(choice + 1) + ")";
  return text;
}

std::int64_t hidden_tokens(const Question& q, const Model& model, const Directives& d) {
  if (d.reasoning_tokens) return *d.reasoning_tokens;
  if (!model.reasoning || q.reasoning_effort == "none" || q.reasoning_effort == "minimal") return 0;
  if (q.reasoning_effort == "low") return 32;
  if (q.reasoning_effort == "high" || q.reasoning_effort == "xhigh") return 512;
  return 128;
}

bool calls_tools(const Question& q, const Directives& d) {
  if (q.tools.empty() || q.tool_choice == ToolChoice::none || d.answers_with_text) return false;
  return q.user_is_last || q.tool_choice == ToolChoice::required;
}

void call_tools(const Question& q, const Directives& d, std::uint64_t meaning, Choice& choice) {
  std::size_t first = 0;
  for (std::size_t i = 0; i < q.tools.size(); ++i) {
    if (q.tools[i].name == q.forced_tool) first = i;
  }
  for (std::int64_t i = 0; i < d.tool_calls; ++i) {
    const auto number = static_cast<std::size_t>(i);
    const std::size_t which = q.forced_tool.empty() ? number % q.tools.size() : first;
    const Tool& tool = q.tools[which];
    choice.calls.push_back({"call_" + token_id(meaning + number + 1, 24), tool.name,
                            dump_json(fill_schema(tool.parameters))});
    choice.tokens += count_tokens(tool.name) + count_tokens(choice.calls.back().arguments);
  }
  choice.finish = "tool_calls";
}

void stop_at(const std::vector<std::string>& stops, std::string& text) {
  std::size_t end = text.size();
  for (const std::string& stop : stops) {
    if (!stop.empty()) end = std::min(end, text.find(stop));
  }
  text.resize(end);
}

}  // namespace

void Question::add_message(std::string_view role, std::string_view text) {
  content = hash_bytes(hash_bytes(content, role), text);
  prompt_tokens += tokens_per_message + count_tokens(text);
}

std::int64_t most_output_tokens(const Question& question) {
  return question.max_tokens.value_or(assumed_output_tokens) * question.choices;
}

Answer make_answer(const Question& q, const Model& model, const Directives& d,
                   std::uint64_t meaning) {
  Answer answer;
  answer.meaning = meaning;
  answer.usage.prompt = q.prompt_tokens;
  answer.usage.cached = std::min(d.cached_tokens, q.prompt_tokens);
  const std::int64_t hidden = hidden_tokens(q, model, d);
  for (std::int64_t i = 0; i < q.choices; ++i) {
    Choice& choice = answer.choices.emplace_back();
    std::int64_t reasoning = hidden;
    if (calls_tools(q, d)) {
      call_tools(q, d, meaning + static_cast<std::uint64_t>(i) * 100, choice);
    } else {
      choice.text = text_for(q, d, static_cast<std::size_t>(i));
      if (!q.stop.empty()) stop_at(q.stop, choice.text);
      choice.tokens = count_tokens(choice.text);
      if (d.filter == FilterWish::completion) {
        choice.tokens /= 2;
        choice.finish = "content_filter";
      }
      // The limit covers hidden reasoning first; what is left is for the text.
      if (q.max_tokens) {
        reasoning = std::min(reasoning, *q.max_tokens);
        if (choice.tokens > *q.max_tokens - reasoning) {
          choice.tokens = *q.max_tokens - reasoning;
          choice.finish = "length";
        }
      }
      if (choice.finish != "stop") {
        choice.text.resize(first_tokens(choice.text, choice.tokens).size());
      }
    }
    answer.usage.reasoning += reasoning;
    answer.usage.completion += reasoning + choice.tokens;
  }
  return answer;
}

}  // namespace tollgate::mock
