// One try at one deployment, in two halves: until the client may be told, and from then on.
//
// begin() brings the answer to the point where it is known that it comes from here: the first
// meaningful token of a stream, a whole JSON answer, the beginning of any other body, the handshake of a
// WebSocket, or an error that is the caller's own affair. Until then the client has seen nothing and another deployment may be
// tried. deliver() tells the client, and the rest as it comes.
// One thread. Destroying it cancels the call.
#pragma once

#include "balancer/backend.hpp"
#include "filters/event_watcher.hpp"
#include "filters/held_events.hpp"
#include "http/sse_reader.hpp"
#include "openai/body_scan.hpp"
#include "tollgate/outcome.hpp"
#include "tollgate/response_sink.hpp"
#include "upstream/call.hpp"

#include <memory>
#include <optional>
#include <string>

namespace tollgate::filters {

class Attempt {
 public:
  // `waited`: gets the time spent waiting for the deployment. All outlive the attempt.
  // With `is_last` nobody else is asked: an error inside an answer is told as it came.
  Attempt(Exchange& ex, const Deployment& deployment, Duration& waited, bool is_last = false)
      : ex_(ex), deployment_(deployment), waited_(waited), call_(ex, deployment, waited), is_first_(ex.attempts <= 1), is_last_(is_last) {}
  Attempt(const Attempt&) = delete;

  // No problem: deliver() may be called. Otherwise the error is retryable if another deployment may do
  // better, and result() says what it means for this one.
  awaitable<upstream::Problem> begin();
  awaitable<Outcome> deliver(ResponseSink& out);

  const Deployment& deployment() const noexcept { return deployment_; }
  balancer::Result result() const noexcept { return result_; }  // good: nothing is wrong with the deployment
  // The client's part in a failure: its body broke off.
  BodySource::State client_failure() const noexcept { return call_.client_failure(); }
  bool was_reached() const noexcept { return call_.was_reached(); }  // there was a connection
  bool has_taken_body() const noexcept { return call_.has_taken_body(); }
  bool is_first() const noexcept { return is_first_; }  // of the exchange: it had all of the deadline

  int status() const noexcept { return status_; }  // the deployment's; 0: it has not answered
  std::optional<double> utilization() const noexcept { return utilization_; }  // that reserved capacity reported
  // The service sent the call on by itself (native spillover), to a deployment of this name, "" unknown.
  bool was_sent_on() const noexcept { return sent_on_to_.has_value(); }
  const std::string& sent_on_to() const noexcept { return *sent_on_to_; }
  bool is_stream() const noexcept { return kind_ == Kind::events; }
  bool is_session() const noexcept { return kind_ == Kind::session; }
  bool is_callers_error() const noexcept { return kind_ == Kind::error; }
  // An error inside the answer that says nothing of the deployment: it is about what was asked, or the answer shows how
  // another call ended.
  bool is_blameless() const noexcept {
    return events_ && events_->watcher.has_failed() && (events_->watcher.is_callers_affair() || !ex_.route.names_model);
  }
  Duration time_to_answer() const noexcept { return began_at_ - call_.sent_at(); }
  Duration time_since_sent() const noexcept { return call_.sent_at() == TimePoint{} ? Duration::zero() : Clock::now() - call_.sent_at(); }
  TimePoint began_at() const noexcept { return began_at_; }

 private:
  enum class Kind : unsigned char { none, events, whole, parts, session, error };
  struct Events {
    Events(Exchange& ex, const Deployment& deployment, const upstream::Call& call, bool drop_usage)
        : watcher(ex, deployment, call.sent_at(), call.total_deadline(), drop_usage) {}
    EventWatcher watcher;
    http::SseReader reader;
    std::string_view unread;  // of the call's present piece
    bool is_unreadable = false;  // no event can be made out any more
    std::unique_ptr<HeldEvents> held = std::make_unique<HeldEvents>();  // until they are told
  };
  struct Body {
    std::optional<openai::BodyScan> scan;
    std::string held;
    std::string_view whole;  // all of it, in `held` or where the call has it
  };

  using Problem = upstream::Problem;

  awaitable<Problem> send();
  awaitable<Problem> begin_error();
  awaitable<Problem> begin_events();
  awaitable<Problem> begin_whole();
  Problem fail(balancer::Result result, ErrorKind kind, std::string message, std::string detail);
  Problem broken(std::string detail);
  Problem too_late();
  Problem refusal_without_words(int status);
  Problem in_band_failure(std::string_view data);
  Problem note_whole();
  void note_head();

  awaitable<Flow> tell_beginning(ResponseSink& out);
  awaitable<Outcome> deliver_events(ResponseSink& out);
  bool next_event(std::string_view& in, TimePoint now, Chunk& chunk);
  awaitable<Outcome> deliver_whole(ResponseSink& out);
  awaitable<Outcome> deliver_parts(ResponseSink& out);
  awaitable<Outcome> tell_cut(ResponseSink& out, bool is_timeout);

  Exchange& ex_;
  const Deployment& deployment_;
  Duration& waited_;
  upstream::Call call_;
  std::unique_ptr<Events> events_;
  std::unique_ptr<Body> body_;
  TimePoint began_at_{};
  std::optional<double> utilization_;
  std::optional<std::string> sent_on_to_;
  int status_ = 0;
  Kind kind_ = Kind::none;
  balancer::Result result_ = balancer::Result::good;
  bool asked_for_usage_ = false;
  bool is_first_;
  bool is_last_;
};

// A call that is given up while the deployment is silent: that is a word about it too. Goes before both.
struct Patience {
  const Attempt& attempt;
  balancer::Visit& visit;
  ~Patience() {
    if (!visit.is_told()) visit.given_up(Clock::now(), attempt.time_since_sent());
  }
};

}  // namespace tollgate::filters
