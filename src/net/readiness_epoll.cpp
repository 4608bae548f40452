// Readiness on the loop's Poller; readiness_asio.cpp does the same with Asio's public interface.
#include "net/poller.hpp"
#include "net/readiness.hpp"

#include <unistd.h>

namespace tollgate::net {

struct Readiness::Core : Poller::Watched {
  explicit Core(Poller& p) : poller(p) {}
  Poller& poller;
};

Readiness::Readiness(Loop& loop, int socket, bool, Listener& listener, Rank rank)
    : core_(new Core(Poller::of(loop))) {
  core_->socket = socket;
  core_->listener = &listener;
  core_->rank = rank;
  core_->poller.add(*core_);
}

Readiness::~Readiness() {
  close();
  delete core_;
}

void Readiness::prepare(Loop& loop) { Poller::of(loop); }

void Readiness::answer_latest(Loop& loop, int count) { Poller::of(loop).set_latest(count); }

void Readiness::look_for_latest(Loop& loop) { Poller::of(loop).look_for_latest(); }

bool Readiness::is_in_turn(Loop& loop) { return Poller::of(loop).is_in_turn(); }

void Readiness::set_rank(Rank rank) { core_->rank = rank; }

bool Readiness::has_news() const noexcept { return Poller::has_news(*core_); }

bool Readiness::reads_stop_short() const noexcept { return core_->stops_short; }

void Readiness::notice() { core_->poller.notice(*core_); }

void Readiness::arm(For direction) { core_->poller.arm(*core_, direction); }

void Readiness::close() {
  if (core_->socket < 0) return;
  core_->poller.remove(*core_);
  ::close(core_->socket);
  core_->socket = -1;
}

}  // namespace tollgate::net
