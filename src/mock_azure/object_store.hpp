// What clients left with the stand-in: files, responses, batches, jobs, vector stores. In memory.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "mock_azure/json.hpp"

namespace tollgate::mock {

struct StoredFile {
  Json object;
  std::string content;
};

struct StoredResponse {
  Json object;
  Json input_items;                // as listed by /input_items
  std::int64_t history_tokens = 0; // what a chained request is charged for again
  int polls = 0;                   // background: how often it was looked at
};

struct StoredBatch {
  Json object;
  std::string output;
};

struct StoredJob {
  Json object;
};

struct StoredVectorStore {
  Json object;
  std::vector<Json> files;
  std::map<std::string, Json> file_batches;
};

// Beyond this many stored responses some are forgotten: load tests must not fill the memory.
inline constexpr std::size_t most_responses = 50'000;

// Thread safety: hold `mutex` while touching anything else.
class ObjectStore {
 public:
  void clear() {
    const std::lock_guard lock(mutex);
    files.clear();
    responses.clear();
    batches.clear();
    jobs.clear();
    vector_stores.clear();
  }

  std::mutex mutex;
  std::map<std::string, StoredFile, std::less<>> files;
  std::map<std::string, StoredResponse, std::less<>> responses;
  std::map<std::string, StoredBatch, std::less<>> batches;
  std::map<std::string, StoredJob, std::less<>> jobs;
  std::map<std::string, StoredVectorStore, std::less<>> vector_stores;
};

}  // namespace tollgate::mock
