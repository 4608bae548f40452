#include "ledger/pending.hpp"

#include "base/pages.hpp"

#include <span>

namespace tollgate::ledger {
namespace {

// About what a map takes for an element beside its text.
constexpr std::size_t row_bytes = sizeof(Pending::Row) + 80;
constexpr std::size_t slot_bytes = 64;

constexpr std::size_t kept_buffer_bytes = 4 * 1024 * 1024;  // larger ones are given back

}  // namespace

void Pending::add(Lane::Taken& taken) {
  std::span<const char> rest = taken.entries;
  while (!rest.empty()) {
    Entry entry = read_entry(rest);
    if (entry.step == Step::open) {
      opened_[entry.intent] = {entry.minute, std::string(entry.series), entry.sums,
                               {entry.deltas.begin(), entry.deltas.end()}};
      continue;
    }
    if (entry.intent != 0) close(entry.intent);
    if (entry.step == Step::withdraw) continue;
    for (const Delta& delta : entry.deltas) slots_[{delta.meter, delta.slot_ms}] += delta.amount;
    add_usage(entry);
  }
  for (const auto& [slot, amount] : taken.overflow) slots_[slot] += amount;
  dropped_ += taken.dropped;
  taken.entries.clear();
  if (taken.entries.capacity() > kept_buffer_bytes) {
    base::give_back_pages({taken.entries.data(), taken.entries.capacity()});
    taken.entries = std::vector<char>();
  }
  taken.overflow.clear();
  taken.dropped = 0;
}

void Pending::add_usage(const Entry& entry) {
  while (usage_bytes_ > bound_ && usage_.size() > 1) drop_oldest_minute();
  Series& series = usage_[entry.minute];
  auto found = series.find(entry.series);
  if (found != series.end()) {
    found->second.sums += entry.sums;
    found->second.charges += entry.charges;
    return;
  }
  if (usage_bytes_ > bound_) {
    dropped_ += entry.charges;
    return;
  }
  series.emplace(entry.series, Row{entry.sums, entry.charges});
  usage_bytes_ += row_bytes + entry.series.size();
}

// An intent that was opened and closed in between need not be written at all.
void Pending::close(std::uint64_t intent) {
  if (opened_.erase(intent) == 0) closed_.push_back(intent);
}

void Pending::drop_oldest_minute() {
  auto oldest = usage_.begin();
  for (const auto& [series, row] : oldest->second) {
    usage_bytes_ -= row_bytes + series.size();
    dropped_ += row.charges;
  }
  usage_.erase(oldest);
}

std::size_t Pending::bytes() const noexcept {
  return usage_bytes_ + slots_.size() * slot_bytes +
         opened_.size() * (sizeof(Intent) + row_bytes) + closed_.size() * sizeof(std::uint64_t);
}

void Pending::clear() {
  usage_.clear();
  usage_bytes_ = 0;
  slots_.clear();
  opened_.clear();
  closed_.clear();
}

}  // namespace tollgate::ledger
