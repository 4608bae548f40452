// One call to one deployment: connection, request, the head of the answer, then its body piece by
// piece.
//
// Sends and never chooses: which deployment, whether to try another and what the client is told are
// decided by filters/forward.
// One thread: the worker's. Destroying a call that has not been read to its end closes its connection,
// which is how the upstream is cancelled.
#pragma once

#include "http/body_decoder.hpp"
#include "http/head.hpp"
#include "tollgate/exchange.hpp"
#include "upstream/upstreams.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::upstream {

// A wait that adds the time it took to a total. `since`: now, for who knows it already.
class TimedWait : public Wait {
 public:
  TimedWait(ByteStream& stream, For direction, TimePoint deadline, Duration& total,
            TimePoint since = {}) noexcept
      : Wait(stream, direction, deadline), total_(total), since_(since) {}
  // It may be cut off: the client left, or another call was quicker.
  ~TimedWait() {
    if (since_ != TimePoint{} && ended_ == TimePoint{}) total_ += Clock::now() - since_;
  }
  bool await_suspend(std::coroutine_handle<> caller) {
    if (since_ == TimePoint{}) since_ = Clock::now();
    return Wait::await_suspend(caller);
  }
  Wake await_resume() noexcept {
    ended_ = Clock::now();
    total_ += ended_ - since_;
    return Wait::await_resume();
  }
  TimePoint ended() const noexcept { return ended_; }

 private:
  Duration& total_;
  TimePoint since_;
  TimePoint ended_{};
};

enum class Sent : unsigned char { ok, upstream_gone, timeout, client_gone, client_failed };

// Why a step failed; null: it did not. Small, because every step that succeeds hands one on.
using Problem = std::unique_ptr<Error>;

class Call {
 public:
  // `waited`: gets the time spent waiting for the deployment; outlives the call.
  Call(Exchange& ex, const Deployment& deployment, Duration& waited);
  Call(const Call&) = delete;

  // Sends the request and reads the answer's head. No problem: head() is there. `pieces` is the
  // whole body or, when ex.body has a source, what goes in front of the rest; `bearer` is the token to
  // prove ourselves with, "" where the deployment has an API key. All views outlive the call of this
  // function. Called again it lets go of the answer that there was.
  awaitable<Problem> open(const std::vector<std::string_view>& pieces,
                          std::optional<std::uint64_t> body_length, std::string_view bearer);

  const http::ResponseHead& head() const noexcept { return answer_ ? answer_->head : no_head; }

  // Gives the head's memory back before a long body; head() is empty then.
  void release_head() noexcept { answer_.reset(); }

  enum class Status : unsigned char { data, would_block, end, cut };
  struct Piece {
    Status status = Status::end;
    std::string_view bytes;  // valid until the next call
  };
  // The next contiguous piece of the answer's body, without waiting. After would_block await
  // readable().
  Piece next();

  // Waits for more of the body; the time counts as spent on the upstream.
  TimedWait readable(TimePoint deadline) {
    return TimedWait(lease_.stream(), Wait::For::read, deadline, waited_);
  }

  // The answer has been read to its end: the connection may serve another call.
  void finish();

  // After a 101 the call is a tunnel: next() gives whatever comes, `total` holds no more, and this sends. The
  // parts' bytes outlive the call of this function.
  awaitable<Sent> send(std::vector<std::string_view> parts);

  TimePoint total_deadline() const noexcept { return total_deadline_; }
  TimePoint sent_at() const noexcept { return sent_at_; }
  TimePoint answered_at() const noexcept { return answered_at_; }  // its head was there

  // The body has been read to its end.
  bool is_at_end() const noexcept { return decoder_.is_done(); }

  // Whether there was a connection at all.
  bool was_reached() const noexcept { return was_reached_; }
  // A body that streams through has been touched: it cannot be sent to another.
  bool has_taken_body() const noexcept { return has_taken_body_; }

  // Why a streamed body could not be taken from the client, when open() failed for that.
  BodySource::State client_failure() const noexcept { return client_failure_; }

 private:
  awaitable<Sent> send_rest(std::vector<std::string_view> parts);
  awaitable<Sent> send_streamed_body(bool is_chunked);
  awaitable<Problem> read_head();
  bool take_head(std::string_view bytes, Problem& problem);
  Problem check_upgrade();
  TimePoint head_deadline() const noexcept;

  struct Answer : detail::RecycledFrame {
    std::string bytes;
    http::ResponseHead head;  // views into them
  };
  static const http::ResponseHead no_head;

  Exchange& ex_;
  const Deployment& deployment_;
  Duration& waited_;
  BodySource::State client_failure_ = BodySource::State::ok;
  TimePoint total_deadline_;
  TimePoint sent_at_{};
  TimePoint answered_at_{};
  Lease lease_;
  std::string request_head_;  // while it is sent
  std::string handshake_key_;  // of a WebSocket, "" if none is asked for
  std::unique_ptr<Answer> answer_;
  http::BodyDecoder decoder_;
  std::optional<net::Buffer> buffer_;  // held only while it has unread bytes
  std::string_view unread_;            // in buffer_
  bool keep_alive_ = false;            // said the head
  bool was_reached_ = false;
  bool has_taken_body_ = false;
  bool has_read_ = false;              // since would_block was last said: say it before reading again
};

}  // namespace tollgate::upstream
