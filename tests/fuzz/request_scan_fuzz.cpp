// Any bytes as a request body: the scan agrees with a full JSON parser on what is JSON and on what
// the fields say, and an edited body is the same document with the edits made.
#include "openai/edit.hpp"
#include "openai/request_scan.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using nlohmann::json;
using namespace tollgate::openai;

void check(bool holds) {
  if (!holds) std::abort();
}

// Texts that JSON allows and the other parser does not hold: half a surrogate pair, a number beyond
// the range of double.
bool is_beyond_parser(std::string_view body) {
  if (body.find("\\u") != std::string_view::npos) return true;
  try {
    static_cast<void>(json::parse(body));
  } catch (const json::out_of_range&) {
    return true;
  } catch (const json::exception&) {
  }
  return false;
}

std::string text_of(const json& document, const char* name) {
  const auto found = document.find(name);
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void check_facts(const json& document, const RequestFacts& facts) {
  check(facts.model == text_of(document, "model"));
  check(facts.user == text_of(document, "user"));
  check(facts.previous_response_id == text_of(document, "previous_response_id"));
  check(facts.stream == (document.value("stream", json()) == json(true)));
  check(facts.is_empty_object == document.empty());
}

void check_edits(std::string_view body, json document, const RequestFacts& facts) {
  constexpr auto name = "gpt-4o \"quoted\"";
  BodyEdits edits;
  edits.set_model(facts, name);
  edits.ask_for_usage(facts);
  std::vector<std::string_view> pieces;
  edits.pieces(body, pieces);
  std::string edited;
  for (const auto piece : pieces) edited += piece;
  check(edited.size() == edits.size_after(body));

  document["model"] = name;
  if (document.value("stream_options", json()).is_null())
    document["stream_options"] = json::object();
  document["stream_options"]["include_usage"] = true;
  check(json::parse(edited) == document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  RequestFacts facts;
  ScanProblem problem;
  const bool is_accepted =
      scan_request(body, tollgate::Operation::chat_completions, facts, problem);
  if (!is_accepted) {
    check(!problem.message.empty() && problem.offset <= size);
    // The parser takes a NUL for the end of the text.
    const bool is_broken = body.find('\0') == std::string_view::npos &&
                           problem.message.find("is not valid") != std::string::npos &&
                           problem.message.find("deep") == std::string::npos;
    if (is_broken) check(!json::accept(body));
    return 0;
  }
  if (is_beyond_parser(body)) return 0;
  const auto document = json::parse(body);
  check_facts(document, facts);
  check_edits(body, document, facts);
  return 0;
}
