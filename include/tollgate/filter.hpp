// A filter: work before, the rest of the pipeline, work after.
//
// co_await next(ex, out) returns when the whole response has been delivered: the request phase is
// the code before it, the completion phase the code after it (or a destructor, which also runs when
// the client leaves), and head and chunks are seen by putting a sink in front of `out`.
// Calling next more than once is allowed while nothing has been sent through `out`.
// Thread safety: one object serves all requests of all workers, so it is const; what it refers to
// says its own thread rule.
#pragma once

#include "tollgate/awaitable.hpp"
#include "tollgate/exchange.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/response_sink.hpp"

#include <memory>
#include <span>

namespace tollgate {

class Next;

class Filter {
 public:
  virtual ~Filter() = default;
  virtual awaitable<Outcome> handle(Exchange& ex, ResponseSink& out, Next next) const = 0;
};

// The rest of the pipeline.
class Next {
 public:
  explicit Next(std::span<const std::shared_ptr<const Filter>> rest) noexcept : rest_(rest) {}
  awaitable<Outcome> operator()(Exchange& ex, ResponseSink& out) const {
    return rest_.front()->handle(ex, out, Next(rest_.subspan(1)));
  }

 private:
  std::span<const std::shared_ptr<const Filter>> rest_;
};

}  // namespace tollgate
