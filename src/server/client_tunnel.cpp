#include "server/client_tunnel.hpp"

#include "server/server.hpp"

#include <utility>

namespace tollgate::server {

// Waits for a moment, or to be woken before it.
class ClientTunnel::Rest : private Timer {
 public:
  Rest(ClientTunnel& tunnel, TimePoint until) : tunnel_(tunnel) {
    at = until;
    fire = [](Timer& self) { static_cast<Rest&>(self).caller_.resume(); };
  }
  Rest(const Rest&) = delete;
  ~Rest() {
    tunnel_.ex_.loop.disarm(*this);
    tunnel_.rest_ = nullptr;
  }

  bool await_ready() const noexcept { return tunnel_.must_end_; }
  void await_suspend(std::coroutine_handle<> caller) {
    caller_ = caller;
    tunnel_.rest_ = this;
    tunnel_.ex_.loop.arm(*this);
  }
  bool await_resume() const noexcept { return !tunnel_.must_end_; }

  // The event loop resumes it: whoever tells may be destroyed by what follows.
  void cut_short() {
    tunnel_.ex_.loop.disarm(*this);
    at = Clock::now();
    tunnel_.ex_.loop.arm(*this);
  }

 private:
  ClientTunnel& tunnel_;
  std::coroutine_handle<> caller_;
};

ClientTunnel::~ClientTunnel() {
  if (has_begun_) server_.remove_session(*this);
}

bool ClientTunnel::is_open() const noexcept { return !server_.is_draining(); }

void ClientTunnel::begin() {
  if (std::exchange(has_begun_, true)) return;
  stream_.unwatch();  // from now on a client that leaves is seen by reading
  server_.add_session(*this);
}

void ClientTunnel::end() {
  must_end_ = true;
  if (rest_) rest_->cut_short();
}

awaitable<bool> ClientTunnel::rest(TimePoint until) {
  begin();
  Rest wait(*this, until);
  co_return co_await wait;
}

awaitable<std::string_view> ClientTunnel::receive() {
  begin();
  inbox_.drop(std::exchange(last_bytes_, 0));
  if (inbox_.bytes.empty()) return receive_slowly();
  last_bytes_ = inbox_.bytes.size();
  return inbox_.bytes;
}

awaitable<std::string_view> ClientTunnel::receive_slowly() {
  for (;;) {
    const IoStatus status = inbox_.read(stream_);
    if (status == IoStatus::would_block) {
      Wait readable = stream_.readable(no_deadline);
      co_await readable;
      continue;
    }
    if (status != IoStatus::ok) co_return std::string_view();
    last_bytes_ = inbox_.bytes.size();
    co_return inbox_.bytes;
  }
}

}  // namespace tollgate::server
