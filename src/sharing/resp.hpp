// Redis's protocol (RESP2): commands to bytes, bytes to replies. hiredis does both; it sees no socket.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace tollgate::sharing {

// Appends one command.
void append_command(std::string& out, std::span<const std::string> words);

struct Reply {
  enum class Kind : unsigned char { nil, text, error, number, list };
  Kind kind = Kind::nil;
  std::string text;  // text and error
  std::int64_t number = 0;
  std::vector<Reply> list;

  bool is_error() const noexcept { return kind == Kind::error; }
  // The error's reason is `word` ("LOADING"), be it the script's or that of a command within.
  bool is_error_of(std::string_view word) const noexcept;
  // A list of at least `size` numbers.
  bool is_numbers(std::size_t size) const noexcept;
};

class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;

  void feed(std::string_view bytes);
  enum class Status : unsigned char { reply, need_more, broken };
  // After `broken` (the peer does not speak RESP2) the connection is of no more use.
  Status next(Reply& reply);

 private:
  struct Free {
    void operator()(redisReader* reader) const noexcept;
  };
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace tollgate::sharing
