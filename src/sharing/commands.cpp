#include "sharing/commands.hpp"

#include <array>

namespace tollgate::sharing {

namespace {

const char* letter(PotKind kind, bool is_whole = false) {
  if (kind == PotKind::sliding) return "s";
  if (kind == PotKind::fixed) return "f";
  return is_whole ? "H" : "h";
}

void append_numbers(Words& words, std::initializer_list<std::int64_t> numbers) {
  for (const auto number : numbers) words.push_back(std::to_string(number));
}

}  // namespace

Words reserve_words(const Caller& caller, std::span<const Booking> bookings, std::int64_t now_ms,
                    std::int64_t not_after_ms) {
  Words words(2);
  words.reserve(7 + bookings.size() * 8);
  append_numbers(words, {static_cast<std::int64_t>(bookings.size())});
  for (const auto& b : bookings) {
    words.push_back(redis_key(caller.prefix, b.key, b.kind, b.period_start_ms));
  }
  append_numbers(words, {now_ms, not_after_ms});
  words.push_back(caller.me);
  append_numbers(words, {held_for.count()});
  for (const auto& b : bookings) {
    words.emplace_back(letter(b.kind));
    append_numbers(words, {b.window_ms, slot_length(b.window_ms), b.period_start_ms, b.limit,
                           b.amount, b.want});
  }
  return words;
}

std::optional<Reserved> read_reserved(const Reply& reply, std::size_t bookings) {
  if (!reply.is_numbers(3)) return std::nullopt;
  const auto number = [&reply](std::size_t i) { return reply.list[i].number; };
  Reserved out;
  out.now_ms = number(1);
  if (number(0) == 2) {
    out.result = Reserved::Result::too_late;
    return out;
  }
  if (reply.list.size() != 3 + 3 * bookings) return std::nullopt;
  out.result = number(0) == 1 ? Reserved::Result::granted : Reserved::Result::refused;
  out.refused_by = static_cast<int>(number(2));
  out.parts.reserve(bookings);
  for (std::size_t i = 0; i < bookings; ++i) {
    out.parts.push_back({number(3 + 3 * i), number(4 + 3 * i), number(5 + 3 * i)});
  }
  return out;
}

Words adjust_words(const Caller& caller, std::span<const Settlement> batch, std::int64_t number,
                   std::int64_t now_ms) {
  Words words(2);
  words.reserve(8 + batch.size() * 6);
  append_numbers(words, {static_cast<std::int64_t>(batch.size() + 1)});
  words.push_back(caller.prefix + "::journal:" + caller.me);
  for (const auto& s : batch) words.push_back(s.redis_key);
  append_numbers(words, {now_ms});
  words.push_back(caller.me);
  append_numbers(words, {held_for.count(), number});
  for (const auto& s : batch) {
    words.emplace_back(letter(s.kind, s.is_whole));
    append_numbers(words, {s.window_ms, slot_length(s.window_ms), s.slot_ms, s.delta});
  }
  return words;
}

Words beat_words(const Caller& caller, std::span<const std::pair<std::string, std::int64_t>> held,
                 bool is_leaving, std::int64_t now_ms) {
  Words words(2);
  append_numbers(words, {static_cast<std::int64_t>(held.size() + 1)});
  words.push_back(caller.prefix + "::gateways");
  for (const auto& [key, amount] : held) words.push_back(key);
  append_numbers(words, {now_ms});
  words.push_back(caller.me);
  append_numbers(words, {held_for.count()});
  words.emplace_back(is_leaving ? "leave" : "stay");
  for (const auto& [key, amount] : held) append_numbers(words, {amount});
  return words;
}

}  // namespace tollgate::sharing
