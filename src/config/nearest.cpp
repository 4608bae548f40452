#include "config/nearest.hpp"

#include <algorithm>
#include <cctype>

namespace tollgate::config {
namespace {

// Letters in the wrong case and '-' for '_' are habits, not different words.
char folded(char c) {
  return c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      bool is_same = folded(a[i - 1]) == folded(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (is_same ? 0 : 1)});
      bool is_swap = i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                     folded(a[i - 2]) == folded(b[j - 1]);
      if (is_swap) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

std::string nearest(std::string_view wrong, const std::vector<std::string>& allowed) {
  constexpr std::size_t longest = 128;  // the distance costs length times length
  if (wrong.empty() || wrong.size() > longest) return {};
  std::size_t limit = std::max<std::size_t>(1, wrong.size() / 3);
  const std::string* best = nullptr;
  for (const std::string& word : allowed) {
    if (word.size() > wrong.size() + limit || wrong.size() > word.size() + limit) continue;
    std::size_t slips = distance(wrong, word);
    bool shares_a_letter = slips < std::max(wrong.size(), word.size());
    if (slips > limit || !shares_a_letter || word == wrong) continue;
    limit = best && slips == limit ? limit : slips;
    if (!best || slips < distance(wrong, *best)) best = &word;
  }
  constexpr std::size_t shortest_beginning = 3;
  for (const std::string& word : allowed) {
    bool is_beginning = word.starts_with(wrong) || wrong.starts_with(word);
    if (!best && is_beginning && std::min(word.size(), wrong.size()) >= shortest_beginning)
      best = &word;
  }
  return best ? *best : std::string();
}

}  // namespace tollgate::config
