// Images: a small PNG whose colour is a function of the prompt.
#include <array>
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

constexpr std::int64_t tokens_per_image = 1056;

std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1U)));
  }
  return ~crc;
}

std::uint32_t adler32(std::string_view bytes) {
  std::uint32_t a = 1, b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return (b << 16) | a;
}

void append_be32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

void append_png_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_be32(out, static_cast<std::uint32_t>(data.size()));
  const std::string body = std::string(type) + std::string(data);
  out += body;
  append_be32(out, crc32(body));
}

// One pixel in a stored (not compressed) zlib block.
std::string one_pixel_png(std::uint64_t meaning) {
  std::string out("\x89PNG\r\n\x1a\n", 8);
  append_png_chunk(out, "IHDR", std::string("\0\0\0\1\0\0\0\1\x08\x02\0\0\0", 13));
  const std::array<char, 4> row = {0, static_cast<char>(meaning), static_cast<char>(meaning >> 8),
                                   static_cast<char>(meaning >> 16)};
  const std::string_view pixels(row.data(), row.size());
  std::string zlib("\x78\x01\x01\x04\x00\xfb\xff", 7);
  zlib += pixels;
  append_be32(zlib, adler32(pixels));
  append_png_chunk(out, "IDAT", zlib);
  append_png_chunk(out, "IEND", {});
  return out;
}

Reply answer_images(Call& call, const std::string& prompt, std::uint64_t content,
                    std::int64_t count, bool wants_url) {
  if (prompt.empty()) return invalid_request("Missing required parameter: 'prompt'.", "prompt");
  if (count < 1 || count > 10) return invalid_request("Invalid value for 'n'.", "n");
  const std::int64_t tokens = count_tokens(prompt);
  if (auto throttled = admit(call, tokens, count * tokens_per_image)) return std::move(*throttled);
  if (blocks_prompt(call.directives.filter)) return blocked_image_prompt();
  Reply reply;
  reply.meaning = meaning_of(call.route.operation, call.deployment->config().name, content);
  reply.usage.prompt = tokens;
  reply.usage.completion = count * tokens_per_image;
  set_pace(call, reply);
  Json data = Json::array();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint64_t picture = reply.meaning + static_cast<std::uint64_t>(i) * 977;
    Json image = Json::object();
    if (wants_url) image["url"] = "https://mock.invalid/images/" + hex16(picture) + ".png";
    else image["b64_json"] = base64(one_pixel_png(picture));
    image["revised_prompt"] = without_directives(prompt);
    image["content_filter_results"] = parse_json(safe_text_results);
    image["prompt_filter_results"] = parse_json(safe_prompt_results);
    data.push_back(std::move(image));
  }
  reply.body = dump_json(Json{
      {"created", created_of(reply.meaning)},
      {"data", std::move(data)},
      {"usage",
       {{"input_tokens", tokens},
        {"input_tokens_details", {{"text_tokens", tokens}, {"image_tokens", 0}}},
        {"output_tokens", reply.usage.completion},
        {"total_tokens", reply.usage.total()}}}});
  return reply;
}

}  // namespace

Reply image_generations(Call& call) {
  if (!call.is("POST")) return method_not_allowed();
  const Json body = parse_json(call.http.body);
  if (!body.is_object()) return bad_json();
  if (auto refused = choose_deployment(call, string_member(body, "model"))) {
    return std::move(*refused);
  }
  const std::string prompt = string_member(body, "prompt");
  return answer_images(call, prompt, hash_bytes(0, prompt), int_member(body, "n", 1),
                       string_member(body, "response_format") == "url");
}

Reply image_edits(Call& call) {
  if (!call.is("POST")) return method_not_allowed();
  const auto form = parse_form(call.http.header("content-type"), call.http.body);
  if (!form) return invalid_request("The body must be multipart/form-data.");
  if (auto refused = choose_deployment(call, form->text("model"))) return std::move(*refused);
  const Part* image = form->find("image");
  if (image == nullptr) image = form->find("image[]");
  if (image == nullptr) return invalid_request("Missing required parameter: 'image'.", "image");
  const std::string prompt = form->text("prompt");
  return answer_images(call, prompt, hash_bytes(hash_bytes(0, prompt), image->content),
                       to_integer(form->text("n", "1")).value_or(0),
                       form->text("response_format") == "url");
}

}  // namespace tollgate::mock
