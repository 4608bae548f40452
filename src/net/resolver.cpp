#include "net/resolver.hpp"

#include "net/loop.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstring>
#include <memory>

namespace tollgate::net {

namespace {

using boost::asio::ip::tcp;

// One look-up under way. The handler shares it, so that the waiter may be destroyed first.
struct Lookup : Timer, std::enable_shared_from_this<Lookup> {
  explicit Lookup(Loop& l) : loop(l), resolver(l.io()) {}
  Loop& loop;
  tcp::resolver resolver;
  std::coroutine_handle<> caller;
  Resolved result;

  void finish() {
    loop.disarm(*this);
    if (caller) std::exchange(caller, nullptr).resume();
  }
};

class AwaitLookup {
 public:
  AwaitLookup(Loop& loop, const std::string& host, std::uint16_t port, TimePoint deadline)
      : lookup_(std::make_shared<Lookup>(loop)), host_(host), port_(port) {
    lookup_->at = deadline;
  }
  AwaitLookup(const AwaitLookup&) = delete;
  ~AwaitLookup() {
    lookup_->caller = nullptr;
    lookup_->loop.disarm(*lookup_);
    lookup_->resolver.cancel();
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    lookup_->caller = caller;
    lookup_->fire = [](Timer& timer) {
      auto& self = static_cast<Lookup&>(timer);
      self.result.error = "name resolution took too long";
      self.finish();
    };
    lookup_->loop.arm(*lookup_);
    lookup_->resolver.async_resolve(
        host_, std::to_string(port_),
        [self = lookup_](boost::system::error_code ec, tcp::resolver::results_type results) {
          if (!self->caller) return;
          if (ec) self->result.error = ec.message();
          for (const auto& entry : results) {
            Address address;
            address.size = static_cast<socklen_t>(entry.endpoint().size());
            std::memcpy(&address.storage, entry.endpoint().data(), address.size);
            self->result.addresses.push_back(address);
          }
          self->finish();
        });
  }
  Resolved await_resume() { return std::move(lookup_->result); }

 private:
  std::shared_ptr<Lookup> lookup_;
  const std::string& host_;
  std::uint16_t port_;
};

awaitable<Resolved> look_up(Loop& loop, const std::string& host, std::uint16_t port,
                            TimePoint deadline) {
  AwaitLookup lookup(loop, host, port, deadline);
  co_return co_await lookup;
}

}  // namespace

awaitable<Resolved> resolve(Loop& loop, const std::string& host, std::uint16_t port,
                            TimePoint deadline) {
  if (const auto literal = parse_address(host, port)) {
    Resolved result;
    result.addresses.push_back(*literal);
    return result;
  }
  return look_up(loop, host, port, deadline);
}

}  // namespace tollgate::net
