// Reads a stream's events as they come by: what they mean for the exchange, how long the next may take,
// and what of them the client gets.
#pragma once

#include "http/sse_reader.hpp"
#include "openai/stream_events.hpp"
#include "tollgate/exchange.hpp"
#include "tollgate/response_sink.hpp"

#include <memory>
#include <string>

namespace tollgate::filters {

class EventWatcher {
 public:
  // `drop_usage`: the gateway asked for usage, the client did not.
  EventWatcher(Exchange& ex, const Deployment& deployment, TimePoint sent_at, TimePoint total_deadline, bool drop_usage);

  // False: the event is not for the client.
  bool look_at(const http::SseEvent& event, TimePoint now, Chunk& chunk);

  // Writes what was learnt into the exchange, from now on at once. Until then nothing is: another
  // attempt may be the one that serves.
  void adopt();

  // Before a wait: gives back what the last event that was changed took.
  void rest() noexcept { std::string().swap(edited_); }

  TimePoint deadline() const noexcept { return deadline_; }
  TimePoint first_token() const noexcept { return early_ ? early_->first_token : ex_.first_token; }

  // Something has come that an answer is made of, a finish reason too: from here on the client may be told.
  bool has_begun() const noexcept { return has_begun_; }
  // Its end has come, and nothing before it.
  bool is_empty() const noexcept { return has_ended_ && !has_begun_ && !has_failed_; }
  bool has_failed() const noexcept { return has_failed_; }
  bool is_callers_affair() const noexcept { return is_callers_; }  // for what was asked
  bool is_malformed() const noexcept { return is_malformed_; }  // an event was not what its dialect says

  // Whether the stream was brought to its end, now that no more comes. Only dialects with a known
  // last event can be seen to lack it.
  bool is_complete() const noexcept;

  std::string error_event(const Error& error) const {
    return openai::stream_error_event(dialect_, error, sequence_number_ + 1);
  }

 private:
  bool has_known_end() const noexcept;
  struct Learnt {
    Usage usage;
    TimePoint first_token{};
    std::string response_model;
  };
  void cut_null_usage(const http::SseEvent& event, Chunk& chunk);
  Usage& usage() noexcept { return early_ ? early_->usage : ex_.usage; }
  std::string& response_model() noexcept { return early_ ? early_->response_model : ex_.response_model; }
  void set_first_token(TimePoint now) noexcept { (early_ ? early_->first_token : ex_.first_token) = now; }

  Exchange& ex_;
  std::unique_ptr<Learnt> early_ = std::make_unique<Learnt>();  // until adopt()
  std::string edited_;
  std::chrono::milliseconds gap_;
  TimePoint total_deadline_;
  TimePoint deadline_;
  std::int64_t sequence_number_ = -1;
  openai::Dialect dialect_;
  bool drop_usage_;
  bool has_begun_ = false;
  bool has_ended_ = false;
  bool has_failed_ = false;
  bool is_callers_ = false;
  bool is_malformed_ = false;
};

}  // namespace tollgate::filters
