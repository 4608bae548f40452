#include "filters/reply.hpp"

#include <vector>

namespace tollgate::filters {

namespace {

awaitable<bool> send(ResponseSink& out, int status, const std::string& body,
                     std::span<const Header> headers) {
  ResponseHead head;
  head.status = status;
  head.content_type = "application/json";
  head.content_length = body.size();
  head.headers = headers;
  if (co_await out.head(head) == Flow::stop) co_return false;
  Chunk chunk;
  chunk.bytes = body;
  if (co_await out.chunk(chunk) == Flow::stop) co_return false;
  co_return co_await out.flush() == Flow::go_on;
}

}  // namespace

awaitable<Outcome> reply_json(Exchange&, ResponseSink& out, int status, std::string body) {
  Outcome outcome;
  const std::span<const Header> no_headers;
  if (!co_await send(out, status, body, no_headers)) outcome.end = End::client_gone;
  co_return outcome;
}

awaitable<Outcome> reply_error(Exchange& ex, ResponseSink& out, Error error, std::string allow) {
  std::string milliseconds, seconds;
  std::vector<Header> headers;
  const auto wait = error.retry_after.count();
  if (wait >= 0) {
    milliseconds = std::to_string(wait);
    seconds = std::to_string((wait + 999) / 1000);
    headers.push_back({"retry-after-ms", milliseconds});
    headers.push_back({"retry-after", seconds});
  }
  if (!error.challenge.empty()) headers.push_back({"www-authenticate", error.challenge});
  if (error.kind == ErrorKind::upgrade_required) {
    headers.push_back({"connection", "upgrade"});
    headers.push_back({"upgrade", "websocket"});
    headers.push_back({"sec-websocket-version", "13"});
  }
  if (!allow.empty()) headers.push_back({"allow", allow});
  if (error.is_final) headers.push_back({"x-should-retry", "false"});
  if (!error.detail.empty()) ex.error_detail = error.detail;
  const std::string body = error_body(error);
  Outcome outcome;
  outcome.end = End::refused;
  outcome.error = error.kind;
  outcome.source = error.source;
  if (!co_await send(out, error.status != 0 ? error.status : status_of(error.kind), body, headers)) outcome.end = End::client_gone;
  co_return outcome;
}

}  // namespace tollgate::filters
