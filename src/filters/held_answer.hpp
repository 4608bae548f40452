// An answer that is kept back until it is known whether, and how, it is told.
// One thread: the exchange's worker.
#pragma once

#include "tollgate/outcome.hpp"
#include "tollgate/response_sink.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace tollgate::filters {

class HeldAnswer {
 public:
  // Errors are short; a longer one is not looked into.
  static constexpr std::size_t longest_error = 64 * 1024;

  explicit HeldAnswer(const ResponseHead& head, std::size_t longest = longest_error);

  // False: it is too long to be held; what has come so far has to be told first.
  bool add(std::string_view bytes);

  int status() const noexcept { return status_; }
  std::string_view body() const noexcept { return body_; }
  void replace_body(std::string body);

  awaitable<Flow> tell(ResponseSink& out) const;

  Outcome outcome;  // what goes with it

 private:
  struct Field {
    std::string name;
    std::string value;
    HeaderName known;
  };
  std::size_t longest_;
  int status_;
  std::string content_type_;
  std::optional<std::uint64_t> content_length_;
  std::vector<Field> fields_;
  std::string body_;
};

}  // namespace tollgate::filters
