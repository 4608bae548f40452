#include "server/client_body.hpp"

#include "base/time_spent.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace tollgate::server {

namespace {

using State = BodySource::State;

std::unique_ptr<char[], BodyRelease> make_storage(std::size_t size) {
  const auto padded = size + RequestBody::padding;
  std::unique_ptr<char[], BodyRelease> storage(static_cast<char*>(SpareMemory::take(padded)),
                                               BodyRelease(padded));
  std::memset(storage.get() + size, 0, RequestBody::padding);
  return storage;
}

}  // namespace

ClientBody::ClientBody(ByteStream& stream, Inbox& inbox, Exchange& ex, const http::Framing& framing,
                       bool expects_continue, const ServerLimits& limits)
    : stream_(stream),
      inbox_(inbox),
      ex_(ex),
      framing_(framing),
      decoder_(framing),
      limit_(limits.body_bytes),
      body_time_(limits.body_time),
      expects_continue_(expects_continue) {}

bool ClientBody::can_be_skipped() const noexcept {
  constexpr std::uint64_t worth_reading = 64 * 1024;
  if (is_read()) return true;
  // A client that still waits for `100 Continue` may send the body or not: nobody can tell.
  if (expects_continue_) return false;
  return framing_.kind == http::Framing::Kind::length && framing_.length <= worth_reading;
}

void ClientBody::note_read() {
  if (!is_read() || std::exchange(is_noted_, true)) return;
  if (on_read) on_read(context);
}

awaitable<State> ClientBody::wait() {
  // The client waits for our word before it sends (RFC 9110 section 10.1.1); the size has been
  // checked by now.
  if (std::exchange(expects_continue_, false)) {
    const std::array<std::string_view, 1> interim{"HTTP/1.1 100 Continue\r\n\r\n"};
    if (stream_.try_write(interim).status != IoStatus::ok) co_return State::client_gone;
  }
  if (deadline_ == TimePoint{}) deadline_ = Clock::now() + body_time_;
  const base::TimeSpent spent(ex_.waited_client);
  Wait readable = stream_.readable(deadline_);
  const Wake wake = co_await readable;
  co_return wake == Wake::timeout ? State::timeout : State::ok;
}

awaitable<State> ClientBody::read_whole(RequestBody& body) {
  if (framing_.kind == http::Framing::Kind::chunked) return read_chunked(body);
  const auto length = framing_.kind == http::Framing::Kind::length ? framing_.length : 0;
  if (length > limit_) return State::too_large;
  body.storage = make_storage(length);
  body.size = length;
  body.source = nullptr;
  ex_.bytes_in = length;
  if (inbox_.bytes.size() < length) return read_length(body, length);
  std::memcpy(body.storage.get(), inbox_.bytes.data(), length);
  inbox_.drop(length);
  decoder_ = http::BodyDecoder();
  note_read();
  return State::ok;
}

awaitable<State> ClientBody::read_length(RequestBody& body, std::size_t length) {
  std::size_t have = inbox_.bytes.size();
  if (have > 0) std::memcpy(body.storage.get(), inbox_.bytes.data(), have);
  inbox_.drop(have);
  while (have < length) {
    const IoResult result = stream_.try_read(body.storage.get() + have, length - have);
    if (result.status == IoStatus::would_block) {
      const State state = co_await wait();
      if (state != State::ok) co_return state;
      continue;
    }
    if (result.status != IoStatus::ok) co_return State::client_gone;
    have += result.bytes;
  }
  decoder_ = http::BodyDecoder();
  note_read();
  co_return State::ok;
}

awaitable<State> ClientBody::read_chunked(RequestBody& body) {
  std::size_t room = 0;
  body.size = 0;
  for (;;) {
    const Part part = co_await next_part();
    if (part.state == State::end) break;
    if (part.state != State::ok) co_return part.state;
    const auto needed = body.size + part.bytes.size();
    if (needed > room) {
      room = std::max(needed, std::min(room * 2, limit_));
      auto larger = make_storage(room);
      if (body.size > 0) std::memcpy(larger.get(), body.storage.get(), body.size);
      body.storage = std::move(larger);
    }
    std::memcpy(body.storage.get() + body.size, part.bytes.data(), part.bytes.size());
    body.size = needed;
  }
  if (!body.storage) body.storage = make_storage(0);
  std::memset(body.storage.get() + body.size, 0, RequestBody::padding);
  body.source = nullptr;
  co_return State::ok;
}

// The next part from what has been read; State::timeout stands for "nothing there yet".
BodySource::Part ClientBody::take() {
  inbox_.drop(std::exchange(last_bytes_, 0));
  for (;;) {
    const auto step = decoder_.next(inbox_.bytes);
    switch (step.status) {
      case http::BodyDecoder::Status::data:
        // The part stays in the inbox until the next call; what stood before it goes now.
        inbox_.bytes.remove_prefix(step.consumed - step.data.size());
        last_bytes_ = step.data.size();
        ex_.bytes_in += step.data.size();
        if (ex_.bytes_in > limit_) return {State::too_large, {}};
        return {State::ok, step.data};
      case http::BodyDecoder::Status::end:
        inbox_.drop(step.consumed);
        note_read();
        return {State::end, {}};
      case http::BodyDecoder::Status::error: return {State::malformed, {}};
      case http::BodyDecoder::Status::need_more:
        inbox_.drop(step.consumed);
        return {State::timeout, {}};
    }
  }
}

awaitable<BodySource::Part> ClientBody::next_part() {
  if (framing_.kind == http::Framing::Kind::length && framing_.length > limit_) {
    return Part{State::too_large, {}};
  }
  if (decoder_.is_done() && last_bytes_ == 0) {
    note_read();
    return Part{State::end, {}};
  }
  const Part part = take();
  if (part.state != State::timeout) return part;
  return next_part_slowly();
}

awaitable<BodySource::Part> ClientBody::next_part_slowly() {
  Part part;
  for (;;) {
    const IoStatus status = inbox_.read(stream_);
    if (status == IoStatus::would_block) {
      const State state = co_await wait();
      if (state != State::ok) {
        part.state = state;
        co_return part;
      }
      continue;
    }
    if (status != IoStatus::ok) {
      part.state = State::client_gone;
      co_return part;
    }
    part = take();
    if (part.state != State::timeout) co_return part;
  }
}

}  // namespace tollgate::server
