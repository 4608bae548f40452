#include "config/problem.hpp"

#include <algorithm>
#include <tuple>

namespace tollgate::config {

std::string to_text(const Problem& problem) {
  std::string text = problem.where.file;
  if (problem.where.line > 0)
    text += ":" + std::to_string(problem.where.line) + ":" + std::to_string(problem.where.column);
  text += ": " + problem.message;
  if (!problem.suggestion.empty()) text += " (did you mean " + cited(problem.suggestion) + "?)";
  return text;
}

void sort_by_position(Problems& problems, const std::vector<std::string>& files) {
  auto place = [&](const Problem& p) {
    auto file = std::find(files.begin(), files.end(), p.where.file) - files.begin();
    return std::tuple(file, p.where.line, p.where.column);
  };
  std::stable_sort(problems.begin(), problems.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
}

std::string cited(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown = "\"";
  for (char c : text.substr(0, longest))
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  // A cut inside a UTF-8 sequence would leave half a character behind.
  if (text.size() > longest) {
    while (shown.size() > 1 && (static_cast<unsigned char>(shown.back()) & 0x80)) shown.pop_back();
    shown += "...";
  }
  return shown + "\"";
}

}  // namespace tollgate::config
