// What a path asks for: the operations of the OpenAI and Azure OpenAI data plane.
#pragma once

#include <string_view>

namespace tollgate {

enum class Operation : unsigned char {
  chat_completions,
  completions,
  embeddings,
  responses,           // POST /responses
  response_object,     // /responses/{id}[/cancel|/input_items], /responses/compact
  images,              // generations (JSON) and edits (multipart)
  audio_transcription, // transcriptions and translations, multipart in
  audio_speech,        // binary out
  files,
  batches,
  fine_tuning,
  vector_stores,
  realtime,            // a WebSocket
  models,              // answered by the gateway itself
  none,
};

// The form of URL the client used; the upstream call keeps it.
enum class Surface : unsigned char {
  deployment,  // /openai/deployments/{model}/...?api-version=
  dated,       // /openai/...?api-version=
  v1,          // /openai/v1/... and /v1/...
};

// One target taken apart. Views point into the target text. Pure data.
struct Route {
  Operation operation = Operation::none;
  Surface surface = Surface::v1;
  std::string_view model;      // from the path or query, still percent-encoded; "" when the body names it
  std::string_view tail;       // the operation's own path: "/chat/completions", "/responses/resp_1/cancel"
  std::string_view query;      // after '?', "" if none
  bool takes_json = false;     // the body is JSON and is scanned for `model`, `stream`, ...
  bool takes_multipart = false;
  bool names_model = false;    // the call is for one model (in path, query or body)
  bool may_stream = false;     // `stream: true` in the body is meaningful
};

const char* name_of(Operation operation) noexcept;  // the label in metrics and records
const char* name_of(Surface surface) noexcept;

}  // namespace tollgate
