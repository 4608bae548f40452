#include "server/client_sink.hpp"

#include "base/time_spent.hpp"
#include "http/chunk_writer.hpp"
#include "server/client_body.hpp"
#include "server/request_text.hpp"

#include <cstring>

namespace tollgate::server {

awaitable<Flow> ClientSink::head(const ResponseHead& head) {
  has_head_ = true;
  ex_.status = head.status;
  keep_alive_ = options_.keep_alive && (!body_ || body_->can_be_skipped());
  // Bytes after the head of an answer to HEAD would be read as the next answer.
  const bool has_body = head.status >= 200 && head.status != 204 && head.status != 304 && ex_.method != "HEAD";
  if (head.status == 101) {
    framing_ = BodyFraming::frames;
    keep_alive_ = false;
  } else if (!has_body) {
    framing_ = BodyFraming::none;
  } else if (head.content_length) {
    framing_ = BodyFraming::length;
    left_ = *head.content_length;
  } else if (options_.minor_version >= 1) {
    framing_ = BodyFraming::chunked;
  } else {
    framing_ = BodyFraming::until_close;
    keep_alive_ = false;
  }

  base::TextBuilder text;
  http::append_status_line(text, head.status);
  http::append_date(text, coarse_wall_now());
  if (!head.content_type.empty()) http::append_field(text, "Content-Type", head.content_type);
  if (framing_ == BodyFraming::length) {
    text.put("Content-Length: ");
    text.number(static_cast<std::int64_t>(left_));
    text.put("\r\n");
  } else if (framing_ == BodyFraming::chunked) {
    text.put("Transfer-Encoding: chunked\r\n");
  }
  if (options_.tells_decisions) {
    http::append_field(text, "x-request-id", ex_.id);
    if (ex_.deployment) {
      if (ex_.model) http::append_field(text, "x-tollgate-model", ex_.model->name);
      http::append_field(text, "x-tollgate-deployment", ex_.deployment->name);
      http::append_field(text, "x-tollgate-route", ex_.route_reason);
    }
  }
  text.append(ex_.own_headers);
  std::string().swap(ex_.own_headers);  // a long stream need not carry it
  for (const auto& header : head.headers) http::append_field(text, header.name, header.value);
  if (framing_ == BodyFraming::frames) {
    append_upgrade(text);
  } else if (!keep_alive_) {
    text.put("Connection: close\r\n");
  } else if (options_.minor_version == 0) {
    text.put("Connection: keep-alive\r\n");
  }
  text.put("\r\n");
  head_.assign(text.text());
  if (head.is_event_stream && request_) request_->shrink(ex_);
  return is_gone_ ? Flow::stop : Flow::go_on;
}

void ClientSink::append_upgrade(base::TextBuilder& text) const {
  text.put("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  http::append_field(text, "Sec-WebSocket-Accept", ex_.upgrade->accept);
  if (!ex_.upgrade->protocol.empty()) http::append_field(text, "Sec-WebSocket-Protocol", ex_.upgrade->protocol);
}

awaitable<Flow> ClientSink::chunk(const Chunk& chunk) {
  if (is_gone_) return Flow::stop;
  ex_.bytes_out += chunk.bytes.size();
  if (framing_ == BodyFraming::none || chunk.bytes.empty()) return Flow::go_on;
  if (framing_ == BodyFraming::length) {
    // More than was announced would be read as the next response.
    if (chunk.bytes.size() > left_) {
      is_gone_ = true;
      return Flow::stop;
    }
    left_ -= chunk.bytes.size();
  }
  if (chunk.kind != Chunk::Kind::part) {
    ++(chunk.kind == Chunk::Kind::event ? ex_.chunks : ex_.session.frames_out);
    if (buffered_ + chunk.bytes.size() <= net::Buffer::capacity) {
      if (!buffer_) buffer_.emplace(ex_.loop);
      std::memcpy(buffer_->data() + buffered_, chunk.bytes.data(), chunk.bytes.size());
      buffered_ += chunk.bytes.size();
      return Flow::go_on;
    }
  }
  Parts parts;
  const auto count = frame(parts, chunk.bytes);
  return write(parts, count);
}

awaitable<Flow> ClientSink::flush() {
  if (is_gone_) return Flow::stop;
  if (head_.empty() && buffered_ == 0) return Flow::go_on;
  Parts parts;
  const auto count = frame(parts, {});
  return write(parts, count);
}

awaitable<Flow> ClientSink::finish(const Outcome& outcome) {
  if (is_gone_ || !has_head_) return Flow::stop;
  const bool is_short = framing_ == BodyFraming::length && left_ > 0;
  // A stream that was cut has told so in its last event; other bodies can only be cut short.
  const bool is_cut = outcome.end == End::truncated && ex_.chunks == 0;
  Parts parts;
  auto count = frame(parts, {});
  if (is_short || is_cut) {
    keep_alive_ = false;
  } else if (framing_ == BodyFraming::chunked) {
    parts[count++] = http::last_chunk;
  }
  if (count == 0) return Flow::go_on;
  return write(parts, count);
}

// What has to be written so that `bytes` come next: head, chunk size, gathered events, bytes.
std::size_t ClientSink::frame(Parts& parts, std::string_view bytes) {
  std::size_t count = 0;
  if (!head_.empty()) parts[count++] = head_;
  const auto size = buffered_ + bytes.size();
  if (size == 0) return count;
  const bool is_chunked = framing_ == BodyFraming::chunked;
  if (is_chunked) parts[count++] = {size_line_, http::write_chunk_head(size_line_, size)};
  if (buffered_ > 0) parts[count++] = {buffer_->data(), buffered_};
  if (!bytes.empty()) parts[count++] = bytes;
  if (is_chunked) parts[count++] = http::end_of_chunk;
  return count;
}

awaitable<Flow> ClientSink::write(const Parts& parts, std::size_t count) {
  // A write that was given up under way has left half a frame: nothing can follow it.
  if (is_in_write_) is_gone_ = true;
  if (is_gone_) return Flow::stop;
  std::size_t total = 0;
  for (std::size_t i = 0; i < count; ++i) total += parts[i].size();
  const IoResult result = stream_.try_write(std::span(parts.data(), count));
  if (result.status == IoStatus::failed) {
    is_gone_ = true;
    return Flow::stop;
  }
  if (result.bytes == total) {
    on_written();
    return Flow::go_on;
  }
  is_in_write_ = true;
  std::vector<std::string_view> rest;
  std::size_t skip = result.bytes;
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = std::min(skip, parts[i].size());
    skip -= n;
    if (n < parts[i].size()) rest.push_back(parts[i].substr(n));
  }
  return write_rest(std::move(rest));
}

awaitable<Flow> ClientSink::write_rest(std::vector<std::string_view> parts) {
  std::size_t first = 0;
  while (first < parts.size()) {
    std::optional<base::TimeSpent> spent(std::in_place, ex_.waited_client);
    Wait wait = stream_.writable(Clock::now() + options_.write_stall);
    const Wake wake = co_await wait;
    spent.reset();
    if (wake == Wake::timeout) {
      ex_.error_detail = "the client took no bytes for too long";
      is_gone_ = has_stalled_ = true;
      co_return Flow::stop;
    }
    const IoResult result = stream_.try_write(std::span(parts).subspan(first));
    if (result.status == IoStatus::failed) {
      is_gone_ = true;
      co_return Flow::stop;
    }
    std::size_t written = result.bytes;
    while (first < parts.size() && written >= parts[first].size()) written -= parts[first++].size();
    if (first < parts.size()) parts[first].remove_prefix(written);
  }
  on_written();
  co_return Flow::go_on;
}

void ClientSink::on_written() noexcept {
  is_in_write_ = false;
  std::string().swap(head_);  // an open stream that waits holds no memory for what was written
  buffered_ = 0;
  buffer_.reset();
}

}  // namespace tollgate::server
