#include "mock_azure/model_catalog.hpp"

namespace tollgate::mock {
namespace {

struct Row {
  std::string_view prefix, version;
  bool reasoning;
  std::int64_t context, tpm, weight, dimensions;
};

// PTU rates: Microsoft's provisioned throughput table of 2026.
constexpr Row rows[] = {
    {"gpt-35-turbo", "gpt-35-turbo-0125", false, 16'385, 2'500, 4, 1536},
    {"gpt-4", "gpt-4-0613", false, 8'192, 2'500, 4, 1536},
    {"gpt-4o", "gpt-4o-2024-11-20", false, 128'000, 2'500, 4, 1536},
    {"gpt-4o-mini", "gpt-4o-mini-2024-07-18", false, 128'000, 37'000, 4, 1536},
    {"gpt-4.1", "gpt-4.1-2025-04-14", false, 1'047'576, 3'000, 4, 1536},
    {"gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", false, 1'047'576, 14'900, 4, 1536},
    {"gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", false, 1'047'576, 59'400, 4, 1536},
    {"gpt-5", "gpt-5-2025-08-07", true, 400'000, 4'750, 8, 1536},
    {"gpt-5-chat", "gpt-5-chat-2025-08-07", false, 128'000, 4'750, 8, 1536},
    {"gpt-5-mini", "gpt-5-mini-2025-08-07", true, 400'000, 23'750, 8, 1536},
    {"gpt-5-nano", "gpt-5-nano-2025-08-07", true, 400'000, 59'400, 8, 1536},
    {"gpt-5.1", "gpt-5.1-2025-11-13", true, 400'000, 4'750, 8, 1536},
    {"gpt-5.2", "gpt-5.2-2025-12-11", true, 400'000, 3'400, 8, 1536},
    {"gpt-5.4", "gpt-5.4-2026-03-05", true, 1'000'000, 2'400, 6, 1536},
    {"o1", "o1-2024-12-17", true, 200'000, 230, 4, 1536},
    {"o3", "o3-2025-04-16", true, 200'000, 3'000, 4, 1536},
    {"o3-mini", "o3-mini-2025-01-31", true, 200'000, 2'500, 4, 1536},
    {"o4-mini", "o4-mini-2025-04-16", true, 200'000, 5'400, 4, 1536},
    {"text-embedding-ada-002", "text-embedding-ada-002", false, 8'192, 2'500, 1, 1536},
    {"text-embedding-3-small", "text-embedding-3-small", false, 8'192, 2'500, 1, 1536},
    {"text-embedding-3-large", "text-embedding-3-large", false, 8'192, 2'500, 1, 3072},
};

}  // namespace

Model describe_model(std::string_view name) {
  const Row* best = nullptr;
  for (const Row& row : rows) {
    if (!name.starts_with(row.prefix)) continue;
    if (best == nullptr || row.prefix.size() > best->prefix.size()) best = &row;
  }
  Model model;
  model.version = std::string(name);
  if (best == nullptr) return model;
  // A longer name is a version ("gpt-4o-2024-05-13") or a relative of the model: it keeps its name.
  if (name == best->prefix) model.version = std::string(best->version);
  model.reasoning = best->reasoning;
  model.context_tokens = best->context;
  model.ptu_input_tpm = best->tpm;
  model.ptu_output_weight = best->weight;
  model.embedding_size = best->dimensions;
  model.embedding_resizable = name.starts_with("text-embedding-3");
  return model;
}

}  // namespace tollgate::mock
