#include "filters/realtime_relay.hpp"

#include "base/race.hpp"
#include "base/random.hpp"
#include "filters/session_end.hpp"
#include "http/websocket_follower.hpp"
#include "http/websocket_messages.hpp"
#include "net/loop.hpp"
#include "openai/realtime_events.hpp"
#include "upstream/answer_policy.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace tollgate::filters {

namespace {

using http::Opcode;
using upstream::Call;

// How long the other side has to answer a close frame, and how long saying goodbye may take.
constexpr std::chrono::seconds close_time{5};
constexpr std::chrono::seconds farewell_time{2};

class Session {
 public:
  Session(Call& call, Exchange& ex, ResponseSink& out)
      : call_(call),
        ex_(ex),
        out_(out),
        rules_(ex.subscription->product->realtime),
        from_client_(ex.config->server.limits.message_bytes),
        from_upstream_(ex.config->server.limits.message_bytes) {}
  Session(const Session&) = delete;

  awaitable<Outcome> run() {
    if (co_await begin() == Flow::stop) {
      ex_.session.end = SessionEnd::client_gone;
      co_return outcome_of(ex_.session.end);
    }
    begun_ = last_message_ = Clock::now();
    const Waiting waiting(ex_);
    const auto first = co_await base::race(relay(), clock());
    const SessionEnd end = first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
    ex_.session.end = closing_ == SessionEnd::none ? end : closing_;
    co_await base::race(say_farewell(), pause(farewell_time));
    co_return outcome_of(ex_.session.end);
  }

 private:
  // A session waits for both sides at once; the gateway adds nothing to it that could be told apart.
  struct Waiting {
    explicit Waiting(Exchange& exchange) : ex(exchange) {}
    Waiting(const Waiting&) = delete;
    ~Waiting() {
      ex.waited_upstream = upstream_before + (Clock::now() - begun);
      ex.waited_client = client_before;
    }
    Exchange& ex;
    const TimePoint begun = Clock::now();
    const Duration upstream_before = ex.waited_upstream;
    const Duration client_before = ex.waited_client;
  };

  awaitable<Flow> begin() {
    std::vector<Header> headers;
    upstream::pick_headers(call_.head(), headers);
    ResponseHead head;
    head.status = 101;
    head.headers = headers;
    if (co_await out_.head(head) == Flow::stop) co_return Flow::stop;
    call_.release_head();
    co_return co_await out_.flush();
  }

  awaitable<SessionEnd> relay() {
    const auto first = co_await base::race(uplink(), downlink());
    co_return first.index() == 0 ? std::get<0>(first) : std::get<1>(first);
  }

  awaitable<bool> pause(std::chrono::seconds time) {
    net::Sleep sleep(ex_.loop, Clock::now() + time);
    co_await sleep;
    co_return true;
  }

  // Ends the session when it has been idle, or open, for too long, or when the gateway ends.
  awaitable<SessionEnd> clock() {
    const TimePoint last_moment = begun_ + rules_.max_session;
    for (;;) {
      const TimePoint until = std::min(last_moment, last_message_ + rules_.idle);
      if (!co_await ex_.tunnel->rest(until)) co_return SessionEnd::drained;
      const TimePoint now = Clock::now();
      if (now >= last_moment) co_return SessionEnd::expired;
      if (now >= last_message_ + rules_.idle) co_return SessionEnd::idle;
    }
  }

  // A close frame was relayed. The first one is answered by the other side, within a time; then the session
  // is over.
  awaitable<SessionEnd> after_close(SessionEnd from) {
    if (closing_ == SessionEnd::none) {
      closing_ = from;
      co_await pause(close_time);
    } else {
      is_close_answered_ = true;
    }
    co_return closing_;
  }

  // --- from the client ---

  awaitable<SessionEnd> uplink() {
    for (;;) {
      const std::string_view in = co_await ex_.tunnel->receive();
      if (in.empty()) co_return SessionEnd::client_gone;
      const http::FrameFollower::Passed passed = from_client_.see(in);
      ex_.session.frames_in += passed.frames;
      if (passed.has_message) last_message_ = coarse_now();
      if (passed.size() > 0) {
        ex_.bytes_in += passed.size();
        std::vector<std::string_view> parts{passed.held, passed.bytes, passed.close};
        is_upstream_whole_ = false;
        if (co_await call_.send(std::move(parts)) != upstream::Sent::ok) co_return SessionEnd::upstream_gone;
        is_upstream_whole_ = !from_client_.is_inside_frame();
      }
      if (from_client_.fault() != http::FrameFault::none) {
        fault_ = from_client_.fault();
        co_return SessionEnd::client_fault;
      }
      if (!from_client_.has_closed()) continue;
      note_close(from_client_.close_code());
      co_return co_await after_close(SessionEnd::client_closed);
    }
  }

  // --- from the deployment ---

  awaitable<SessionEnd> downlink() {
    for (;;) {
      const Call::Piece piece = call_.next();
      if (piece.status == Call::Status::would_block) {
        if (co_await out_.flush() == Flow::stop) co_return SessionEnd::client_gone;
        co_await call_.readable(no_deadline);
        continue;
      }
      if (piece.status != Call::Status::data) co_return SessionEnd::upstream_gone;
      std::string_view in = piece.bytes;
      http::MessageReader::Message message;
      http::MessageReader::Status status;
      while ((status = from_upstream_.next(in, message)) == http::MessageReader::Status::message) {
        const Chunk chunk = chunk_of(message);
        if (co_await out_.chunk(chunk) == Flow::stop) {
          co_return ex_.session.end == SessionEnd::spent ? SessionEnd::spent : SessionEnd::client_gone;
        }
        if (message.opcode != Opcode::close) continue;
        if (co_await out_.flush() == Flow::stop) co_return SessionEnd::client_gone;
        co_return co_await after_close(SessionEnd::upstream_closed);
      }
      if (status == http::MessageReader::Status::fault) {
        fault_ = from_upstream_.fault();
        co_return SessionEnd::upstream_fault;
      }
    }
  }

  Chunk chunk_of(const http::MessageReader::Message& message) {
    Chunk chunk;
    chunk.kind = Chunk::Kind::frame;
    chunk.bytes = message.frame;
    if (message.opcode == Opcode::text) {
      chunk.data = message.payload;
      chunk.event = read_event(message.payload);
    }
    if (message.opcode == Opcode::close) {
      http::Close close;
      http::read_close(message.payload, close);
      note_close(close.code);
    }
    if (!http::is_control(message.opcode)) last_message_ = coarse_now();
    return chunk;
  }

  std::string_view read_event(std::string_view text) {
    const openai::RealtimeFacts facts = openai::read_realtime_event(text);
    if (!facts.model.empty()) ex_.response_model = facts.model;
    if (facts.type == "response.done") ++ex_.session.responses;
    if (facts.type == "error") {
      ++ex_.session.errors;
      ex_.error_detail = "error event: ";
      ex_.error_detail += facts.error_code;
    }
    if (facts.has_usage) {
      ex_.usage += facts.usage;
      ex_.usage.is_reported = true;
    }
    return facts.type;
  }

  // --- the end ---

  void note_close(int code) {
    if (ex_.session.close_code == 0) ex_.session.close_code = code;
  }

  awaitable<bool> say_farewell() {
    Farewell farewell = farewell_for(ex_.session.end, fault_);
    if (closing_ != SessionEnd::none && !is_close_answered_) {
      // In place of who did not answer.
      const bool is_clients = closing_ == SessionEnd::client_closed;
      (is_clients ? farewell.client_code : farewell.upstream_code) = ex_.session.close_code;
    }
    if (farewell.client_code != 0) {
      note_close(farewell.client_code);
      co_await tell_client(farewell);
    }
    if (farewell.upstream_code != 0 && is_upstream_whole_) {
      std::array<unsigned char, 4> mask;
      base::fill_random(mask);
      std::string frame;
      const http::Close close{farewell.upstream_code, farewell.upstream_reason};
      http::append_masked_frame(frame, Opcode::close, http::close_payload(close), mask);
      std::vector<std::string_view> parts{frame};
      co_await call_.send(std::move(parts));
    }
    co_return true;
  }

  awaitable<void> tell_client(const Farewell& farewell) {
    Flow flow = Flow::go_on;
    std::string frame;
    Chunk chunk;
    chunk.kind = Chunk::Kind::frame;
    if (!farewell.error.empty()) {
      Error error;
      error.kind = ErrorKind::bad_request;
      error.message = farewell.error;
      http::append_frame(frame, Opcode::text, openai::realtime_error_event(error, ex_.id, "session_expired"));
      chunk.bytes = frame;
      flow = co_await out_.chunk(chunk);
    }
    if (flow == Flow::stop) co_return;
    frame.clear();
    const http::Close close{farewell.client_code, farewell.client_reason};
    http::append_frame(frame, Opcode::close, http::close_payload(close));
    chunk.bytes = frame;
    flow = co_await out_.chunk(chunk);
    if (flow == Flow::go_on) co_await out_.flush();
  }

  Call& call_;
  Exchange& ex_;
  ResponseSink& out_;
  const RealtimeRules& rules_;
  TimePoint begun_{};
  TimePoint last_message_{};
  http::FrameFollower from_client_;
  http::MessageReader from_upstream_;
  http::FrameFault fault_ = http::FrameFault::none;
  SessionEnd closing_ = SessionEnd::none;  // whose close frame came first
  bool is_close_answered_ = false;
  bool is_upstream_whole_ = true;  // it has got no half frame from us
};

}  // namespace

awaitable<Outcome> relay_session(Call& call, Exchange& ex, ResponseSink& out) {
  Session session(call, ex, out);
  co_return co_await session.run();
}

}  // namespace tollgate::filters
