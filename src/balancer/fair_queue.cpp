#include "balancer/fair_queue.hpp"

#include <algorithm>

namespace tollgate::balancer {

namespace {

bool stands_before(const Waiter& a, const Waiter& b) noexcept {
  return a.rank != b.rank ? a.rank < b.rank : a.start <= b.start;
}

}  // namespace

bool FairQueue::add(Waiter& waiter, std::size_t most) {
  if (size_ >= most) return false;
  double& finish = finish_of(waiter.flow);
  waiter.start = std::max(now_, finish);
  finish = waiter.start + waiter.tokens;
  Waiter* before = last_;
  while (before && !stands_before(*before, waiter)) before = before->prev;
  waiter.prev = before;
  waiter.next = before ? before->next : first_;
  (waiter.prev ? waiter.prev->next : first_) = &waiter;
  (waiter.next ? waiter.next->prev : last_) = &waiter;
  waiter.is_queued = true;
  ++size_;
  return true;
}

void FairQueue::leave(Waiter& waiter) {
  finish_of(waiter.flow) -= waiter.tokens;  // it took nothing
  unlink(waiter);
}

void FairQueue::serve(Waiter& waiter) {
  now_ = std::max(now_, waiter.start);
  unlink(waiter);
}

bool FairQueue::is_next(const Waiter& waiter) const noexcept {
  if (waiter.is_queued) return &waiter == first_;
  return !first_ || first_->rank > waiter.rank;
}

double FairQueue::tokens_before(const Waiter& waiter) const noexcept {
  double sum = 0;
  for (const Waiter* w = first_; w && w != &waiter && w->rank <= waiter.rank; w = w->next) sum += w->tokens;
  return sum;
}

// Flows that have had what they asked for are forgotten too: they begin anew.
double& FairQueue::finish_of(std::uint64_t flow) {
  const auto found = std::find_if(flows_.begin(), flows_.end(), [&](const Flow& f) { return f.id == flow; });
  if (found != flows_.end()) return found->finish;
  std::erase_if(flows_, [&](const Flow& f) { return f.finish <= now_; });
  return flows_.emplace_back(Flow{flow, now_}).finish;
}

void FairQueue::unlink(Waiter& waiter) {
  (waiter.prev ? waiter.prev->next : first_) = waiter.next;
  (waiter.next ? waiter.next->prev : last_) = waiter.prev;
  waiter.prev = waiter.next = nullptr;
  waiter.is_queued = false;
  if (--size_ > 0) return;
  flows_.clear();  // what was is forgotten when nobody waits
  now_ = 0;
}

}  // namespace tollgate::balancer
