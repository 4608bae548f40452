#include "credentials/moment.hpp"

#include <array>
#include <charconv>
#include <chrono>

namespace tollgate::credentials {

namespace {

constexpr std::int64_t most_seconds = 100'000'000'000;  // the year 5138

// Takes a text apart from the front; after a mismatch it is not good and yields nothing more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int number(std::size_t most_digits) {
    int value = 0;
    const auto* begin = rest_.data();
    const auto [end, failed] = std::from_chars(begin, begin + std::min(most_digits, rest_.size()), value);
    if (failed != std::errc() || end == begin || *begin == '-') {
      is_good_ = false;
      return 0;
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - begin));
    return value;
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { is_good_ &= take(c); }
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void skip_fraction() {
    if (!take('.')) return;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') rest_.remove_prefix(1);
  }
  // "Z", "+01:00" or nothing, in seconds.
  int offset() {
    if (take('Z')) return 0;
    const bool is_minus = take('-');
    if (!is_minus && !take('+')) return 0;
    int seconds = number(2) * 3600;
    expect(':');
    seconds += number(2) * 60;
    return is_minus ? -seconds : seconds;
  }
  bool is_at_end() const noexcept { return is_good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool is_good_ = true;
};

std::optional<std::int64_t> moment_of(int year, int month, int day, int hour, int minute, int second, int offset) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(days).count() + hour * 3600 + minute * 60 + second - offset;
}

std::optional<std::int64_t> parse_iso(std::string_view text) {
  Reader reader(text);
  const int year = reader.number(4);
  reader.expect('-');
  const int month = reader.number(2);
  reader.expect('-');
  const int day = reader.number(2);
  if (!reader.take('T')) reader.expect(' ');
  const int hour = reader.number(2);
  reader.expect(':');
  const int minute = reader.number(2);
  reader.expect(':');
  const int second = reader.number(2);
  reader.skip_fraction();
  reader.take(' ');
  const int offset = reader.offset();
  if (!reader.is_at_end()) return std::nullopt;
  return moment_of(year, month, day, hour, minute, second, offset);
}

std::optional<std::int64_t> parse_american(std::string_view text) {
  Reader reader(text);
  const int month = reader.number(2);
  reader.expect('/');
  const int day = reader.number(2);
  reader.expect('/');
  const int year = reader.number(4);
  reader.expect(' ');
  int hour = reader.number(2);
  reader.expect(':');
  const int minute = reader.number(2);
  reader.expect(':');
  const int second = reader.number(2);
  if (reader.take(std::string_view(" AM")) && hour == 12) hour = 0;
  if (reader.take(std::string_view(" PM")) && hour < 12) hour += 12;
  reader.take(' ');
  const int offset = reader.offset();
  if (!reader.is_at_end()) return std::nullopt;
  return moment_of(year, month, day, hour, minute, second, offset);
}

}  // namespace

std::optional<std::int64_t> parse_seconds(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || value < 0 || value > most_seconds) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (!rest.empty() && (rest.front() != '.' || rest.find_first_not_of("0123456789", 1) != rest.npos)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_moment(std::string_view text) {
  if (auto seconds = parse_seconds(text)) return seconds;
  if (auto moment = parse_iso(text)) return moment;
  return parse_american(text);
}

}  // namespace tollgate::credentials
