#include "telemetry/access_record.hpp"

#include "base/json_text.hpp"
#include "base/text_builder.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace tollgate::telemetry {

namespace {

using base::TextBuilder;

constexpr std::size_t max_name = 256;  // names that clients choose: session, task, model
constexpr std::size_t max_path = 1024;
constexpr std::size_t max_query = 512;
constexpr std::size_t max_parameter_name = 64;
constexpr std::size_t max_method = 16;

// Query parameters whose values say how a call was made and never who made it.
constexpr std::array<std::string_view, 8> open_parameters{
    "api-version", "limit", "order", "after", "before", "purpose", "stream", "include"};

// Cut to `max` bytes, not inside a UTF-8 character.
std::string_view bounded(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xC0) == 0x80) --max;
  return text.substr(0, max);
}

std::string_view find_header(std::span<const Header> headers, HeaderName name) {
  for (const Header& header : headers)
    if (header.known == name) return header.value;
  return {};
}

// --- JSON ---

void escape(TextBuilder& out, std::string_view text) {
  if (is_plain_json(text)) return out.append(text);
  std::string escaped;
  json_escape(escaped, text);
  out.append(escaped);
}

void text_value(TextBuilder& out, std::string_view text) {
  if (text.empty()) return out.put("null");
  out += '"';
  escape(out, text);
  out += '"';
}

void word_value(TextBuilder& out, std::string_view word) {
  out += '"';
  out.append(word);
  out += '"';
}

// Milliseconds with three decimals, from whole microseconds.
void milliseconds_value(TextBuilder& out, Duration value) {
  const auto us = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(value).count());
  out.number(us / 1000);
  const auto fraction = static_cast<int>(us % 1000);
  const char decimals[] = {'.', static_cast<char>('0' + fraction / 100), static_cast<char>('0' + fraction / 10 % 10),
                           static_cast<char>('0' + fraction % 10)};
  out.append({decimals, sizeof decimals});
}

// Of each, `key` is everything in front of the value: ,"name":
template <std::size_t size>
void add_null(TextBuilder& out, const char (&key)[size]) {
  out.put(key);
  out.put("null");
}

// Text that is our own or has been checked: nothing in it needs escaping.
template <std::size_t size>
void add_word(TextBuilder& out, const char (&key)[size], std::string_view word) {
  out.put(key);
  word_value(out, word);
}

// Text that is our own, or a name of the configuration, whose characters are checked; null if there is none.
template <std::size_t size>
void add_name(TextBuilder& out, const char (&key)[size], std::string_view name) {
  if (name.empty()) return add_null(out, key);
  add_word(out, key, name);
}

// Any text; null if there is none.
template <std::size_t size>
void add_text(TextBuilder& out, const char (&key)[size], std::string_view text) {
  out.put(key);
  text_value(out, text);
}

template <std::size_t size>
void add_number(TextBuilder& out, const char (&key)[size], std::int64_t value) {
  out.put(key);
  out.number(value);
}

template <std::size_t size>
void add_milliseconds(TextBuilder& out, const char (&key)[size], Duration value) {
  out.put(key);
  milliseconds_value(out, value);
}

// --- fields ---

struct SecondText {
  std::int64_t second = INT64_MIN;
  char text[20];  // 2026-01-31T23:59:59
};

void format_second(SecondText& into, std::int64_t second) {
  using namespace std::chrono;
  sys_seconds time{seconds{second}};
  auto day = floor<days>(time);
  year_month_day date{day};
  hh_mm_ss clock{time - day};
  auto put = [&](int at, int digits, int value) {
    for (int i = digits - 1; i >= 0; --i, value /= 10)
      into.text[at + i] = static_cast<char>('0' + value % 10);
  };
  std::memcpy(into.text, "0000-00-00T00:00:00", 20);
  put(0, 4, int{date.year()});
  put(5, 2, static_cast<int>(unsigned{date.month()}));
  put(8, 2, static_cast<int>(unsigned{date.day()}));
  put(11, 2, static_cast<int>(clock.hours().count()));
  put(14, 2, static_cast<int>(clock.minutes().count()));
  put(17, 2, static_cast<int>(clock.seconds().count()));
  into.second = second;
}

void add_time(TextBuilder& out, WallTime time) {
  using namespace std::chrono;
  auto second = floor<seconds>(time);
  auto ms = static_cast<int>(floor<milliseconds>(time - second).count());
  thread_local SecondText cached;  // the calendar is worked out once a second
  if (cached.second != second.time_since_epoch().count())
    format_second(cached, second.time_since_epoch().count());
  out.put("{\"time\":\"");
  out.append({cached.text, 19});
  const char fraction[] = {'.', static_cast<char>('0' + ms / 100),
                           static_cast<char>('0' + ms / 10 % 10),
                           static_cast<char>('0' + ms % 10), 'Z', '"'};
  out.append({fraction, sizeof fraction});
}

// An allowed parameter cannot smuggle another one in: a;key=secret stays hidden.
bool is_plain_value(std::string_view value) {
  return value.size() <= max_parameter_name && std::all_of(value.begin(), value.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_' || c == '.';
         });
}

void append_parameter(TextBuilder& out, std::string_view parameter) {
  auto equals = parameter.find('=');
  if (equals == std::string_view::npos) {  // a bare word may be a key
    out.put("***");
    return;
  }
  auto name = parameter.substr(0, equals);
  auto value = parameter.substr(equals + 1);
  escape(out, bounded(name, max_parameter_name));
  out += '=';
  bool is_open = std::find(open_parameters.begin(), open_parameters.end(), name) !=
                     open_parameters.end() &&
                 is_plain_value(value);
  out.append(is_open ? value : "***");
}

void append_query(TextBuilder& out, std::string_view query) {
  char separator = '?';
  const auto start = out.text().size();
  while (!query.empty()) {
    if (out.text().size() - start > max_query) {
      out.put("&...");
      return;
    }
    auto parameter = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), parameter.size() + 1));
    if (parameter.empty()) continue;
    out += separator;
    append_parameter(out, parameter);
    separator = '&';
  }
}

void add_path(TextBuilder& out, const Exchange& ex) {
  // An absolute target may hold a user and a password (RFC 9112 section 3.2.2, RFC 3986 3.2.1).
  if (!ex.target.starts_with('/')) return add_null(out, ",\"path\":");
  auto question = ex.target.find('?');
  out.put(",\"path\":\"");
  escape(out, ex.path_prefix);
  escape(out, bounded(ex.target.substr(0, question), max_path));
  if (question != std::string_view::npos) append_query(out, ex.target.substr(question + 1));
  out += '"';
}

void add_tokens(TextBuilder& out, const Usage& usage) {
  if (!usage.is_reported && !usage.is_estimated) {
    out.put(
        ",\"usage\":null,\"prompt_tokens\":null,\"cached_tokens\":null,\"completion_tokens\":null,"
        "\"reasoning_tokens\":null,\"prompt_audio_tokens\":null,\"completion_audio_tokens\":null,"
        "\"total_tokens\":null");
    return;
  }
  add_word(out, ",\"usage\":", usage.is_reported ? "reported" : "estimated");
  add_number(out, ",\"prompt_tokens\":", usage.prompt_tokens);
  add_number(out, ",\"cached_tokens\":", usage.cached_tokens);
  add_number(out, ",\"completion_tokens\":", usage.completion_tokens);
  add_number(out, ",\"reasoning_tokens\":", usage.reasoning_tokens);
  add_number(out, ",\"prompt_audio_tokens\":", usage.prompt_audio_tokens);
  add_number(out, ",\"completion_audio_tokens\":", usage.completion_audio_tokens);
  add_number(out, ",\"total_tokens\":", usage.total_tokens);
}

// Dollars with nine decimals: nano-dollars are exact.
void add_cost(TextBuilder& out, std::int64_t nano_dollars) {
  if (nano_dollars < 0) return add_null(out, ",\"cost_usd\":");
  char digits[32];
  char* end = std::to_chars(digits, digits + 20, nano_dollars / 1'000'000'000).ptr;
  *end++ = '.';
  std::int64_t fraction = nano_dollars % 1'000'000'000;
  for (int i = 8; i >= 0; --i, fraction /= 10) end[i] = static_cast<char>('0' + fraction % 10);
  out.put(",\"cost_usd\":");
  out.append({digits, end + 9});
}

void add_error(TextBuilder& out, const Exchange& ex, const Outcome& outcome) {
  if (outcome.error == ErrorKind::none) {
    out.put(",\"error_source\":null,\"error_code\":null");
  } else {
    add_word(out, ",\"error_source\":", name_of(outcome.source));
    add_word(out, ",\"error_code\":", code_of(outcome.error));
  }
  add_text(out, ",\"error_detail\":", bounded(ex.error_detail, max_name));
}

void add_times(TextBuilder& out, const Exchange& ex) {
  if (ex.first_token == TimePoint{})
    add_null(out, ",\"ttft_ms\":");
  else
    add_milliseconds(out, ",\"ttft_ms\":", ex.first_token - ex.started);
  add_milliseconds(out, ",\"duration_ms\":", ex.ended - ex.started);
  auto overhead = std::chrono::duration_cast<std::chrono::microseconds>(ex.overhead()).count();
  add_number(out, ",\"overhead_us\":", std::max<std::int64_t>(0, overhead));
}

// Of a WebSocket; null for what is none, or never became one.
void add_session(TextBuilder& out, const Exchange& ex) {
  if (ex.status != 101) {
    out.put(
        ",\"frames_in\":null,\"frames_out\":null,\"responses\":null,\"session_end\":null,\"close_code\":null,"
        "\"closed_by\":null");
    return;
  }
  add_number(out, ",\"frames_in\":", ex.session.frames_in);
  add_number(out, ",\"frames_out\":", ex.session.frames_out);
  add_number(out, ",\"responses\":", ex.session.responses);
  add_text(out, ",\"session_end\":", ex.session.end == SessionEnd::none ? "" : name_of(ex.session.end));
  if (ex.session.close_code == 0)
    add_null(out, ",\"close_code\":");
  else
    add_number(out, ",\"close_code\":", ex.session.close_code);
  add_text(out, ",\"closed_by\":", closed_by(ex.session.end));
}

template <std::size_t size>
void add_status(TextBuilder& out, const char (&key)[size], int status) {
  if (status == 0) return add_null(out, key);
  add_number(out, key, status);
}

}  // namespace

void format_record(std::string& record, const Exchange& ex, const Outcome& outcome) {
  TextBuilder out;
  add_time(out, ex.started_wall);
  add_name(out, ",\"request_id\":", ex.id);
  add_name(out, ",\"subscription\":", ex.subscription ? ex.subscription->name : "");
  add_text(out, ",\"cost_center\":", ex.subscription ? ex.subscription->cost_center : "");
  add_text(out, ",\"key\":", ex.key_label);
  add_text(out, ",\"session\":", bounded(find_header(ex.headers, HeaderName::x_tollgate_session), max_name));
  add_text(out, ",\"task\":", bounded(find_header(ex.headers, HeaderName::x_tollgate_task), max_name));
  add_name(out, ",\"client\":", ex.client_address);

  add_text(out, ",\"method\":", bounded(ex.method, max_method));
  add_path(out, ex);
  add_word(out, ",\"operation\":", name_of(ex.route.operation));
  add_word(out, ",\"surface\":", name_of(ex.route.surface));
  out.put(",\"stream\":");
  out.append(ex.is_stream ? "true" : "false");

  add_text(out, ",\"model_asked\":", bounded(ex.model_asked, max_name));
  add_name(out, ",\"model\":", ex.model ? ex.model->name : "");
  add_name(out, ",\"deployment\":", ex.deployment ? ex.deployment->name : "");
  add_text(out, ",\"response_model\":", bounded(ex.response_model, max_name));
  add_name(out, ",\"route\":", ex.deployment ? ex.route_reason : "");
  add_number(out, ",\"attempts\":", ex.attempts);

  add_status(out, ",\"status\":", ex.status);
  add_status(out, ",\"upstream_status\":", ex.upstream_status);
  add_word(out, ",\"end\":", name_of(outcome.end));
  add_error(out, ex, outcome);
  add_tokens(out, ex.usage);
  add_cost(out, ex.cost);
  if (ex.prompt_estimate < 0)
    add_null(out, ",\"prompt_counted\":");
  else
    add_number(out, ",\"prompt_counted\":", ex.prompt_estimate);
  add_text(out, ",\"refused_by\":", ex.refused_by);

  add_times(out, ex);
  add_number(out, ",\"bytes_in\":", ex.bytes_in);
  add_number(out, ",\"bytes_out\":", ex.bytes_out);
  add_number(out, ",\"chunks\":", ex.chunks);
  add_session(out, ex);
  add_text(out, ",\"upstream_request_id\":", bounded(ex.upstream_request_id, max_name));
  out.put("}\n");
  record.append(out.text());
}

}  // namespace tollgate::telemetry
