#include "sharing/redis_link.hpp"

#include "net/connect.hpp"

#include <utility>

namespace tollgate::sharing {

namespace {

// Name, TCP, TLS. No request waits for it: the limit is for a black hole.
constexpr std::chrono::milliseconds connect_timeout{1'000};

}  // namespace

RedisLink::RedisLink(net::Loop& loop, net::Egress egress, RedisAddress address,
                     std::shared_ptr<net::TlsClientContext> tls, std::chrono::milliseconds silence,
                     Owner& owner)
    : loop_(loop),
      egress_(std::move(egress)),
      address_(std::move(address)),
      tls_(std::move(tls)),
      silence_(silence),
      owner_(owner),
      random_(std::random_device{}()) {}

RedisLink::~RedisLink() = default;

void RedisLink::start() { live_after(std::chrono::milliseconds(0)); }

void RedisLink::close() {
  is_closed_ = true;
  reading_.cancel();
  writing_.cancel();
  stream_.reset();
  sent_.clear();
}

void RedisLink::post(void (RedisLink::*what)()) {
  loop_.post([this, what, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired() && !is_closed_) (this->*what)();
  });
}

void RedisLink::check_rules() {
  if (is_open() && !egress_.admits(peer_)) drop("the network's rules do not allow " + peer_.host_text() + " any more");
}

void RedisLink::drop(std::string why) {
  if (is_dropping_ || is_closed_) return;
  is_dropping_ = true;
  why_ = std::move(why);
  post(&RedisLink::end_connection);
}

void RedisLink::end_connection() {
  reading_.cancel();
  writing_.cancel();
  stream_.reset();
  out_.clear();
  is_writing_ = false;
  auto lost = std::exchange(sent_, {});
  is_dropping_ = false;
  owner_.on_gone(why_);
  for (auto& sent : lost) sent.request->lost();
  live_after(backoff_.next(random_()));
}

void RedisLink::live_after(std::chrono::milliseconds pause) {
  reading_.cancel();
  reading_ = base::run(live(pause), reading_result_);
  reading_.start(&nobody_);
}

awaitable<void> RedisLink::live(std::chrono::milliseconds pause) {
  net::Sleep sleep(loop_, Clock::now() + pause);
  if (pause.count() > 0) co_await sleep;
  net::Connected connected = co_await net::connect(loop_, address_.endpoint, egress_, tls_,
                                                   Clock::now() + connect_timeout);
  if (!connected.stream) {
    drop(std::move(connected.error));
    co_return;
  }
  stream_ = std::move(connected.stream);
  peer_ = connected.address;
  reader_ = std::make_unique<ReplyReader>();
  owner_.on_connected();
  std::string why = co_await read_replies();
  drop(std::move(why));
}

awaitable<std::string> RedisLink::read_replies() {
  for (;;) {
    Wait wait = stream_->readable(Clock::now() + silence_ / 2);
    const Wake wake = co_await wait;
    if (wake == Wake::timeout) {
      if (!sent_.empty() && sent_.front().at + silence_ < Clock::now()) {
        co_return std::string("Redis does not answer");
      }
      continue;
    }
    for (;;) {
      net::Buffer buffer(loop_);
      const IoResult result = stream_->try_read(buffer.data(), net::Buffer::capacity);
      if (result.status == IoStatus::would_block) break;
      if (result.status != IoStatus::ok) co_return std::string("Redis closed the connection");
      std::string broken = take_replies(std::string_view(buffer.data(), result.bytes));
      if (!broken.empty()) co_return broken;
      if (is_dropping_) co_return std::string();
    }
  }
}

// "" or what is wrong with them.
std::string RedisLink::take_replies(std::string_view bytes) {
  reader_->feed(bytes);
  for (;;) {
    Reply reply;
    switch (reader_->next(reply)) {
      case ReplyReader::Status::need_more: return {};
      case ReplyReader::Status::broken: return "the peer does not speak Redis's protocol";
      case ReplyReader::Status::reply: break;
    }
    if (sent_.empty()) return "a reply that nobody asked for: " + reply.text.substr(0, 80);
    const auto request = std::move(sent_.front().request);
    sent_.pop_front();
    request->answered(reply);
  }
}

void RedisLink::send(std::span<const std::string> words, std::unique_ptr<Request> request) {
  append_command(out_, words);
  sent_.push_back({std::move(request), Clock::now()});
  if (!std::exchange(is_flush_posted_, true)) post(&RedisLink::flush);
}

void RedisLink::flush() {
  is_flush_posted_ = false;
  if (!is_open() || is_writing_ || out_.empty()) return;
  const std::string_view all[] = {out_};
  const IoResult result = stream_->try_write(all);
  if (result.status == IoStatus::failed) return drop("Redis closed the connection");
  out_.erase(0, result.bytes);
  if (out_.empty()) return;
  is_writing_ = true;
  writing_.cancel();
  writing_ = base::run(write_rest(), writing_result_);
  writing_.start(&nobody_);
}

awaitable<void> RedisLink::write_rest() {
  while (!out_.empty()) {
    const std::string_view all[] = {out_};
    const IoResult result = stream_->try_write(all);
    if (result.status == IoStatus::failed) {
      drop("Redis closed the connection");
      co_return;
    }
    out_.erase(0, result.bytes);
    if (result.status != IoStatus::would_block) continue;
    Wait wait = stream_->writable(no_deadline);
    co_await wait;
  }
  is_writing_ = false;
}

}  // namespace tollgate::sharing
