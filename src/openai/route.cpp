#include "openai/route.hpp"

#include "base/ascii.hpp"

#include <algorithm>
#include <array>

namespace tollgate::openai {
namespace {

enum Methods : unsigned char { get = 1, post = 2, del = 4 };
enum Surfaces : unsigned char { on_deployment = 1, on_dated = 2, on_v1 = 4 };
enum Traits : unsigned char { json = 1, multipart = 2, model = 4, stream = 8 };

constexpr unsigned char inference = on_deployment | on_v1;
constexpr unsigned char stateful = on_dated | on_v1;

struct Rule {
  std::string_view path;  // `*` stands for one id
  Operation operation;
  unsigned char surfaces;
  unsigned char methods;
  unsigned char traits = 0;
};

// The usual ones first. Batches below a deployment are what the Node SDK makes of `batches.create`;
// they belong to the resource like all batches, not to the deployment.
constexpr auto rules = std::to_array<Rule>({
    {"/chat/completions", Operation::chat_completions, inference, post, json | model | stream},
    {"/responses", Operation::responses, stateful, post, json | model | stream},
    {"/embeddings", Operation::embeddings, inference, post, json | model},
    {"/completions", Operation::completions, inference, post, json | model | stream},
    {"/responses/compact", Operation::response_object, stateful, post, json | model},
    {"/responses/*", Operation::response_object, stateful, get | del},
    {"/responses/*/cancel", Operation::response_object, stateful, post},
    {"/responses/*/input_items", Operation::response_object, stateful, get},
    {"/images/generations", Operation::images, inference, post, json | model | stream},
    {"/images/edits", Operation::images, inference, post, multipart | model | stream},
    {"/audio/transcriptions", Operation::audio_transcription, inference, post,
     multipart | model | stream},
    {"/audio/translations", Operation::audio_transcription, inference, post, multipart | model},
    {"/audio/speech", Operation::audio_speech, inference, post, json | model},
    {"/realtime", Operation::realtime, stateful, get, model},
    {"/models", Operation::models, stateful, get},
    {"/models/*", Operation::models, stateful, get},
    {"/files", Operation::files, stateful, get | post},
    {"/files/*", Operation::files, stateful, get | del},
    {"/files/*/content", Operation::files, stateful, get},
    {"/batches", Operation::batches, on_deployment, post, json},
    {"/batches", Operation::batches, stateful, get | post, json},
    {"/batches/*", Operation::batches, stateful, get},
    {"/batches/*/cancel", Operation::batches, stateful, post},
    {"/fine_tuning/jobs", Operation::fine_tuning, stateful, get | post, json},
    {"/fine_tuning/jobs/*", Operation::fine_tuning, stateful, get},
    {"/fine_tuning/jobs/*/cancel", Operation::fine_tuning, stateful, post},
    {"/fine_tuning/jobs/*/pause", Operation::fine_tuning, stateful, post},
    {"/fine_tuning/jobs/*/resume", Operation::fine_tuning, stateful, post},
    {"/fine_tuning/jobs/*/events", Operation::fine_tuning, stateful, get},
    {"/fine_tuning/jobs/*/checkpoints", Operation::fine_tuning, stateful, get},
    {"/fine_tuning/jobs/*/checkpoints/*/copy", Operation::fine_tuning, stateful, post},
    {"/vector_stores", Operation::vector_stores, stateful, get | post, json},
    {"/vector_stores/*", Operation::vector_stores, stateful, get | post | del, json},
    {"/vector_stores/*/search", Operation::vector_stores, stateful, post, json},
    {"/vector_stores/*/files", Operation::vector_stores, stateful, get | post, json},
    {"/vector_stores/*/files/*", Operation::vector_stores, stateful, get | post | del, json},
    {"/vector_stores/*/files/*/content", Operation::vector_stores, stateful, get},
    {"/vector_stores/*/file_batches", Operation::vector_stores, stateful, post, json},
    {"/vector_stores/*/file_batches/*", Operation::vector_stores, stateful, get},
    {"/vector_stores/*/file_batches/*/cancel", Operation::vector_stores, stateful, post},
    {"/vector_stores/*/file_batches/*/files", Operation::vector_stores, stateful, get},
});

struct MethodName {
  Methods method;
  std::string_view name;
};
constexpr auto method_names =
    std::to_array<MethodName>({{get, "GET"}, {post, "POST"}, {del, "DELETE"}});

bool is_name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == ':' || c == '-';
}
bool is_model_char(char c) noexcept { return is_name_char(c) || c == '@'; }

using base::hex_value;

// Calls `take` for each decoded byte of a segment; false if one is not allowed or badly encoded, or
// if the segment is empty, too long or made of dots alone, which is a step in a path.
template <class IsAllowed, class Take>
bool decode_segment(std::string_view segment, std::size_t longest, IsAllowed is_allowed,
                    Take take) {
  std::size_t length = 0;
  bool is_all_dots = true;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    char c = segment[i];
    if (c == '%') {
      if (segment.size() - i < 3) return false;
      const int high = hex_value(segment[i + 1]);
      const int low = hex_value(segment[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (!is_allowed(c) || ++length > longest) return false;
    is_all_dots = is_all_dots && c == '.';
    take(c);
  }
  return !is_all_dots;
}

bool is_id(std::string_view segment) noexcept {
  return decode_segment(segment, 256, is_name_char, [](char) {});
}
bool is_model(std::string_view segment) noexcept {
  return decode_segment(segment, 64, is_model_char, [](char) {});
}

// Takes the part up to the next slash off `path`.
std::string_view take_segment(std::string_view& path) noexcept {
  const auto length = std::min(path.find('/'), path.size());
  const auto segment = path.substr(0, length);
  path.remove_prefix(length);
  return segment;
}

bool matches(std::string_view pattern, std::string_view path) noexcept {
  for (;;) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return pattern == path;
    if (!path.starts_with(pattern.substr(0, star))) return false;
    path.remove_prefix(star);
    pattern.remove_prefix(star + 1);
    if (!is_id(take_segment(path))) return false;
  }
}

bool take_prefix(std::string_view& path, std::string_view prefix) noexcept {
  if (!path.starts_with(prefix)) return false;
  path.remove_prefix(prefix.size());
  return true;
}

// Splits the path into surface, model and the operation's own path.
bool read_surface(std::string_view path, Route& route) noexcept {
  if (take_prefix(path, "/openai/deployments/")) {
    route.surface = Surface::deployment;
    route.model = take_segment(path);
    if (!is_model(route.model)) return false;
  } else if (take_prefix(path, "/openai/v1") || take_prefix(path, "/v1")) {
    route.surface = Surface::v1;
  } else if (take_prefix(path, "/openai")) {
    route.surface = Surface::dated;
  } else {
    return false;
  }
  route.tail = path;
  return true;
}

unsigned char bit_of(Surface surface) noexcept {
  switch (surface) {
    case Surface::deployment:
      return on_deployment;
    case Surface::dated:
      return on_dated;
    case Surface::v1:
      return on_v1;
  }
  return 0;
}

// The value of the first parameter of that name. Raw: who writes a name in another way names no model.
std::string_view in_query(std::string_view query, std::string_view name) noexcept {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.starts_with(name) && part.substr(name.size()).starts_with('=')) return part.substr(name.size() + 1);
  }
  return {};
}

bool is_allowed_in_target(char c) noexcept {
  return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '#';
}

std::string names_of(unsigned char methods) {
  std::string names;
  for (const auto& [method, name] : method_names) {
    if (!(methods & method)) continue;
    if (!names.empty()) names += ", ";
    names += name;
  }
  return names;
}

}  // namespace

std::optional<Route> parse_target(std::string_view method, std::string_view target,
                                  RouteError& error) {
  error.kind = ErrorKind::not_found;
  if (!std::ranges::all_of(target, is_allowed_in_target)) return std::nullopt;

  Route route;
  const auto path = target.substr(0, target.find('?'));
  if (path.size() < target.size()) route.query = target.substr(path.size() + 1);
  if (!read_surface(path, route)) return std::nullopt;

  const auto surface = bit_of(route.surface);
  unsigned char allowed = 0;
  for (const auto& rule : rules) {
    if (!(rule.surfaces & surface) || !matches(rule.path, route.tail)) continue;
    const auto known = std::ranges::find(method_names, method, &MethodName::name);
    if (known == method_names.end() || !(rule.methods & known->method)) {
      allowed |= rule.methods;
      continue;
    }
    route.operation = rule.operation;
    route.takes_json = (rule.traits & json) && known->method == post;
    route.takes_multipart = rule.traits & multipart;
    route.names_model = rule.traits & Traits::model;
    route.may_stream = rule.traits & stream;
    if (rule.operation == Operation::models &&
        route.tail.size() > std::string_view("/models").size())
      route.model = route.tail.substr(std::string_view("/models/").size());
    if (rule.operation == Operation::realtime)
      route.model = in_query(route.query, route.surface == Surface::v1 ? "model" : "deployment");
    return route;
  }
  if (allowed != 0) error = {ErrorKind::method_not_allowed, names_of(allowed)};
  return std::nullopt;
}

std::optional<std::string> decode_model(std::string_view segment) {
  std::string name;
  if (!decode_segment(segment, 64, is_model_char, [&](char c) { name += c; })) return std::nullopt;
  return name;
}

namespace {

std::string decode_id(std::string_view segment) {
  std::string id;
  const bool is_good = decode_segment(segment, 256, is_name_char, [&](char c) { id += c; });
  return is_good ? id : std::string();
}

}  // namespace

PathIds ids_in_path(const Route& route) {
  PathIds ids;
  std::string_view collection;
  switch (route.operation) {
    case Operation::response_object: collection = "/responses/"; break;
    case Operation::files: collection = "/files/"; break;
    case Operation::batches: collection = "/batches/"; break;
    case Operation::fine_tuning: collection = "/fine_tuning/jobs/"; break;
    case Operation::vector_stores: collection = "/vector_stores/"; break;
    default: return ids;
  }
  std::string_view rest = route.tail;
  if (rest == "/responses/compact" || !take_prefix(rest, collection)) return ids;
  ids.outer = decode_id(take_segment(rest));
  if (take_prefix(rest, "/files/") || take_prefix(rest, "/file_batches/")) ids.inner = decode_id(take_segment(rest));
  return ids;
}

}  // namespace tollgate::openai
