#include "net/signals.hpp"

#include "net/loop.hpp"

#include <boost/asio/signal_set.hpp>

#include <csignal>

namespace tollgate::net {

struct Signals::State : std::enable_shared_from_this<State> {
  State(Loop& loop, std::function<void(int)> handler)
      : set(loop.io(), SIGTERM, SIGINT, SIGHUP), on_signal(std::move(handler)) {}
  boost::asio::signal_set set;
  std::function<void(int)> on_signal;

  void wait() {
    set.async_wait([self = shared_from_this()](boost::system::error_code ec, int number) {
      if (ec) return;
      self->wait();
      self->on_signal(number);
    });
  }
};

Signals::Signals(Loop& loop, std::function<void(int)> on_signal)
    : state_(std::make_shared<State>(loop, std::move(on_signal))) {
  state_->wait();
}

Signals::~Signals() {
  boost::system::error_code ignored;
  state_->set.cancel(ignored);
}

}  // namespace tollgate::net
