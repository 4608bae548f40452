// One request with its response, and everything learnt about it on the way.
//
// Made by server::Connection when the head has been read, filled in by the filters, read by the
// access record and the metrics when it has ended. Filters talk to each other through it and through
// nothing else. Facts go here rather than into return values because a cancelled branch returns
// nothing.
// One thread: the worker that read the request.
#pragma once

#include "tollgate/clock.hpp"
#include "tollgate/config.hpp"
#include "tollgate/error.hpp"
#include "tollgate/header.hpp"
#include "tollgate/operation.hpp"
#include "tollgate/request_body.hpp"
#include "tollgate/tunnel.hpp"
#include "tollgate/usage.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace tollgate {

namespace openai {
struct RequestFacts;
}
namespace net {
class Loop;
}
namespace upstream {
class Upstreams;
}
namespace credentials {
class WorkerTokens;
}
namespace filters {
struct Till;
}

struct Exchange {
  Exchange(net::Loop& worker_loop, upstream::Upstreams& worker_upstreams)
      : loop(worker_loop), upstreams(worker_upstreams) {}

  // --- the worker's own ---
  net::Loop& loop;                   // for those who wait
  upstream::Upstreams& upstreams;    // its connections to the deployments
  credentials::WorkerTokens* tokens = nullptr;  // what proves us to deployments without an API key
  filters::Till* till = nullptr;     // its side of the books; null: nothing is limited or booked

  // --- the request ---
  std::string id;                    // ours, told as x-request-id
  std::string_view method;
  std::string_view target;           // as sent, without the subscription's path prefix
  std::string_view path_prefix;      // what stood in front of it
  std::span<const Header> headers;   // once the head of an event stream is told: x-tollgate-session and -task alone
  Route route;
  RequestBody body;
  const openai::RequestFacts* facts = nullptr;  // null unless the body is JSON that was scanned
  std::string_view content_type;
  std::string_view client_address;
  const ClientCertificate* certificate = nullptr;  // that the client proved to own, null: none
  bool is_stream = false;            // the client asked for server-sent events
  Tunnel* tunnel = nullptr;          // the client asks to upgrade; null: it does not, or may not
  std::unique_ptr<Upgrade> upgrade;  // the route goes on as a WebSocket, and the handshake was good
  std::string user;                  // whom the body's `user` names, "" nobody

  // --- what the filters decided ---
  const Config* config = nullptr;    // the snapshot this exchange started with
  const Subscription* subscription = nullptr;
  std::string key_label;             // which credential of it: 8 hex digits, the same for its whole life
  std::string model_asked;           // the name the client used
  const Model* model = nullptr;      // what it may use instead is the router's choice
  const Deployment* pinned = nullptr;  // set: only deployments at its endpoint may serve; itself, if no model is named
  std::uint64_t prefix_hash = 0;     // the same for prompts that begin alike, so for one prompt cache; 0: none
  std::string_view route_reason = "primary";  // x-tollgate-route; static text
  std::int64_t answer_cap = -1;      // tokens the upstream is told to stay within; -1: the client's own
  std::string own_headers;           // of the answer, as header lines: what is left of the limits

  // --- what came of it ---
  const Deployment* deployment = nullptr;  // the one that served, or was tried last
  const Deployment* other = nullptr;  // called beside that one, and let go of; null: none
  int attempts = 0;                  // upstream calls made
  bool was_sent = false;             // the last attempt's deployment has been given the request, or a part of it
  int status = 0;                    // told to the client; 0: nothing was
  int upstream_status = 0;           // of the last attempt; 0: none answered
  Usage usage;
  StoredEnd stored_end = StoredEnd::none;  // of the stored response that the answer shows
  std::string background_id;         // of the response that is made in the background, "" if none is
  std::int64_t prompt_estimate = -1;  // tokens counted here before the call; -1: they were not
  std::int64_t cost = -1;            // nano-dollars; -1: nothing was served, or it has no price
  std::int64_t other_cost = 0;       // the part of it that `other` cost
  std::string_view refused_by;       // the limit or budget that said no; a name of the configuration
  std::string response_model;        // base model and version that the provider named
  std::string upstream_request_id;   // apim-request-id or x-ms-request-id, for support cases
  std::string error_detail;          // for the record; no secrets, no prompts
  SessionFacts session;              // of a WebSocket
  std::uint64_t chunks = 0;          // SSE events relayed
  std::uint64_t bytes_in = 0;        // request body, or a WebSocket's frames from the client
  std::uint64_t bytes_out = 0;       // response body as delivered, or the frames to the client

  // --- times ---
  WallTime started_wall{};
  TimePoint started{};               // first byte of the request
  TimePoint first_token{};           // first meaningful token, or first byte of a plain answer
  TimePoint deadline = no_deadline;  // of everything that is tried upstream
  TimePoint ended{};
  Duration waited_upstream{};        // time spent waiting for the upstream
  Duration waited_client{};          // time spent waiting for the client's socket

  // Duration less the waits: what the gateway itself added.
  Duration overhead() const noexcept { return ended - started - waited_upstream - waited_client; }
};

}  // namespace tollgate
