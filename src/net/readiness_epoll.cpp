// Readiness on Asio's epoll reactor. It uses asio::detail, which the pinned Boost (CMakeLists.txt)
// keeps stable; readiness_asio.cpp does the same with the public interface.
#include "net/loop.hpp"
#include "net/readiness.hpp"

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>

#include <memory>
#include <unistd.h>

namespace tollgate::net {

namespace asio = boost::asio;
using Reactor = asio::detail::epoll_reactor;

struct Readiness::Core {
  // One per direction, used again and again. "Exhausted" makes the reactor remember that the edge has
  // been used up, and an edge that comes while nothing is armed makes the next start end at once.
  struct Operation : asio::detail::reactor_op {
    Operation(Core* owner, For which)
        : reactor_op(boost::system::error_code(), perform, complete), core(owner), direction(which) {}

    static status perform(reactor_op*) { return done_and_exhausted; }
    static void complete(void* owner, asio::detail::operation* base,
                         const boost::system::error_code&, std::size_t) {
      auto& self = *static_cast<Operation*>(base);
      self.is_armed = false;
      Core* core = self.core;
      const bool is_aborted = self.ec_ == asio::error::operation_aborted;
      if (owner && !is_aborted && core->listener) core->listener->on_ready(self.direction);
      core->release();
    }

    Core* core;
    For direction;
    bool is_armed = false;
  };

  Core(Loop& loop, int fd, Listener& l)
      : reactor(asio::use_service<Reactor>(loop.io())),
        socket(fd),
        listener(&l),
        read(this, For::read) {
    reactor.init_task();
    reactor.register_descriptor(socket, descriptor);
  }

  void arm(For direction) {
    if (direction == For::write && !write) write = std::make_unique<Operation>(this, For::write);
    auto& operation = direction == For::read ? read : *write;
    if (operation.is_armed) return;
    operation.is_armed = true;
    operation.ec_ = {};
    ++references;
    reactor.start_op(direction == For::read ? Reactor::read_op : Reactor::write_op, socket,
                     descriptor, &operation, false, true);
  }

  void close() {
    listener = nullptr;
    reactor.deregister_descriptor(socket, descriptor, true);
    ::close(socket);
    reactor.cleanup_descriptor_data(descriptor);
    socket = -1;
  }

  void release() {
    if (--references == 0) delete this;
  }

  Reactor& reactor;
  int socket;
  Reactor::per_descriptor_data descriptor{};
  Listener* listener;
  int references = 1;  // the Readiness, and each armed operation
  Operation read;
  std::unique_ptr<Operation> write;  // most connections never wait for it
};

Readiness::Readiness(Loop& loop, int socket, bool, Listener& listener)
    : core_(new Core(loop, socket, listener)) {}

Readiness::~Readiness() {
  close();
  core_->release();
}

void Readiness::arm(For direction) { core_->arm(direction); }

void Readiness::close() {
  if (core_->socket >= 0) core_->close();
}

}  // namespace tollgate::net
