#include "ledger/entry.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace tollgate::ledger {
namespace {

struct Head {
  std::uint64_t intent;
  std::int64_t minute;
  Sums sums;
  std::uint32_t size;  // of the whole entry, a multiple of 8
  std::uint32_t charges;
  std::uint32_t delta_count;
  std::uint16_t series_size;
  Step step;
};
static_assert(sizeof(Head) % alignof(Delta) == 0);

struct SeriesHead {
  std::array<std::uint16_t, text_count> lengths;
  bool is_ptu;
  bool is_batch;
};
static_assert(text_count * max_text + sizeof(SeriesHead) <= std::numeric_limits<std::uint16_t>::max());

std::array<std::string_view, text_count> texts_of(const Charge& c) {
  return {c.subscription, c.product,     c.cost_center, c.user,       c.session, c.task,
          c.operation,    c.model_asked, c.model,       c.deployment, c.region};
}

Sums sums_of(const Charge& c) {
  return {.requests = c.requests,
          .prompt = c.usage.prompt_tokens,
          .cached = c.usage.cached_tokens,
          .completion = c.usage.completion_tokens,
          .reasoning = c.usage.reasoning_tokens,
          .estimated = (c.is_estimated ? 1 : 0) - (c.ends_estimate ? 1 : 0),
          .cost = c.cost,
          .saved = c.saved};
}

Head head_of(const char* entry) noexcept {
  Head head;
  std::memcpy(&head, entry, sizeof head);
  return head;
}

// The buffer comes from operator new and every entry is a multiple of 8: Deltas lie aligned.
std::span<const Delta> deltas_of(const char* entry, const Head& head) noexcept {
  return {reinterpret_cast<const Delta*>(entry + sizeof head), head.delta_count};
}
std::span<Delta> deltas_of(char* entry, const Head& head) noexcept {
  return {reinterpret_cast<Delta*>(entry + sizeof head), head.delta_count};
}

std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) noexcept {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 32);
}

std::int64_t minute_of(WallTime at) {
  return std::chrono::floor<std::chrono::minutes>(at.time_since_epoch()).count();
}

}  // namespace

Sums& Sums::operator+=(const Sums& other) noexcept {
  requests += other.requests;
  prompt += other.prompt;
  cached += other.cached;
  completion += other.completion;
  reasoning += other.reasoning;
  estimated += other.estimated;
  cost += other.cost;
  saved += other.saved;
  return *this;
}

SeriesKey read_series(std::string_view key) {
  SeriesHead head;
  std::memcpy(&head, key.data(), sizeof head);
  SeriesKey result;
  result.is_ptu = head.is_ptu;
  result.is_batch = head.is_batch;
  std::size_t at = sizeof head;
  for (std::size_t i = 0; i < text_count; ++i) {
    result.texts[i] = key.substr(at, head.lengths[i]);
    at += head.lengths[i];
  }
  return result;
}

void write_entry(std::vector<char>& out, Step step, std::uint64_t intent, const Charge& charge,
                 std::span<const Delta> deltas) {
  auto texts = texts_of(charge);
  SeriesHead series{{}, charge.kind == DeploymentKind::ptu, charge.is_batch};
  std::size_t series_size = sizeof series;
  for (std::size_t i = 0; i < text_count; ++i) {
    texts[i] = texts[i].substr(0, max_text);
    series.lengths[i] = static_cast<std::uint16_t>(texts[i].size());
    series_size += texts[i].size();
  }
  const std::size_t size = (sizeof(Head) + deltas.size_bytes() + series_size + 7) / 8 * 8;
  const std::size_t start = out.size();
  out.resize(start + size);
  char* to = out.data() + start;
  const auto put = [&to](const void* from, std::size_t count) {
    if (count != 0) std::memcpy(to, from, count);
    to += count;
  };
  const Head head{intent,
                  minute_of(charge.at),
                  sums_of(charge),
                  static_cast<std::uint32_t>(size),
                  1,
                  static_cast<std::uint32_t>(deltas.size()),
                  static_cast<std::uint16_t>(series_size),
                  step};
  put(&head, sizeof head);
  put(deltas.data(), deltas.size_bytes());
  put(&series, sizeof series);
  for (std::string_view text : texts) put(text.data(), text.size());
}

std::uint64_t hash_of_entry(std::span<const char> entry) noexcept {
  const Head head = head_of(entry.data());
  std::uint64_t hash = mixed(head.size, static_cast<std::uint64_t>(head.minute));
  const char* at = entry.data() + sizeof head;
  for (int left = head.delta_count; left > 0; --left, at += sizeof(Delta)) {
    Delta delta;
    std::memcpy(&delta, at, sizeof delta);
    hash = mixed(hash ^ delta.meter, static_cast<std::uint64_t>(delta.slot_ms));
  }
  for (const char* const end = entry.data() + head.size; at != end; at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    hash = mixed(hash, word);
  }
  return hash;
}

bool add_last(std::vector<char>& entries, std::size_t earlier, std::size_t last) {
  char* const to = entries.data() + earlier;
  const char* const from = entries.data() + last;
  Head sum = head_of(to);
  const Head added = head_of(from);
  if (sum.size != added.size || sum.minute != added.minute || sum.delta_count != added.delta_count) return false;
  const auto deltas = deltas_of(to, sum);
  const auto more = deltas_of(from, added);
  const auto is_same_slot = [](const Delta& a, const Delta& b) { return a.meter == b.meter && a.slot_ms == b.slot_ms; };
  if (!std::equal(deltas.begin(), deltas.end(), more.begin(), is_same_slot)) return false;
  const std::size_t before_series = sizeof(Head) + deltas.size_bytes();
  if (std::memcmp(to + before_series, from + before_series, sum.size - before_series) != 0) return false;
  for (std::size_t i = 0; i < deltas.size(); ++i) deltas[i].amount += more[i].amount;
  sum.sums += added.sums;
  sum.charges += added.charges;
  std::memcpy(to, &sum, sizeof sum);
  entries.resize(last);
  return true;
}

Entry read_entry(std::span<const char>& rest) {
  const Head head = head_of(rest.data());
  const auto deltas = deltas_of(rest.data(), head);
  Entry entry{head.step,
              head.intent,
              head.charges,
              head.minute,
              head.sums,
              {rest.data() + sizeof head + deltas.size_bytes(), head.series_size},
              deltas};
  rest = rest.subspan(head.size);
  return entry;
}

}  // namespace tollgate::ledger
