// The outermost sink: writes the response to the client's connection.
//
// Events are gathered until flush() and go out as one write; a part of a plain body is written where
// it lies. Nothing is held while the sink waits for more.
// One thread: the worker's.
#pragma once

#include "base/text_builder.hpp"
#include "net/loop.hpp"
#include "tollgate/byte_stream.hpp"
#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/response_sink.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::server {

struct ClientSinkOptions {
  int minor_version = 1;      // of the request: 1.0 has no chunked coding
  bool keep_alive = true;     // what the client wants
  Milliseconds write_stall{60'000};
  bool tells_decisions = true;  // x-tollgate-* headers; the admin plane has none
};

class ClientBody;
struct RequestText;

class ClientSink final : public ResponseSink {
 public:
  // `body`: the request's, null if there was no request to speak of. What is left of it when the
  // response begins decides whether the connection can be kept. `request`: of which a stream gives back
  // what is not needed any more.
  ClientSink(ByteStream& stream, Exchange& ex, const ClientSinkOptions& options,
             const ClientBody* body = nullptr, RequestText* request = nullptr)
      : stream_(stream), ex_(ex), options_(options), body_(body), request_(request) {}

  awaitable<Flow> head(const ResponseHead& head) override;
  awaitable<Flow> chunk(const Chunk& chunk) override;
  awaitable<Flow> flush() override;

  // Ends the response as truthfully as its framing allows: a body that was cut is not given a
  // proper end.
  awaitable<Flow> finish(const Outcome& outcome);

  bool has_head() const noexcept { return has_head_; }
  bool is_gone() const noexcept { return is_gone_; }
  bool has_stalled() const noexcept { return has_stalled_; }  // gone because it took no bytes
  bool can_keep_alive() const noexcept { return keep_alive_ && !is_gone_; }

 private:
  enum class BodyFraming : unsigned char { none, length, chunked, until_close, frames };
  using Parts = std::array<std::string_view, 6>;

  void append_upgrade(base::TextBuilder& text) const;
  std::size_t frame(Parts& parts, std::string_view bytes);
  awaitable<Flow> write(const Parts& parts, std::size_t count);
  awaitable<Flow> write_rest(std::vector<std::string_view> parts);
  void on_written() noexcept;

  ByteStream& stream_;
  Exchange& ex_;
  ClientSinkOptions options_;
  const ClientBody* body_;
  RequestText* request_;
  std::string head_;                  // not yet written
  std::optional<net::Buffer> buffer_;  // events not yet written
  std::size_t buffered_ = 0;
  std::uint64_t left_ = 0;            // of a body of stated length
  char size_line_[20];
  BodyFraming framing_ = BodyFraming::none;
  bool has_head_ = false;
  bool keep_alive_ = true;
  bool is_gone_ = false;
  bool has_stalled_ = false;
  bool is_in_write_ = false;
};

}  // namespace tollgate::server
