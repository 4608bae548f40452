// HTTP/1.1 request reader: bytes in, one request at a time out. No sockets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::mock {

struct Header {
  std::string_view name, value;
};

struct HttpRequest {
  std::string_view method, path, query;  // path and query as sent, still percent-encoded
  int minor_version = 1;
  bool keep_alive = true;
  std::vector<Header> headers;
  std::string_view body;

  std::string_view header(std::string_view name) const;  // empty when absent
};

// Views in `request()` are valid from `complete` until `consume()`.
class RequestReader {
 public:
  enum class Progress { need_more, complete, bad };

  explicit RequestReader(std::size_t body_limit) : body_limit_(body_limit) {}

  void append(const char* data, std::size_t size) { buffer_.append(data, size); }
  Progress next();
  void consume();
  // Everything behind the request that was consumed: it is not HTTP any more.
  std::string take_rest() { return std::move(buffer_); }

  const HttpRequest& request() const { return request_; }
  bool has_head() const { return stage_ != Stage::head; }
  bool wants_continue() const { return wants_continue_ && body_at_ == buffer_.size(); }
  std::size_t buffered() const { return buffer_.size(); }
  int error_status() const { return error_status_; }

 private:
  enum class Stage { head, sized_body, chunked_body, complete, bad };

  Progress fail(int status);
  bool parse_head(std::size_t head_size);
  bool parse_request_line(std::string_view line);
  Progress read_chunks();

  std::size_t body_limit_;
  std::string buffer_;
  HttpRequest request_;
  Stage stage_ = Stage::head;
  std::string head_;          // own copy: the buffer may move while a body is still arriving
  std::string decoded_;       // chunked body without its framing
  std::size_t searched_ = 0;  // bytes already known to hold no end of head
  std::size_t body_at_ = 0;
  std::size_t body_size_ = 0;
  std::size_t chunk_at_ = 0;
  std::size_t end_ = 0;       // first byte after this request
  bool wants_continue_ = false;
  int error_status_ = 400;
};

}  // namespace tollgate::mock
