// Audio: transcriptions and translations (multipart in), speech (binary out).
#include <cmath>
#include <cstdio>
#include <utility>

#include "mock_azure/api_error.hpp"
#include "mock_azure/content_filter.hpp"
#include "mock_azure/multipart.hpp"
#include "mock_azure/resource.hpp"
#include "mock_azure/surfaces/surfaces.hpp"
#include "mock_azure/text.hpp"
#include "mock_azure/tokens.hpp"

namespace tollgate::mock {
namespace {

constexpr std::size_t audio_limit = 25 * 1024 * 1024;
constexpr double sample_rate = 24'000;
constexpr std::size_t samples_per_character = 240;  // 10 ms of sound
constexpr std::size_t longest_input = 4'096;

std::string subtitles(const std::string& text, double seconds, bool web) {
  char end[32];
  const auto ms = static_cast<int>(seconds * 1000.0);
  std::snprintf(end, sizeof end, "00:%02d:%02d%c%03d", ms / 60'000, ms / 1000 % 60,
                web ? '.' : ',', ms % 1000);
  if (web) return "WEBVTT\n\n00:00:00.000 --> " + std::string(end) + "\n" + text + "\n\n";
  return "1\n00:00:00,000 --> " + std::string(end) + "\n" + text + "\n\n\n";
}

void append_le(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::string tone(std::uint64_t meaning, std::size_t samples) {
  const double pitch = 220.0 + static_cast<double>(meaning % 220);
  std::string pcm;
  pcm.reserve(samples * 2);
  for (std::size_t i = 0; i < samples; ++i) {
    const double wave = std::sin(6.283185307 * pitch * static_cast<double>(i) / sample_rate);
    append_le(pcm, static_cast<std::uint32_t>(static_cast<std::int32_t>(wave * 8000.0)), 2);
  }
  return pcm;
}

std::string wav(const std::string& pcm) {
  const auto size = static_cast<std::uint32_t>(pcm.size());
  std::string out = "RIFF";
  append_le(out, 36 + size, 4);
  out += "WAVEfmt ";
  append_le(out, 16, 4);
  append_le(out, 1, 2);  // PCM
  append_le(out, 1, 2);  // mono
  append_le(out, static_cast<std::uint32_t>(sample_rate), 4);
  append_le(out, static_cast<std::uint32_t>(sample_rate) * 2, 4);
  append_le(out, 2, 2);
  append_le(out, 16, 2);
  out += "data";
  append_le(out, size, 4);
  return out + pcm;
}

std::string_view audio_type(std::string_view format) {
  if (format == "mp3") return "audio/mpeg";
  if (format == "opus") return "audio/ogg";
  if (format == "aac") return "audio/aac";
  if (format == "flac") return "audio/flac";
  if (format == "wav") return "audio/wav";
  if (format == "pcm") return "audio/pcm";
  return {};
}

}  // namespace

Reply transcriptions(Call& call) {
  if (!call.is("POST")) return method_not_allowed();
  const auto form = parse_form(call.http.header("content-type"), call.http.body);
  if (!form) return invalid_request("The body must be multipart/form-data.");
  const Part* file = form->find("file");
  if (file == nullptr) return invalid_request("Missing required parameter: 'file'.", "file");
  if (auto refused = choose_deployment(call, form->text("model"))) return std::move(*refused);
  if (file->content.size() > audio_limit) {
    return edge_error(413, "413", "Maximum content size limit (26214400) exceeded.");
  }
  const std::string format = form->text("response_format", "json");
  const std::uint64_t content = hash_bytes(hash_bytes(0, file->content), form->text("prompt"));
  const double seconds = 1.0 + static_cast<double>(file->content.size() % 59'000) / 1000.0;
  std::string text = "You sent " + std::to_string(file->content.size()) + " bytes of sound";
  if (const auto prompt = without_directives(form->text("prompt")); !prompt.empty()) {
    text += " about " + prompt;
  }
  text += '.';
  const std::int64_t input_tokens = static_cast<std::int64_t>(seconds * 10.0);
  if (auto throttled = admit(call, input_tokens, count_tokens(text))) return std::move(*throttled);

  Reply reply;
  reply.meaning = meaning_of(call.route.operation, call.deployment->config().name, content);
  reply.usage.prompt = input_tokens;
  reply.usage.completion = count_tokens(text);
  set_pace(call, reply);
  if (format == "text" || format == "srt" || format == "vtt") {
    reply.content_type = "text/plain; charset=utf-8";
    reply.body = format == "text" ? text + "\n" : subtitles(text, seconds, format == "vtt");
    return reply;
  }
  if (format == "json") {
    reply.body = dump_json(Json{{"text", text}});
    return reply;
  }
  if (format != "verbose_json") {
    return invalid_request("Invalid value for 'response_format'.", "response_format",
                           "invalid_value");
  }
  const bool translates = call.route.operation == "audio/translations";
  Json segment{{"id", 0}, {"seek", 0}, {"start", 0.0}, {"end", seconds}, {"text", text},
               {"tokens", Json::array({50364, 440})}, {"temperature", 0.0}, {"avg_logprob", -0.2},
               {"compression_ratio", 1.0}, {"no_speech_prob", 0.01}};
  reply.body = dump_json(Json{{"task", translates ? "translate" : "transcribe"},
                              {"language", form->text("language", "english")},
                              {"duration", seconds},
                              {"text", text},
                              {"segments", Json::array({std::move(segment)})}});
  return reply;
}

Reply speech(Call& call) {
  if (!call.is("POST")) return method_not_allowed();
  const Json body = parse_json(call.http.body);
  if (!body.is_object()) return bad_json();
  if (auto refused = choose_deployment(call, string_member(body, "model"))) {
    return std::move(*refused);
  }
  const std::string input = string_member(body, "input");
  if (input.empty()) return invalid_request("Missing required parameter: 'input'.", "input");
  if (input.size() > longest_input) {
    return invalid_request("'input' is longer than 4096 characters.", "input",
                           "string_above_max_length");
  }
  const std::string format = string_member(body, "response_format", "mp3");
  if (audio_type(format).empty()) {
    return invalid_request("Invalid value for 'response_format'.", "response_format",
                           "invalid_value");
  }
  if (auto throttled = admit(call, count_tokens(input), 0)) return std::move(*throttled);
  if (blocks_prompt(call.directives.filter)) return blocked_prompt(call.directives.filter);
  Reply reply;
  const std::uint64_t content = hash_bytes(hash_bytes(0, input), string_member(body, "voice"));
  reply.meaning = meaning_of("audio/speech", call.deployment->config().name, content);
  reply.usage.prompt = count_tokens(input);
  set_pace(call, reply);
  reply.content_type = audio_type(format);
  reply.sends_chunks = true;
  const std::string pcm = tone(reply.meaning, input.size() * samples_per_character);
  if (format == "pcm") reply.body = pcm;
  else if (format == "wav") reply.body = wav(pcm);
  // The packed formats get a tenth of the bytes behind an MPEG sync word: nobody decodes them here.
  else reply.body = std::string("\xff\xfb\x90\x64", 4) + pcm.substr(0, pcm.size() / 10);
  return reply;
}

}  // namespace tollgate::mock
