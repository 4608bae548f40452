// Asio's reactor watches the epoll. That uses asio::detail, which the pinned Boost (CMakeLists.txt) keeps stable.
#include "net/poller.hpp"

#include "net/loop.hpp"

#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tollgate::net {

namespace asio = boost::asio;

namespace {

using For = Readiness::For;

// Of those that may begin something, in a turn. What a few dozen requests need stays in a core's second cache.
constexpr int starts_a_turn = 32;
constexpr int events_a_look = 256;
constexpr int answers_a_look = 8;  // less than a tenth of a millisecond

unsigned char bit_of(For direction) { return direction == For::read ? 1 : 2; }

int open_epoll() {
  const int fd = ::epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  return fd;
}

void unlink(Poller::Watched& watched) noexcept {
  watched.previous->next = watched.next;
  watched.next->previous = watched.previous;
  watched.next = watched.previous = nullptr;
}

}  // namespace

void Poller::Queue::add(Watched& watched) noexcept {
  watched.next = &ends_;
  watched.previous = ends_.previous;
  ends_.previous->next = &watched;
  ends_.previous = &watched;
}

void Poller::Queue::take_all_of(Queue& other) noexcept {
  while (!other.is_empty()) {
    Watched& watched = other.first();
    unlink(watched);
    add(watched);
  }
}

Poller::Watched* Poller::Queue::last_that_may_jump() noexcept {
  Watched* last = ends_.previous;
  while (last != &ends_ && last->rank == Readiness::Rank::in_line) last = last->previous;
  return last == &ends_ ? nullptr : last;
}

struct Poller::Service final : asio::execution_context::service {
  using key_type = Service;
  static asio::execution_context::id id;

  explicit Service(asio::execution_context& context)
      : service(context), io(static_cast<asio::io_context&>(context)), poller(*this) {}
  void shutdown() override;

  asio::io_context& io;
  Poller poller;
};

asio::execution_context::id Poller::Service::id;

struct Poller::Outside {
  using Reactor = asio::detail::epoll_reactor;

  // "Exhausted" makes the reactor remember that the edge has been used up, and an edge that comes while nothing
  // is armed makes the next start end at once.
  struct Wait : asio::detail::reactor_op {
    explicit Wait(Poller& p) : reactor_op(boost::system::error_code(), perform, complete), poller(p) {}
    static status perform(reactor_op*) { return done_and_exhausted; }
    static void complete(void* owner, asio::detail::operation* base, const boost::system::error_code&, std::size_t) {
      auto& self = *static_cast<Wait*>(base);
      self.is_armed = false;
      const bool is_aborted = self.ec_ == asio::error::operation_aborted;
      if (owner && !is_aborted && !self.poller.is_due_) self.poller.turn();
    }

    Poller& poller;
    bool is_armed = false;
  };

  Outside(asio::io_context& context, Poller& poller)
      : io(context), reactor(asio::use_service<Reactor>(context)), wait(poller) {
    reactor.init_task();
    if (const int error = reactor.register_descriptor(poller.epoll_, descriptor))
      throw std::system_error(error, std::system_category(), "epoll_ctl");
  }

  void arm(int epoll) {
    if (wait.is_armed) return;
    wait.is_armed = true;
    wait.ec_ = {};
    reactor.start_op(Reactor::read_op, epoll, descriptor, &wait, false, true);
  }

  asio::io_context& io;
  Reactor& reactor;
  Reactor::per_descriptor_data descriptor{};
  Wait wait;
};

void Poller::Service::shutdown() {
  auto& [context, reactor, descriptor, wait] = *poller.outside_;
  reactor.deregister_descriptor(poller.epoll_, descriptor, true);
  ::close(poller.epoll_);
  reactor.cleanup_descriptor_data(descriptor);
}

Poller& Poller::of(Loop& loop) { return asio::use_service<Service>(loop.io()).poller; }

Poller::Poller(Service& service) : epoll_(open_epoll()), outside_(std::make_unique<Outside>(service.io, *this)) {
  go_on_later();
}

Poller::~Poller() = default;

void Poller::add(Watched& watched) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &watched;
  // Where the kernel has no memory for it, waits end at their deadlines.
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, watched.socket, &event);
  watched.edges = bit_of(For::read);  // something may have come before
}

void Poller::arm(Watched& watched, For direction) {
  const unsigned char bit = bit_of(direction);
  if (!watched.listener || watched.armed & bit) return;
  watched.armed |= bit;
  if (direction == For::write && !watched.watches_writing) {
    watched.watches_writing = true;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLOUT | EPOLLET;
    event.data.ptr = &watched;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, watched.socket, &event);  // tells at once of a socket that is ready
  }
  if (watched.edges & bit) {
    watched.edges &= static_cast<unsigned char>(~bit);
    watched.due |= bit;
    queue(watched);
    if (!is_due_) go_on_later();
  }
}

bool Poller::has_news(const Watched& watched) noexcept { return (watched.edges | watched.due) & bit_of(For::read); }

void Poller::notice(Watched& watched) {
  if (!watched.listener) return;
  happened(watched, bit_of(For::read));
  if (!is_due_) go_on_later();
}

void Poller::remove(Watched& watched) noexcept {
  // Closing alone ends the watch only if nobody else holds the socket; who looks at /proc may.
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, watched.socket, nullptr);
  watched.listener = nullptr;
  watched.edges = watched.due = 0;
  if (watched.next) unlink(watched);
  if (answered_ == &watched) answered_ = nullptr;
}

void Poller::go_on_later() {
  is_due_ = true;
  asio::post(outside_->io, [this] {
    is_due_ = false;
    turn();
  });
}

void Poller::turn() {
  is_in_turn_ = false;
  look();
  answer_latest();
  now_.take_all_of(finishing_);  // who is queued meanwhile has his answer in the next turn
  int answers = 0;
  const auto answer_one_of = [&](Queue& queue) {
    answer(queue.first());
    if (++answers % answers_a_look == 0) look_for_latest();
  };
  while (!now_.is_empty()) answer_one_of(now_);
  is_in_turn_ = true;
  for (int starts = 0; starts < starts_a_turn && !starting_.is_empty(); ++starts) answer_one_of(starting_);
  is_in_turn_ = false;
  if (is_due_) return;
  if (may_be_more_ || !finishing_.is_empty() || !starting_.is_empty()) return go_on_later();
  outside_->arm(epoll_);
}

void Poller::answer_latest() {
  for (; latest_ > 0 && came_ > 0; --came_) {
    Watched* const last = starting_.last_that_may_jump();
    if (!last) return;
    --latest_;
    answer(*last);
  }
}

void Poller::look_for_latest() {
  if (latest_ <= 0) return;
  const bool was_in_turn = std::exchange(is_in_turn_, false);
  look();
  answer_latest();
  is_in_turn_ = was_in_turn;
  if (!is_due_ && !was_in_turn) go_on_later();  // for those who are not turned away
}

// Queues who is ready.
void Poller::look() {
  std::array<epoll_event, events_a_look> events;
  came_ = 0;
  const int count = ::epoll_wait(epoll_, events.data(), events_a_look, 0);
  for (int i = 0; i < count; ++i) note(*static_cast<Watched*>(events[i].data.ptr), events[i].events);
  may_be_more_ = count == events_a_look || (count < 0 && errno == EINTR);
}

void Poller::note(Watched& watched, unsigned events) {
  unsigned char directions = 0;
  if (events & (EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) watched.stops_short = true;
  if (events & (EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) directions |= bit_of(For::read);
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) directions |= bit_of(For::write);
  happened(watched, directions);
}

void Poller::happened(Watched& watched, unsigned char directions) noexcept {
  watched.edges |= static_cast<unsigned char>(directions & ~watched.armed);
  watched.due |= static_cast<unsigned char>(directions & watched.armed);
  if (watched.due) queue(watched);
}

void Poller::queue(Watched& watched) noexcept {
  const bool can_write = watched.due & bit_of(For::write);
  if (watched.next && !can_write) return;
  if (watched.next) unlink(watched);
  if (can_write || watched.rank == Readiness::Rank::finishing) return finishing_.add(watched);
  starting_.add(watched);
  ++came_;
}

void Poller::answer(Watched& watched) {
  unlink(watched);
  const unsigned char due = watched.due;
  watched.due = 0;
  watched.armed &= static_cast<unsigned char>(~due);
  answered_ = &watched;
  if (due & bit_of(For::read)) watched.listener->on_ready(For::read);
  if (answered_ && (due & bit_of(For::write))) watched.listener->on_ready(For::write);
  answered_ = nullptr;
}

}  // namespace tollgate::net
