// The operations of the stand-in: each takes a routed call and answers it.
#pragma once

#include "mock_azure/call.hpp"
#include "mock_azure/reply.hpp"

namespace tollgate::mock {

Reply chat_completions(Call& call);
Reply completions(Call& call);
Reply embeddings(Call& call);
Reply responses(Call& call);
Reply image_generations(Call& call);
Reply image_edits(Call& call);
Reply transcriptions(Call& call);  // also translations
Reply speech(Call& call);
Reply files(Call& call);
Reply batches(Call& call);
Reply fine_tuning_jobs(Call& call);
Reply vector_stores(Call& call);
Reply models(Call& call);
Reply realtime(Call& call);  // a WebSocket

// One line of a batch: a chat body answered as its own request would be.
struct PlainAnswer {
  int status;
  std::string body;
};
PlainAnswer answer_chat_body(Call& call, const std::string& body);

}  // namespace tollgate::mock
