// Accepts connections on one address for one worker (SO_REUSEPORT: each worker has its own).
// One thread: the worker's.
#pragma once

#include "net/address.hpp"

#include <functional>
#include <memory>

namespace tollgate::net {

class Loop;
class TcpStream;

// Throws std::runtime_error when somebody listens on the address already. SO_REUSEPORT would let a
// second gateway of the same user take half of the connections without a word.
void refuse_if_taken(const Address& address);

class Listener {
 public:
  using OnConnection = std::function<void(std::unique_ptr<TcpStream>)>;

  // Binds and listens at once; throws std::runtime_error that names the address and the reason.
  Listener(Loop& loop, const Address& address, OnConnection on_connection);
  ~Listener();
  Listener(const Listener&) = delete;

  void start();
  void stop();  // connections already accepted live on
  Address address() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tollgate::net
