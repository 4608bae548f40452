#include "mock_azure/connection.hpp"

#include <algorithm>

#include <sys/socket.h>

namespace tollgate::mock {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::size_t write_high_water = 256 * 1024;
constexpr std::size_t pipeline_limit = 1024 * 1024;
constexpr int events_in_a_row = 256;  // then other connections get their turn
constexpr auto linger_time = 1s;
constexpr auto slow_header_gap = 2ms;
constexpr std::int64_t default_fault_after = 3;
constexpr std::int64_t default_huge_kib = 1024;
constexpr std::size_t audio_chunk = 4096;
constexpr std::size_t one_byte_chunk = 6;  // "1\r\nX\r\n"

Reply protocol_error(int status) {
  Reply reply;
  reply.status = status;
  reply.closes = true;
  reply.body = "{\"error\":{\"code\":\"" + std::to_string(status) + "\",\"message\":\"";
  reply.body += reason_phrase(status);
  reply.body += "\"}}";
  return reply;
}

bool interrupts(FaultKind kind) {
  return kind == FaultKind::cut || kind == FaultKind::stall || kind == FaultKind::reset ||
         kind == FaultKind::inband;
}

}  // namespace

Connection::Connection(int fd, SSL_CTX* context, ConnectionHost& host, Handler& handler,
                       std::size_t body_limit)
    : host_(host), handler_(handler), transport_(fd, context), reader_(body_limit) {}

void Connection::on_readable() {
  // One buffer for each loop thread: connections read one after the other.
  static thread_local char buffer[64 * 1024];
  for (int turn = 0; turn < 16 && phase_ != Phase::dead; ++turn) {
    const IoResult result = transport_.read(buffer, sizeof buffer);
    if (result.state == IoResult::State::closed) return die(End::client_gone);
    if (result.state == IoResult::State::again) break;
    if (phase_ == Phase::lingering) continue;
    if (talk_) {
      talk_->hear({buffer, result.bytes});
      continue;
    }
    reader_.append(buffer, result.bytes);
    if (answering_ && reader_.buffered() > pipeline_limit) break;
    if (result.bytes < sizeof buffer && !transport_.has_pending()) break;
  }
  if (phase_ == Phase::talking) talk();
  pump();
  update_watch();
}

void Connection::on_writable() {
  write_blocked_ = false;
  flush();
  if (phase_ == Phase::draining && unsent() == 0) complete();
  else if (phase_ == Phase::sending && unsent() < write_high_water) step();
  else if (phase_ == Phase::talking) talk();
  pump();
  if (transport_.read_waits_for_write()) return on_readable();
  update_watch();
}

void Connection::on_wake(TimePoint due) {
  if (due != wake_at_ || phase_ == Phase::dead) return;
  wake_at_ = {};
  if (phase_ == Phase::lingering) return die(End::complete);
  if (drip_gap_ > 0us && unsent() > 0) {
    flush();
    if (unsent() > 0) return;
  }
  if (phase_ == Phase::waiting) phase_ = Phase::sending;
  if (phase_ == Phase::draining && unsent() == 0) complete();
  else if (phase_ == Phase::sending) step();
  else if (phase_ == Phase::talking) talk();
  pump();
  update_watch();
}

void Connection::pump() {
  while (phase_ == Phase::reading) {
    if (unsent() > write_high_water) return;
    const auto progress = reader_.next();
    if (progress == RequestReader::Progress::bad) {
      return begin(protocol_error(reader_.error_status()), false);
    }
    const HttpRequest& request = reader_.request();
    if (progress == RequestReader::Progress::need_more) {
      if (!reader_.has_head()) return;
      if (!early_checked_) {
        early_checked_ = true;
        if (auto reply = handler_.handle_early(request)) return begin(std::move(*reply), false);
      }
      if (reader_.wants_continue() && !continue_sent_) {
        continue_sent_ = true;
        out_ += "HTTP/1.1 100 Continue\r\n\r\n";
        flush();
      }
      return;
    }
    early_checked_ = continue_sent_ = false;
    head_only_ = request.method == "HEAD";
    framing_ = request.minor_version == 0 ? Framing::until_close : Framing::chunked;
    const bool keep_alive = request.keep_alive;
    Reply reply = handler_.handle(request);
    reader_.consume();
    begin(std::move(reply), keep_alive);
  }
}

void Connection::begin(Reply reply, bool keep_alive) {
  reply_ = std::move(reply);
  answering_ = true;
  head_made_ = has_event_ = false;
  events_sent_ = tokens_sent_ = 0;
  // `framing_` says so far only what the client's HTTP version allows.
  const bool has_chunks = reply_.events != nullptr || reply_.sends_chunks;
  if (reply_.fault.kind == FaultKind::nolength) framing_ = Framing::until_close;
  else if (!has_chunks) framing_ = Framing::length;
  keep_alive_ = keep_alive && !reply_.closes && framing_ != Framing::until_close;
  phase_ = Phase::sending;
  if (reply_.first_delay > 0us) {
    phase_ = Phase::waiting;
    due_ = steady_clock::now() + reply_.first_delay;
    return sleep_until(due_);
  }
  due_ = {};
  step();
}

void Connection::step() {
  if (!head_made_) {
    head_made_ = true;
    const Fault& fault = reply_.fault;
    if (fault.kind == FaultKind::reset && fault.after == 0) {
      transport_.set_reset_on_close();
      return die(End::fault);
    }
    if (reply_.events == nullptr) {
      if (fault.kind == FaultKind::badjson) reply_.body.resize(reply_.body.size() / 2);
      if (fault.kind == FaultKind::huge) {
        pad_json(reply_.body, fault.after.value_or(default_huge_kib));
      }
    }
    append_head(out_, reply_, framing_, keep_alive_);
    if (reply_.conversation != nullptr) return start_talk();
    if (fault.kind == FaultKind::slowheaders) {
      drip_ = 1;
      drip_gap_ = slow_header_gap;
      flush();
      return;
    }
    if (fault.kind == FaultKind::split) {
      flush();
      drip_ = reply_.events != nullptr && framing_ == Framing::chunked ? one_byte_chunk : 1;
    }
  }
  if (drip_gap_ > 0us) {
    if (unsent() > 0) return;
    drip_ = 0;
    drip_gap_ = 0us;
  }
  if (head_only_) end_body();
  else if (reply_.events == nullptr) produce_body();
  else if (reply_.fault.kind == FaultKind::pings) produce_pings();
  else produce_events();
}

void Connection::produce_body() {
  const FaultKind kind = reply_.fault.kind;
  if (kind == FaultKind::cut || kind == FaultKind::stall || kind == FaultKind::reset) {
    append_chunk(out_, std::string_view(reply_.body).substr(0, reply_.body.size() / 2), framing_);
    flush();
    if (phase_ == Phase::dead) return;
    if (kind == FaultKind::stall) {
      phase_ = Phase::stalled;
      return;
    }
    if (kind == FaultKind::reset) transport_.set_reset_on_close();
    return die(End::fault);
  }
  if (framing_ == Framing::chunked) {
    for (std::string_view rest = reply_.body; !rest.empty();) {
      append_chunk(out_, rest.substr(0, audio_chunk), framing_);
      rest.remove_prefix(std::min(audio_chunk, rest.size()));
    }
  } else {
    out_ += reply_.body;
  }
  end_body();
}

void Connection::start_talk() {
  talk_.emplace(std::move(reply_.conversation));
  talk_->hear(reader_.take_rest());
  keep_alive_ = false;
  phase_ = Phase::talking;
  talk();
}

// Says what is to be said now. What the client says meanwhile waits in its socket only if it fills up.
void Connection::talk() {
  drip_ = talk_->conversation().fault().kind == FaultKind::split ? 1 : 0;
  for (int turn = 0; phase_ == Phase::talking && unsent() <= write_high_water; ++turn) {
    const Talk::Next next = talk_->speak(steady_clock::now(), out_);
    reply_.usage = talk_->conversation().usage();
    reply_.fault = talk_->conversation().fault();
    tokens_sent_ = talk_->tokens();
    flush();
    if (phase_ == Phase::dead) return;
    switch (next.turn) {
      case Talk::Turn::said:
        if (turn == events_in_a_row) return sleep_until(steady_clock::now());
        break;
      case Talk::Turn::waits: return sleep_until(next.until);
      case Talk::Turn::silent: return;
      case Talk::Turn::ended:
        phase_ = Phase::draining;
        if (unsent() == 0) complete();
        return;
      case Talk::Turn::stalled: phase_ = Phase::stalled; return;
      case Talk::Turn::reset: transport_.set_reset_on_close(); return die(End::fault);
      case Talk::Turn::cut: return die(End::fault);
    }
  }
}

bool Connection::fault_is_due() {
  const Fault& fault = reply_.fault;
  if (!interrupts(fault.kind)) return false;
  if (events_sent_ < fault.after.value_or(default_fault_after)) return false;
  if (fault.kind == FaultKind::inband) {
    event_.data.clear();
    reply_.events->error_event(event_);
    emit(event_);
    end_body();
    return true;
  }
  flush();
  if (phase_ == Phase::dead) return true;
  if (fault.kind == FaultKind::stall) {
    phase_ = Phase::stalled;
    return true;
  }
  if (fault.kind == FaultKind::reset) transport_.set_reset_on_close();
  die(End::fault);
  return true;
}

void Connection::produce_events() {
  for (int turn = 0; phase_ == Phase::sending; ++turn) {
    if (unsent() > write_high_water) {
      flush();
      if (unsent() > write_high_water) return;  // else nobody would wake us to go on
    }
    if (fault_is_due()) return;
    if (!has_event_) {
      event_.data.clear();
      event_.name = {};
      event_.paced = false;
      if (!reply_.events->next(event_)) return end_body();
      has_event_ = true;
    }
    if (event_.paced && reply_.gap > 0us) {
      const TimePoint now = steady_clock::now();
      if (due_ == TimePoint{}) due_ = now;
      if (now < due_) {
        flush();
        return sleep_until(due_);
      }
      due_ = std::max(due_ + reply_.gap, now);
    }
    has_event_ = false;
    emit(event_);
    if (!reply_.coalesces) flush();
    if (turn == events_in_a_row && phase_ == Phase::sending) {
      return sleep_until(steady_clock::now());
    }
  }
}

void Connection::emit(EventSource::Event& event) {
  const Fault& fault = reply_.fault;
  const bool chosen = events_sent_ == fault.after.value_or(1);
  if (fault.kind == FaultKind::badjson && chosen) event.data.resize(event.data.size() / 2);
  if (fault.kind == FaultKind::huge && events_sent_ == 1) {
    pad_json(event.data, fault.after.value_or(default_huge_kib));
  }
  ++events_sent_;
  if (event.paced) ++tokens_sent_;
  scratch_.clear();
  append_event(scratch_, event, fault);
  if (fault.kind != FaultKind::split) return append_chunk(out_, scratch_, framing_);
  for (const char& byte : scratch_) append_chunk(out_, std::string_view(&byte, 1), framing_);
}

void Connection::produce_pings() {
  if (reply_.fault.after && events_sent_ >= *reply_.fault.after) return end_body();
  append_chunk(out_, ": ping\n\n", framing_);
  ++events_sent_;
  flush();
  const auto gap = reply_.gap > 0us ? reply_.gap : std::chrono::microseconds(100ms);
  if (phase_ == Phase::sending) sleep_until(steady_clock::now() + gap);
}

void Connection::end_body() {
  if (reply_.events != nullptr || reply_.sends_chunks) append_last_chunk(out_, framing_);
  phase_ = Phase::draining;
  flush();
  if (phase_ == Phase::draining && unsent() == 0) complete();
}

void Connection::complete() {
  handler_.finished(reply_, reply_.fault ? End::fault : End::complete, tokens_sent_);
  answering_ = false;
  drip_ = 0;
  if (!keep_alive_) return close_softly();
  reply_ = Reply();
  phase_ = Phase::reading;
}

void Connection::flush() {
  while (unsent() > 0 && !write_blocked_ && phase_ != Phase::dead) {
    const std::size_t size = drip_ > 0 ? std::min(drip_, unsent()) : unsent();
    const IoResult result = transport_.write(out_.data() + sent_, size);
    if (result.state == IoResult::State::closed) return die(End::client_gone);
    if (result.state == IoResult::State::again) {
      write_blocked_ = true;
      break;
    }
    sent_ += result.bytes;
    if (drip_gap_ > 0us) {
      sleep_until(steady_clock::now() + drip_gap_);
      break;
    }
  }
  if (unsent() == 0) {
    out_.clear();
    sent_ = 0;
  } else if (sent_ > write_high_water) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  if (write_blocked_) update_watch();
}

void Connection::update_watch() {
  if (phase_ == Phase::dead) return;
  // A client that pipelines without reading answers is not read any further.
  const bool reads = !(answering_ && reader_.buffered() > pipeline_limit);
  const bool writes = write_blocked_ || transport_.read_waits_for_write();
  if (reads == watches_reads_ && writes == watches_writes_) return;
  watches_reads_ = reads;
  watches_writes_ = writes;
  host_.watch(*this, reads, writes);
}

void Connection::sleep_until(TimePoint when) {
  wake_at_ = when;
  host_.wake_at(*this, when);
}

// Closing with unread input makes the kernel send RST, which may destroy the answer on its way.
void Connection::close_softly() {
  ::shutdown(fd(), SHUT_WR);
  phase_ = Phase::lingering;
  sleep_until(steady_clock::now() + linger_time);
}

void Connection::die(End end) {
  if (phase_ == Phase::dead) return;
  phase_ = Phase::dead;
  if (answering_) {
    answering_ = false;
    handler_.finished(reply_, reply_.fault ? End::fault : end, tokens_sent_);
  }
  host_.remove(*this);
}

}  // namespace tollgate::mock
