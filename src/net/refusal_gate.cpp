#include "net/refusal_gate.hpp"

#include <utility>

namespace tollgate::net {

std::optional<std::uint64_t> RefusalGate::pass(const std::string& kind, TimePoint now) {
  if (kinds_.size() >= most_kinds && !kinds_.contains(kind)) {
    std::erase_if(kinds_, [now](const auto& entry) { return now - entry.second.told_at >= again_after; });
    if (kinds_.size() >= most_kinds) return std::nullopt;
  }
  Kind& known = kinds_[kind];
  const bool is_due = !known.is_told || now - known.told_at >= again_after;
  if (!is_due || !has_room(now)) {
    ++known.untold;
    return std::nullopt;
  }
  known.is_told = true;
  known.told_at = now;
  return std::exchange(known.untold, 0);
}

bool RefusalGate::has_room(TimePoint now) {
  if (told_in_window_ == 0 || now - window_start_ >= again_after) {
    window_start_ = now;
    told_in_window_ = 0;
  }
  return ++told_in_window_ <= most_in_that_time;
}

}  // namespace tollgate::net
