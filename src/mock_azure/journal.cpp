#include "mock_azure/journal.hpp"

#include <chrono>

#include "mock_azure/json.hpp"
#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

bool is_credential(std::string_view name) {
  return iequals(name, "api-key") || iequals(name, "authorization") || iequals(name, "cookie") ||
         iequals(name, "ocp-apim-subscription-key") || iequals(name, "proxy-authorization");
}

std::string without_credentials(std::string_view query) {
  const auto key = query_value(query, "api-key");
  if (!key) return std::string(query);
  std::string out;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    if (!out.empty()) out += '&';
    if (pair.starts_with("api-key=")) out += "api-key=sha256:" + sha256_hex(*key).substr(0, 16);
    else out += pair;
    if (end == query.npos) break;
    query.remove_prefix(end + 1);
  }
  return out;
}

Json entry_json(const JournalEntry& e) {
  Json headers = Json::array();
  for (const auto& [name, value] : e.headers) headers.push_back(Json::array({name, value}));
  return Json{{"number", e.number},
              {"time_ms", e.time_ms},
              {"method", e.method},
              {"path", e.path},
              {"query", e.query},
              {"deployment", e.deployment},
              {"credential", e.credential},
              {"model", e.model},
              {"stream", e.stream},
              {"headers", std::move(headers)},
              {"body_bytes", e.body_bytes},
              {"body_sha256", e.body_sha256},
              {"body", e.body},
              {"status", e.status},
              {"fault", e.fault},
              {"prompt_tokens", e.prompt_tokens},
              {"completion_tokens", e.completion_tokens},
              {"end", e.end}};
}

}  // namespace

std::string_view end_name(End end) {
  switch (end) {
    case End::complete: return "complete";
    case End::client_gone: return "client_gone";
    case End::fault: return "fault";
  }
  return "";
}

Journal::Journal(const Config& config)
    : enabled_(config.journal_enabled),
      limit_(config.journal_entries),
      body_limit_(config.journal_body_bytes) {
  if (!enabled_ || config.journal_file.empty()) return;
  file_.open(config.journal_file, std::ios::binary | std::ios::app);
  if (!file_) throw ConfigError(config.journal_file + ": cannot be written");
}

std::unique_ptr<JournalEntry> Journal::open(const HttpRequest& request) const {
  if (!enabled_) return nullptr;
  auto entry = std::make_unique<JournalEntry>();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  entry->time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  entry->method = request.method;
  entry->path = request.path;
  entry->query = without_credentials(request.query);
  for (const Header& h : request.headers) {
    std::string value(h.value);
    if (is_credential(h.name)) value = "sha256:" + sha256_hex(h.value).substr(0, 16);
    entry->headers.emplace_back(h.name, std::move(value));
  }
  entry->body_bytes = request.body.size();
  entry->body_sha256 = sha256_hex(request.body);
  entry->body = request.body.substr(0, body_limit_);
  return entry;
}

void Journal::record(std::unique_ptr<JournalEntry> entry) {
  const std::lock_guard lock(mutex_);
  entry->number = ++last_number_;
  if (file_.is_open()) file_ << dump_json(entry_json(*entry)) << '\n' << std::flush;
  ring_.push_back(std::move(entry));
  if (ring_.size() > limit_) ring_.pop_front();
}

std::string Journal::to_json(std::uint64_t since) const {
  Json list = Json::array();
  const std::lock_guard lock(mutex_);
  for (const auto& entry : ring_) {
    if (entry->number > since) list.push_back(entry_json(*entry));
  }
  return dump_json(list);
}

void Journal::clear() {
  const std::lock_guard lock(mutex_);
  ring_.clear();
}

}  // namespace tollgate::mock
