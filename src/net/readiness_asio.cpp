// Readiness by Asio's public interface, for io_uring.
#include "net/loop.hpp"
#include "net/readiness.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace tollgate::net {

namespace asio = boost::asio;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;

struct Readiness::Core {
  Core(Loop& loop, int fd, bool is_v6, Listener& l)
      : socket(loop.io().get_executor(), is_v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), fd),
        listener(&l) {}

  // Keeps the core alive until Asio has called (or thrown away) the handler.
  class Reference {
   public:
    explicit Reference(Core* core) : core_(core) { ++core_->references; }
    Reference(Reference&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
    Reference(const Reference& other) : core_(other.core_) { ++core_->references; }
    Reference& operator=(const Reference&) = delete;
    ~Reference() {
      if (core_) core_->release();
    }
    Core* operator->() const { return core_; }

   private:
    Core* core_;
  };

  void arm(For direction) {
    bool& is_armed = direction == For::read ? read_is_armed : write_is_armed;
    if (std::exchange(is_armed, true)) return;
    socket.async_wait(direction == For::read ? Socket::wait_read : Socket::wait_write,
                      [self = Reference(this), direction](boost::system::error_code ec) {
                        (direction == For::read ? self->read_is_armed : self->write_is_armed) = false;
                        if (ec == asio::error::operation_aborted || !self->listener) return;
                        self->listener->on_ready(direction);
                      });
  }

  void release() {
    if (--references == 0) delete this;
  }

  Socket socket;
  Listener* listener;
  int references = 1;  // the Readiness, and each wait that Asio holds
  bool read_is_armed = false;
  bool write_is_armed = false;
};

Readiness::Readiness(Loop& loop, int socket, bool is_v6, Listener& listener, Rank)
    : core_(new Core(loop, socket, is_v6, listener)) {}

Readiness::~Readiness() {
  close();
  core_->release();
}

void Readiness::prepare(Loop&) {}

void Readiness::answer_latest(Loop&, int) {}

void Readiness::look_for_latest(Loop&) {}

bool Readiness::is_in_turn(Loop&) { return false; }

void Readiness::set_rank(Rank) {}

bool Readiness::has_news() const noexcept { return true; }

bool Readiness::reads_stop_short() const noexcept { return false; }

void Readiness::notice() {
  asio::post(core_->socket.get_executor(), [self = Core::Reference(core_)] {
    if (self->listener) self->listener->on_ready(For::read);
  });
}

void Readiness::arm(For direction) { core_->arm(direction); }

void Readiness::close() {
  core_->listener = nullptr;
  boost::system::error_code ignored;
  core_->socket.close(ignored);
}

}  // namespace tollgate::net
