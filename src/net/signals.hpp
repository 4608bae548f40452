// SIGTERM, SIGINT and SIGHUP as calls from an event loop.
#pragma once

#include <functional>
#include <memory>

namespace tollgate::net {

class Loop;

class Signals {
 public:
  // `on_signal` gets the signal's number on the loop's thread.
  Signals(Loop& loop, std::function<void(int)> on_signal);
  ~Signals();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tollgate::net
