// What was asked and how it ended: a bounded ring that tests read back, optionally a file.
#pragma once

#include <cstdint>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "mock_azure/config.hpp"
#include "mock_azure/http_request.hpp"
#include "mock_azure/reply.hpp"

namespace tollgate::mock {

struct JournalEntry {
  std::uint64_t number = 0;
  std::int64_t time_ms = 0;  // Unix time
  std::string method, path, query, deployment;
  std::string credential;    // which one the call carried, by a label or hash
  std::vector<std::pair<std::string, std::string>> headers;  // credentials only as hashes
  std::size_t body_bytes = 0;
  std::string body_sha256, body;  // the body may be cut
  std::string model;              // as asked
  bool stream = false;
  int status = 0;
  std::string fault;
  std::int64_t prompt_tokens = 0, completion_tokens = 0;
  std::string end;  // complete, client_gone, fault
};

// Thread safety: all members may be called from any thread.
class Journal {
 public:
  explicit Journal(const Config& config);  // throws ConfigError when the file cannot be opened

  bool enabled() const { return enabled_; }
  std::unique_ptr<JournalEntry> open(const HttpRequest& request) const;
  void record(std::unique_ptr<JournalEntry> entry);
  std::string to_json(std::uint64_t since) const;  // entries with a number above `since`
  void clear();

 private:
  bool enabled_;
  std::size_t limit_, body_limit_;
  mutable std::mutex mutex_;
  std::uint64_t last_number_ = 0;
  std::deque<std::unique_ptr<JournalEntry>> ring_;
  std::ofstream file_;
};

std::string_view end_name(End end);

}  // namespace tollgate::mock
