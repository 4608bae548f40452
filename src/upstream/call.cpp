#include "upstream/call.hpp"

#include "base/time_spent.hpp"
#include "http/chunk_writer.hpp"
#include "http/websocket_handshake.hpp"
#include "net/group.hpp"
#include "upstream/request_head.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::upstream {

namespace {

constexpr std::size_t max_answer_head = 64 * 1024;

Problem failure(ErrorKind kind, std::string message, std::string detail) {
  auto error = std::make_unique<Error>();
  error->kind = kind;
  error->source = ErrorSource::upstream;
  error->is_retryable = true;
  error->message = std::move(message);
  error->detail = std::move(detail);
  return error;
}

Problem broken(std::string detail) {
  return failure(ErrorKind::upstream_failed, "The model deployment did not give a usable answer.",
                 std::move(detail));
}

// Drops the first `bytes` of the parts.
void drop_front(std::vector<std::string_view>& parts, std::size_t bytes) {
  auto part = parts.begin();
  while (part != parts.end() && bytes >= part->size()) bytes -= (part++)->size();
  if (part != parts.end()) part->remove_prefix(bytes);
  parts.erase(parts.begin(), part);
}

}  // namespace

const http::ResponseHead Call::no_head;

Call::Call(Exchange& ex, const Deployment& deployment, Duration& waited)
    : ex_(ex),
      deployment_(deployment),
      waited_(waited),
      total_deadline_(std::min(ex.deadline, coarse_now() + deployment.timeouts.total)) {}

TimePoint Call::head_deadline() const noexcept {
  // A plain answer's head comes when the whole answer is there, so only a stream has a first token
  // to wait for. A handshake is answered before anything is asked.
  if (!ex_.is_stream && !ex_.upgrade) return total_deadline_;
  return std::min(total_deadline_, sent_at_ + deployment_.timeouts.first_token);
}

awaitable<Problem> Call::open(const std::vector<std::string_view>& pieces,
                               std::optional<std::uint64_t> body_length, std::string_view bearer) {
  buffer_.reset();
  unread_ = {};
  const bool is_streamed = ex_.body.source != nullptr && body_length != 0;
  for (bool is_repeat = false;; is_repeat = true) {
    std::size_t held = 0;
    for (const auto& piece : pieces) held += piece.size();
    // What was held of a body of unknown length is its first chunk.
    const bool is_first_chunk = !body_length && held > 0;
    char size_line[http::max_chunk_head_bytes];
    std::vector<std::string_view> parts;
    parts.reserve(pieces.size() + 3);
    if (ex_.upgrade) handshake_key_ = http::make_handshake_key();
    request_head_ = request_head(ex_, deployment_, body_length, bearer, handshake_key_);
    parts.push_back(request_head_);
    if (is_first_chunk) parts.emplace_back(size_line, http::write_chunk_head(size_line, held));
    parts.insert(parts.end(), pieces.begin(), pieces.end());
    if (is_first_chunk) parts.push_back(http::end_of_chunk);

    net::Regroup regroup(ex_.loop, held);
    co_await regroup;
    // What is known of a kept connection is known as it is taken: nothing may be waited for before sending.
    const Reuse reuse = is_repeat ? Reuse::none : is_streamed ? Reuse::careful : Reuse::quick;
    awaitable<Acquired> acquiring = ex_.upstreams.acquire(deployment_, total_deadline_, reuse);
    std::optional<base::TimeSpent> spent;
    if (!acquiring.is_ready()) spent.emplace(waited_);
    Acquired acquired = co_await acquiring;
    spent.reset();
    if (!acquired.lease) {
      if (acquired.is_full) {
        co_return failure(ErrorKind::overloaded, "The model deployment has no free connection.",
                          std::move(acquired.error));
      }
      co_return failure(ErrorKind::upstream_failed, "The model deployment cannot be reached.",
                        std::move(acquired.error));
    }
    lease_ = std::move(acquired.lease);
    was_reached_ = true;

    ex_.was_sent = true;
    Sent sent = co_await send(std::move(parts));
    std::string().swap(request_head_);
    if (sent == Sent::ok && is_streamed) {
      has_taken_body_ = true;
      sent = co_await send_streamed_body(!body_length);
    }
    sent_at_ = Clock::now();
    if (sent == Sent::timeout) {
      co_return failure(ErrorKind::deadline_exceeded, "The model deployment took the request too slowly.",
                        "timeout while sending");
    }
    if (sent == Sent::client_failed) {
      auto error = std::make_unique<Error>();
      error->kind = ErrorKind::bad_request;
      error->source = ErrorSource::client;
      co_return error;
    }
    // After a failed write there may still be an answer: an upstream that refuses a large body
    // answers first and closes then.
    Problem problem = co_await read_head();
    if (!problem) co_return problem;
    // A kept connection that the upstream closed just as we used it: nothing was answered, so the
    // same request goes out once more on a fresh one.
    const bool was_stale = lease_.is_reused() && answer_->bytes.empty() && !is_streamed && !is_repeat &&
                           problem->kind == ErrorKind::upstream_failed;
    lease_.close();
    if (!was_stale) co_return problem;
  }
}

awaitable<Sent> Call::send(std::vector<std::string_view> parts) {
  std::size_t total = 0;
  for (const auto& part : parts) total += part.size();
  const IoResult result = lease_.stream().try_write(parts);
  if (result.status == IoStatus::failed) return Sent::upstream_gone;
  if (result.bytes == total) return Sent::ok;
  drop_front(parts, result.bytes);
  return send_rest(std::move(parts));
}

awaitable<Sent> Call::send_rest(std::vector<std::string_view> parts) {
  while (!parts.empty()) {
    const IoResult result = lease_.stream().try_write(parts);
    if (result.status == IoStatus::failed) co_return Sent::upstream_gone;
    if (result.status == IoStatus::would_block) {
      const auto deadline = std::min(total_deadline_, Clock::now() + deployment_.timeouts.gap);
      TimedWait wait(lease_.stream(), Wait::For::write, deadline, waited_);
      if (co_await wait == Wake::timeout) co_return Sent::timeout;
      continue;
    }
    drop_front(parts, result.bytes);
  }
  co_return Sent::ok;
}

awaitable<Sent> Call::send_streamed_body(bool is_chunked) {
  for (;;) {
    const BodySource::Part part = co_await ex_.body.source->next_part();
    if (part.state == BodySource::State::end) break;
    if (part.state != BodySource::State::ok) {
      client_failure_ = part.state;
      co_return Sent::client_failed;
    }
    char size_line[http::max_chunk_head_bytes];
    std::vector<std::string_view> parts;
    if (is_chunked) {
      parts.emplace_back(size_line, http::write_chunk_head(size_line, part.bytes.size()));
    }
    parts.push_back(part.bytes);
    if (is_chunked) parts.push_back(http::end_of_chunk);
    const Sent sent = co_await send(std::move(parts));
    if (sent != Sent::ok) co_return sent;
  }
  if (!is_chunked) co_return Sent::ok;
  std::vector<std::string_view> last(1, http::last_chunk);
  co_return co_await send(std::move(last));
}

awaitable<Problem> Call::read_head() {
  answer_ = std::make_unique<Answer>();
  TimePoint since = sent_at_;
  for (;;) {
    Wait::For direction = Wait::For::read;
    TimedWait wait(lease_.stream(), direction, head_deadline(), waited_, since);
    if (co_await wait == Wake::timeout) {
      co_return failure(ErrorKind::deadline_exceeded, "The model deployment did not answer in time.",
                        "timeout before the answer");
    }
    since = answered_at_ = wait.ended();
    buffer_.emplace(ex_.loop);
    const IoResult result = lease_.stream().try_read(buffer_->data(), net::Buffer::capacity);
    if (result.status == IoStatus::would_block) {
      buffer_.reset();
      continue;
    }
    if (result.status != IoStatus::ok) {
      buffer_.reset();
      co_return broken(answer_->bytes.empty() ? "connection closed before the answer"
                                              : "connection closed inside the answer's head");
    }
    Problem problem;
    if (take_head({buffer_->data(), result.bytes}, problem)) co_return problem;
    buffer_.reset();
  }
}

// True when the head is complete or broken; `problem` tells which. Interim answers are passed over.
bool Call::take_head(std::string_view bytes, Problem& problem) {
  auto& [received, head] = *answer_;
  for (;;) {
    const auto before = received.size();
    auto end = std::string::npos;
    // Usually it is all there: only the head is kept, not the body behind it.
    if (before == 0) end = http::find_head_end(bytes.substr(0, max_answer_head));
    if (end != std::string::npos) {
      received.assign(bytes.substr(0, end));
    } else {
      received.append(bytes.substr(0, max_answer_head));
      end = http::find_head_end(received, before > 3 ? before - 3 : 0);
    }
    if (end == std::string::npos) {
      if (received.size() < max_answer_head) return false;
      problem = broken("the answer's head is too large");
      return true;
    }
    bytes.remove_prefix(end - before);
    received.resize(end);
    std::string why;
    if (http::parse_response(received, false, http::Limits{}, head, why) != http::HeadError::none) {
      problem = broken("the answer's head is malformed: " + why);
      return true;
    }
    if (head.status >= 200 || head.status == 101) break;
    received.clear();
    if (bytes.empty()) return false;
  }
  if (head.status == 101 || (ex_.upgrade && head.status < 400)) {
    problem = check_upgrade();
    if (problem) return true;
    total_deadline_ = no_deadline;
    head.framing.kind = http::Framing::Kind::until_close;
  }
  keep_alive_ = head.keep_alive;
  decoder_ = http::BodyDecoder(head.framing);
  has_read_ = true;
  unread_ = bytes;
  if (unread_.empty()) buffer_.reset();
  return true;
}

// The answer is a 101, or was to be one.
Problem Call::check_upgrade() {
  if (!ex_.upgrade) return broken("the upstream switched protocols");
  if (answer_->head.status != 101) return broken("the upstream answered the upgrade with " + std::to_string(answer_->head.status));
  const auto why = http::refuse_server_handshake(answer_->head, handshake_key_, ex_.upgrade->upstream_protocols);
  if (!why.empty()) return broken("the upstream's handshake is not valid: " + std::string(why));
  return nullptr;
}

Call::Piece Call::next() {
  for (;;) {
    if (decoder_.is_done()) {
      buffer_.reset();
      return {Status::end, {}};
    }
    if (!unread_.empty()) {
      const auto step = decoder_.next(unread_);
      unread_.remove_prefix(step.consumed);
      switch (step.status) {
        case http::BodyDecoder::Status::data: return {Status::data, step.data};
        case http::BodyDecoder::Status::end: continue;
        case http::BodyDecoder::Status::error: return {Status::cut, {}};
        case http::BodyDecoder::Status::need_more: break;
      }
    }
    if (std::exchange(has_read_, false)) {
      buffer_.reset();
      return {Status::would_block, {}};
    }
    if (!buffer_) buffer_.emplace(ex_.loop);
    const IoResult result = lease_.stream().try_read(buffer_->data(), net::Buffer::capacity);
    if (result.status == IoStatus::would_block) {
      buffer_.reset();
      return {Status::would_block, {}};
    }
    if (result.status != IoStatus::ok) {
      buffer_.reset();
      const bool is_whole = result.status == IoStatus::eof && decoder_.finish_at_eof();
      return {is_whole ? Status::end : Status::cut, {}};
    }
    has_read_ = true;
    unread_ = {buffer_->data(), result.bytes};
  }
}

void Call::finish() {
  buffer_.reset();
  if (!keep_alive_ || !decoder_.is_done()) return lease_.close();
  if (unread_.empty()) return lease_.give_back();
  // They would be read as the answer to the next call.
  lease_.distrust();
  lease_.close();
}

}  // namespace tollgate::upstream
