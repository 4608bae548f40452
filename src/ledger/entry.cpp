#include "ledger/entry.hpp"

#include <algorithm>
#include <cstring>

namespace tollgate::ledger {
namespace {

struct Head {
  std::uint64_t intent;
  std::int64_t minute;
  Sums sums;
  std::uint32_t size;  // of the whole entry, a multiple of 8
  std::uint32_t series_size;
  std::uint32_t delta_count;
  Step step;
};
static_assert(sizeof(Head) % alignof(Delta) == 0);

struct SeriesHead {
  std::array<std::uint16_t, text_count> lengths;
  bool is_ptu;
  bool is_batch;
};

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
          .estimated = c.is_estimated ? 1 : 0,
          .cost = c.cost,
          .saved = c.saved};
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
                  static_cast<std::uint32_t>(series_size),
                  static_cast<std::uint32_t>(deltas.size()),
                  step};
  put(&head, sizeof head);
  put(deltas.data(), deltas.size_bytes());
  put(&series, sizeof series);
  for (std::string_view text : texts) put(text.data(), text.size());
}

Entry read_entry(std::span<const char>& rest) {
  Head head;
  std::memcpy(&head, rest.data(), sizeof head);
  const char* deltas = rest.data() + sizeof head;
  // The buffer comes from operator new and every entry is a multiple of 8: Deltas lie aligned.
  Entry entry{head.step,
              head.intent,
              head.minute,
              head.sums,
              {deltas + head.delta_count * sizeof(Delta), head.series_size},
              {reinterpret_cast<const Delta*>(deltas), head.delta_count}};
  rest = rest.subspan(head.size);
  return entry;
}

}  // namespace tollgate::ledger
