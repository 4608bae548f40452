// The body of a request as it comes from the client's connection.
// One thread: the worker's.
#pragma once

#include "http/body_decoder.hpp"
#include "net/loop.hpp"
#include "tollgate/byte_stream.hpp"
#include "tollgate/exchange.hpp"
#include "tollgate/request_body.hpp"

#include <optional>
#include <string_view>

namespace tollgate::server {

// Bytes that were read from a connection and not used yet. The buffer goes back when they are used up.
struct Inbox {
  explicit Inbox(net::Loop& l) : loop(l) {}

  // Reads once; REQUIRES: empty.
  IoStatus read(ByteStream& stream) {
    buffer.emplace(loop);
    const IoResult result = stream.try_read(buffer->data(), net::Buffer::capacity);
    bytes = {buffer->data(), result.bytes};
    if (bytes.empty()) buffer.reset();
    return result.status;
  }
  void drop(std::size_t count) {
    bytes.remove_prefix(count);
    if (bytes.empty()) buffer.reset();
  }

  net::Loop& loop;
  std::optional<net::Buffer> buffer;
  std::string_view bytes;
};

class ClientBody final : public BodySource {
 public:
  ClientBody(ByteStream& stream, Inbox& inbox, Exchange& ex, const http::Framing& framing,
             bool expects_continue, const ServerLimits& limits);

  awaitable<Part> next_part() override;
  awaitable<State> read_whole(RequestBody& body) override;

  // All of the body has been taken from the connection.
  bool is_read() const noexcept { return decoder_.is_done() && last_bytes_ == 0; }

  // What is left is little enough to be read and thrown away, so the connection can be kept.
  bool can_be_skipped() const noexcept;

  // Called once when all has been taken.
  void (*on_read)(void*) = nullptr;
  void* context = nullptr;

 private:
  awaitable<State> read_length(RequestBody& body, std::size_t length);
  awaitable<State> read_chunked(RequestBody& body);
  awaitable<Part> next_part_slowly();
  awaitable<State> wait();
  Part take();
  void note_read();

  ByteStream& stream_;
  Inbox& inbox_;
  Exchange& ex_;
  http::Framing framing_;
  http::BodyDecoder decoder_;
  std::size_t limit_;
  Milliseconds body_time_;
  TimePoint deadline_{};         // set by the first wait
  std::size_t last_bytes_ = 0;  // of the inbox, behind the latest part
  bool expects_continue_;
  bool is_noted_ = false;
};

}  // namespace tollgate::server
