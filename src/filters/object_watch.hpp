// Watches an answer for the ids of what it has created, and keeps errors back.
// One thread: the exchange's worker.
#pragma once

#include "filters/held_answer.hpp"
#include "openai/object_ids.hpp"
#include "tollgate/exchange.hpp"
#include "tollgate/response_sink.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::filters {

class ObjectWatch final : public SinkDecorator {
 public:
  // Told before the client gets what it is about: it may come back with an id at once.
  class Listener {
   public:
    virtual void on_success() = 0;                // the answer's head is good
    virtual void on_id(const std::string& id) = 0;

   protected:
    ~Listener() = default;
  };

  // `learns`: the answer may name what has been created.
  ObjectWatch(ResponseSink& out, Listener& listener, bool learns)
      : SinkDecorator(out), listener_(listener), learns_(learns) {}

  awaitable<Flow> head(const ResponseHead& head) override;
  awaitable<Flow> chunk(const Chunk& chunk) override;
  awaitable<Flow> flush() override;

  int status() const noexcept { return status_; }  // 0: nothing came

  // The error that was kept back, if one was; nothing of it has been sent.
  std::optional<HeldAnswer> take_error() { return std::exchange(held_, std::nullopt); }

 private:
  void learn(const Chunk& chunk);
  void learn_from_event(const Chunk& chunk);
  awaitable<Flow> let_go(Chunk chunk);

  Listener& listener_;
  std::optional<HeldAnswer> held_;
  openai::ObjectIds ids_;  // of a body
  int status_ = 0;
  bool learns_;
  bool is_event_stream_ = false;
  bool knows_response_ = false;  // of a stream
};

}  // namespace tollgate::filters
