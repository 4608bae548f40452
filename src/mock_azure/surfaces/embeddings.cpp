// Embeddings: unit vectors in which texts that share words lie close together.
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "mock_azure/api_error.hpp"
#include "mock_azure/content_filter.hpp"
#include "mock_azure/embedding.hpp"
#include "mock_azure/json.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t most_inputs = 2048;
constexpr std::int64_t most_input_tokens = 8191;
constexpr std::int64_t most_request_tokens = 300'000;

struct Input {
  std::string text;
  std::int64_t tokens;
};

bool is_token_list(const Json& value) {
  if (!value.is_array() || value.empty()) return false;
  for (const Json& one : value) {
    if (!one.is_number_integer()) return false;
  }
  return true;
}

// A string, a list of token ids, or a list of either.
bool read_inputs(const Json& input, std::vector<Input>& inputs) {
  const auto add = [&inputs](const Json& one) {
    if (one.is_string()) {
      auto text = one.get<std::string>();
      const std::int64_t tokens = count_tokens(text);
      inputs.push_back({std::move(text), tokens});
      return true;
    }
    if (!is_token_list(one)) return false;
    inputs.push_back({dump_json(one), static_cast<std::int64_t>(one.size())});
    return true;
  };
  if (!input.is_array() || is_token_list(input)) return add(input);
  for (const Json& one : input) {
    if (!add(one)) return false;
  }
  return !inputs.empty();
}

void append_vector(std::string& out, const std::vector<float>& vector, bool as_base64) {
  if (as_base64) {
    // Little-endian float32, which is this machine's own order.
    std::string bytes(vector.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), vector.data(), bytes.size());
    out += '"' + base64(bytes) + '"';
    return;
  }
  out += '[';
  for (std::size_t i = 0; i < vector.size(); ++i) {
    char number[32];
    const int size = std::snprintf(number, sizeof number, "%s%.9g", i > 0 ? "," : "",
                                   static_cast<double>(vector[i]));
    out.append(number, static_cast<std::size_t>(size));
  }
  out += ']';
}

}  // namespace

Reply embeddings(Call& call) {
  if (!call.is("POST")) return method_not_allowed();
  const Json body = parse_json(call.http.body);
  if (!body.is_object()) return bad_json();
  if (auto refused = choose_deployment(call, string_member(body, "model"))) {
    return std::move(*refused);
  }
  std::vector<Input> inputs;
  if (!read_inputs(member(body, "input"), inputs)) {
    return invalid_request("'input' must be a string, a list of strings, or lists of token ids.",
                           "input", "invalid_type");
  }
  if (inputs.size() > most_inputs) {
    return invalid_request("Invalid 'input': array too long. Expected at most 2048 items.", "input",
                           "array_above_max_length");
  }
  std::int64_t tokens = 0;
  std::uint64_t content = 0;
  for (const Input& input : inputs) {
    if (input.tokens > most_input_tokens) {
      return invalid_request("This model's maximum context length is 8191 tokens.", "input",
                             "context_length_exceeded");
    }
    tokens += input.tokens;
    content = hash_bytes(content, input.text);
  }
  if (tokens > most_request_tokens) {
    return invalid_request("Invalid 'input': maximum request size is 300000 tokens per request.",
                           "input", "max_tokens_per_request");
  }
  const std::string encoding = string_member(body, "encoding_format", "float");
  if (encoding != "float" && encoding != "base64") {
    return invalid_request("'encoding_format' must be float or base64.", "encoding_format",
                           "invalid_value");
  }
  const Model& model = call.deployment->model();
  const std::int64_t size = int_member(body, "dimensions", model.embedding_size);
  if (member(body, "dimensions").is_number() && !model.embedding_resizable) {
    return invalid_request("This model does not support specifying dimensions.", "dimensions");
  }
  if (size < 1 || size > model.embedding_size) {
    return invalid_request("Invalid value for 'dimensions'.", "dimensions", "invalid_value");
  }
  if (auto throttled = admit(call, tokens, 0)) return std::move(*throttled);
  if (blocks_prompt(call.directives.filter)) return blocked_prompt(call.directives.filter);

  Reply reply;
  reply.meaning = meaning_of("embeddings", call.deployment->config().name, content);
  reply.usage.prompt = tokens;
  set_pace(call, reply);
  reply.body = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (i > 0) reply.body += ',';
    reply.body += R"({"object":"embedding","index":)" + std::to_string(i) + R"(,"embedding":)";
    append_vector(reply.body, embed_text(inputs[i].text, static_cast<std::size_t>(size)),
                  encoding == "base64");
    reply.body += '}';
  }
  reply.body += R"(],"model":)" + json_quoted(model.version) + R"(,"usage":{"prompt_tokens":)" +
                std::to_string(tokens) + R"(,"total_tokens":)" + std::to_string(tokens) + "}}";
  return reply;
}

}  // namespace tollgate::mock
