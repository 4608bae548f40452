#include "server/connection.hpp"

#include "base/request_id.hpp"
#include "net/group.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_context.hpp"
#include "net/tls_stream.hpp"
#include "server/client_sink.hpp"
#include "server/client_tunnel.hpp"
#include "tollgate/log.hpp"

#include <algorithm>
#include <exception>
#include <span>

namespace tollgate::server {

namespace {

// After a refusal the client may still be sending; closing at once would reset the connection and
// lose the answer, so what comes is read and thrown away for a moment.
constexpr std::chrono::seconds linger_time{2};
constexpr std::size_t linger_bytes = 1024 * 1024;

constexpr std::chrono::seconds handshake_time{10};

ErrorKind kind_of(http::HeadError error) noexcept {
  return error == http::HeadError::too_large ? ErrorKind::headers_too_large : ErrorKind::bad_request;
}

}  // namespace

Connection::Connection(Server& server, std::unique_ptr<net::TcpStream> tcp)
    : server_(server), inbox_(server.loop_), chain_(server.chain_) {
  client_address_ = net::peer_address(tcp->native_handle()).host_text();
  if (chain_->tls) {
    stream_ = std::make_unique<net::TlsStream>(std::move(tcp), chain_->tls);
  } else {
    stream_ = std::move(tcp);
  }
  server_.observer_.on_connection(+1);
}

Connection::~Connection() {
  branch_.cancel();  // what is under way ends, and is told, while the connection is still whole
  server_.observer_.on_connection(-1);
}

void Connection::start() {
  branch_ = base::run(serve(), result_);
  branch_.start(&nobody_);
}

awaitable<void> Connection::serve() {
  try {
    bool goes_on = true;
    if (stream_->is_encrypted()) goes_on = co_await shake_hands(Clock::now() + handshake_time);
    while (goes_on) {
      const HeadRead read = co_await read_head();
      goes_on = read == HeadRead::ok;
      if (goes_on) goes_on = co_await serve_one();
    }
    if (must_linger_) co_await linger();
  } catch (const std::exception& e) {
    log::error("connection", e.what());
  }
  stream_->close();
  server_.remove_later(*this);
}

awaitable<bool> Connection::shake_hands(TimePoint deadline) {
  auto& tls = static_cast<net::TlsStream&>(*stream_);
  const std::string failure = co_await tls.handshake(deadline);
  if (failure.empty()) {
    certificate_ = tls.peer_certificate();
    co_return true;
  }
  server_.observer_.on_connection_error(Observer::ConnectionError::tls);
  log::debug("tls", failure);
  co_return false;
}

// Moves bytes from the inbox to head_ until the head is complete.
bool Connection::take_head() {
  auto& head = head_.bytes;
  if (head.empty()) inbox_.drop(http::leading_empty_lines(inbox_.bytes));
  if (inbox_.bytes.empty()) return false;
  const auto limit = chain_->config->server.limits.header_bytes;
  if (head.empty()) {
    // Usually it is all there: only the head is kept, not the body behind it.
    const auto all = http::find_head_end(inbox_.bytes);
    if (all != std::string_view::npos && all <= limit) {
      head.assign(inbox_.bytes.substr(0, all));
      inbox_.drop(all);
      return true;
    }
  }
  const auto before = head.size();
  head.append(inbox_.bytes.substr(0, limit + 1 - std::min(before, limit)));
  const auto end = http::find_head_end(head, searched_);
  if (end == std::string_view::npos) {
    searched_ = head.size();
    inbox_.drop(head.size() - before);
    return false;
  }
  inbox_.drop(end - before);
  head.resize(end);
  return true;
}

awaitable<Connection::HeadRead> Connection::read_head() {
  head_.clear();  // an idle connection keeps nothing of its last request
  searched_ = 0;
  took_its_turn_ = false;
  const auto& limits = chain_->config->server.limits;
  auto deadline = coarse_now() + limits.idle;
  for (;;) {
    if (!inbox_.bytes.empty()) {
      const bool is_first = head_.bytes.empty();
      if (is_first) {
        first_byte_ = Clock::now();
        deadline = first_byte_ + limits.header_time;
      }
      if (take_head()) {
        head_end_ = is_first ? first_byte_ : Clock::now();
        co_return HeadRead::ok;
      }
      if (head_.bytes.size() > limits.header_bytes) {
        server_.observer_.on_connection_error(Observer::ConnectionError::too_large);
        co_await refuse(ErrorKind::headers_too_large, "The request's headers are larger than this gateway takes.");
        co_return HeadRead::refused;
      }
    }
    is_idle_ = head_.bytes.empty();
    if (is_idle_ && server_.is_draining()) co_return HeadRead::closed;
    Wait readable = stream_->readable(deadline);
    const Wake wake = co_await readable;
    is_idle_ = false;
    took_its_turn_ = server_.is_in_turn();
    if (wake == Wake::timeout) {
      if (head_.bytes.empty()) co_return HeadRead::closed;
      server_.observer_.on_connection_error(Observer::ConnectionError::header_timeout);
      co_await refuse(ErrorKind::request_timeout, "The request's headers did not arrive in time.");
      co_return HeadRead::refused;
    }
    const IoStatus status = inbox_.read(*stream_);
    if (status == IoStatus::eof || status == IoStatus::failed) co_return HeadRead::closed;
  }
}

awaitable<bool> Connection::serve_one() {
  chain_ = server_.chain_;
  const ServerLimits& limits = chain_->config->server.limits;
  Exchange ex(server_.loop_, server_.upstreams_);
  RequestText::Facts facts;
  const http::HeadError problem = head_.parse(limits.header_bytes, ex, facts, ex.error_detail);
  if (problem != http::HeadError::none) {
    co_await refuse_malformed(problem, ex.error_detail);
    co_return false;
  }
  const bool is_too_much = server_.must_refuse(head_end_, took_its_turn_);
  ex.till = server_.till_;
  ex.tokens = server_.tokens_;
  ex.id = base::make_request_id();
  ex.started = first_byte_;
  ex.started_wall = std::chrono::system_clock::now();
  ex.client_address = client_address_;
  ex.certificate = certificate_.get();
  ex.config = chain_->config.get();

  ClientBody body(*stream_, inbox_, ex, facts.framing, facts.expects_continue, limits);
  ex.body.source = &body;
  body.context = this;
  body.on_read = [](void* context) { static_cast<Connection*>(context)->watch_client(); };

  std::unique_ptr<ClientTunnel> tunnel;
  if (facts.asks_for_upgrade && facts.minor_version >= 1 && body.is_read()) {
    tunnel = std::make_unique<ClientTunnel>(server_, *stream_, inbox_, ex);
    ex.tunnel = tunnel.get();
  }

  ClientSinkOptions options;
  options.minor_version = facts.minor_version;
  options.keep_alive = facts.keep_alive && !server_.is_draining();
  options.write_stall = limits.write_stall;
  options.tells_decisions = server_.tells_decisions_;
  ClientSink sink(*stream_, ex, options, &body, &head_);

  server_.observer_.on_begin();
  Outcome outcome;
  {
    // Told again when this frame is destroyed with the connection: no exchange goes unrecorded.
    struct Ending {
      Connection& connection;
      Exchange& exchange;
      Outcome& how;
      ~Ending() {
        connection.work_ = nullptr;
        if (exchange.ended == TimePoint{}) exchange.ended = Clock::now();
        connection.server_.observer_.on_end(exchange, how);
      }
    };
    outcome.end = End::client_gone;
    outcome.source = ErrorSource::client;
    const Ending ending{*this, ex, outcome};
    std::optional<Outcome> result;
    bool has_failed = false;
    // The one place where an exception from the chain ends.
    try {
      base::Cancellable<Outcome> work(is_too_much ? refuse_overload(ex, sink) : Next(chain_->filters)(ex, sink));
      work_ = &work;
      // A body that is already here, or that there is none, was noted before the watch could begin.
      if (facts.framing.kind == http::Framing::Kind::none) watch_client();
      result = co_await work;
    } catch (const std::exception& e) {
      log::error("exchange", ex.id + ": " + e.what());
      has_failed = true;
    }
    work_ = nullptr;
    stream_->unwatch();
    if (has_failed) result = co_await tell_failure(ex, sink);
    if (result) {
      const Flow flow = co_await sink.finish(*result);
      outcome = *result;
      if (flow == Flow::stop && sink.is_gone() && outcome.end == End::complete) {
        outcome.end = End::client_gone;
      }
    }
    ex.ended = Clock::now();
    if (!is_too_much) {
      net::Regroup regroup(server_.loop_);  // the answer is sent: what remains is the record
      co_await regroup;
    }
  }
  if (sink.has_stalled()) {
    server_.observer_.on_connection_error(Observer::ConnectionError::write_stall);
  }
  if (!sink.can_keep_alive()) {
    if (is_too_much) server_.overload_.on_refused(Clock::now() - head_end_, true);
    // What a WebSocket's client sends behind our close frame is not to reset the connection either.
    const bool is_still_sending = !body.is_read() || (tunnel && tunnel->has_begun());
    must_linger_ = !sink.is_gone() && is_still_sending;
    if (!must_linger_ && !sink.is_gone()) stream_->finish_sending();
    co_return false;
  }
  const bool is_skipped = body.is_read() || co_await skip_rest(body);
  if (is_too_much) server_.overload_.on_refused(Clock::now() - head_end_, false);
  co_return is_skipped && !server_.is_draining();
}

// What the answer did not need of the request's body stands in front of the next request.
awaitable<bool> Connection::skip_rest(ClientBody& body) {
  while (!body.is_read()) {
    const BodySource::Part part = co_await body.next_part();
    if (part.state == BodySource::State::end) break;
    if (part.state != BodySource::State::ok) co_return false;
  }
  co_return true;
}

awaitable<Outcome> Connection::refuse_overload(Exchange& ex, ResponseSink& out) {
  ex.error_detail = "more requests than this worker can do";
  Outcome outcome;
  outcome.source = ErrorSource::gateway;
  outcome.error = ErrorKind::overloaded;
  outcome.end = End::refused;
  co_await tell(out, ErrorKind::overloaded, "This gateway has more requests than it can handle. Please retry.");
  co_return outcome;
}

awaitable<Outcome> Connection::tell_failure(Exchange& ex, ResponseSink& out) {
  ex.error_detail = "internal error";
  Outcome outcome;
  outcome.source = ErrorSource::gateway;
  outcome.error = ErrorKind::internal;
  outcome.end = ex.status == 0 ? End::refused : End::truncated;
  if (ex.status == 0) co_await tell(out, ErrorKind::internal, "The gateway failed to handle this request.");
  co_return outcome;
}

// Sends an error of the gateway's own, from below the filters.
awaitable<void> Connection::tell(ResponseSink& out, ErrorKind kind, std::string message) {
  Error error;
  error.kind = kind;
  error.message = std::move(message);
  const std::string body = error_body(error);
  ResponseHead head;
  head.status = status_of(kind);
  head.content_type = "application/json";
  head.content_length = body.size();
  const Header retry{"retry-after", "1"};
  if (kind == ErrorKind::overloaded) head.headers = std::span(&retry, 1);
  Chunk chunk;
  chunk.bytes = body;
  co_await out.head(head);
  co_await out.chunk(chunk);
  co_await out.flush();
}

// While the answer is made nobody reads from the client; a client that leaves ends the work at once.
void Connection::watch_client() {
  if (!work_) return;
  stream_->watch(
      [](void* context) {
        auto& connection = *static_cast<Connection*>(context);
        if (!connection.work_) return;
        switch (connection.stream_->look()) {
          case Peer::silent: connection.watch_client(); break;
          case Peer::sent: break;  // the next request; should its sender leave, a write will tell
          case Peer::gone: std::exchange(connection.work_, nullptr)->cancel(); break;
        }
      },
      this);
}

// A request that cannot even be made an exchange: answered directly, then closed.
awaitable<void> Connection::refuse(ErrorKind kind, std::string message) {
  Exchange ex(server_.loop_, server_.upstreams_);
  ex.id = base::make_request_id();
  ClientSinkOptions options;
  options.keep_alive = false;
  options.tells_decisions = server_.tells_decisions_;
  ClientSink sink(*stream_, ex, options);
  co_await tell(sink, kind, std::move(message));
  must_linger_ = true;
}

awaitable<void> Connection::refuse_malformed(http::HeadError problem, std::string_view why) {
  server_.observer_.on_connection_error(Observer::ConnectionError::malformed);
  return refuse(kind_of(problem), "The request is not acceptable HTTP/1.1: " + std::string(why) + ".");
}

awaitable<void> Connection::linger() {
  stream_->finish_sending();
  const auto deadline = Clock::now() + linger_time;
  std::size_t thrown_away = inbox_.bytes.size();
  inbox_.drop(inbox_.bytes.size());
  while (thrown_away < linger_bytes) {
    Wait readable = stream_->readable(deadline);
    if (co_await readable == Wake::timeout) co_return;
    const IoStatus status = inbox_.read(*stream_);
    if (status == IoStatus::eof || status == IoStatus::failed) co_return;
    thrown_away += inbox_.bytes.size();
    inbox_.drop(inbox_.bytes.size());
  }
}

}  // namespace tollgate::server
