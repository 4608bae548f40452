// Checks and measures the token counter on a file of texts.
//
//   measure FILE [REPETITIONS]    FILE: a JSON object a line with "text" and, if known, "kind",
//                                 n_cl100k, n_o200k, sha_cl100k, sha_o200k
//
// Prints a JSON object: rows whose count, ids (SHA-256 of the ids as 32-bit little-endian numbers)
// or count in steps is wrong, and the best throughput by group of kinds in MB (10^6 bytes) a
// second.
#include "base/sha256.hpp"
#include "tokens/tokens.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace tollgate;
using tokens::Encoding;
using Clock = std::chrono::steady_clock;

struct Row {
  std::string kind, text;
  nlohmann::json known;
};

std::vector<Row> read(const char* path) {
  std::ifstream in(path);
  std::vector<Row> rows;
  for (std::string line; std::getline(in, line);) {
    auto known = nlohmann::json::parse(line);
    rows.push_back({known.value("kind", ""), known.at("text"), known});
  }
  return rows;
}

std::string digest(const std::vector<std::uint32_t>& ids) {
  const auto sum =
      base::sha256({reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(ids[0])});
  std::string hex;
  for (const unsigned char byte : sum) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    hex += two;
  }
  return hex;
}

std::size_t count_in_steps(Encoding encoding, const std::string& text, std::size_t bytes) {
  tokens::Counting counting(encoding, text);
  while (!counting.step(bytes)) {
  }
  return counting.tokens();
}

nlohmann::json check(const std::vector<Row>& rows, Encoding encoding, const std::string& name) {
  std::size_t wrong_count = 0, wrong_ids = 0, wrong_steps = 0;
  for (const Row& row : rows) {
    const auto count = tokens::count(encoding, row.text);
    std::vector<std::uint32_t> ids;
    tokens::encode(encoding, row.text, ids);
    const auto known = row.known.value("n_" + name, ids.size());
    const bool is_wrong = count != known;
    const bool has_wrong_ids = row.known.value("sha_" + name, digest(ids)) != digest(ids);
    wrong_count += is_wrong;
    wrong_ids += has_wrong_ids;
    wrong_steps += count_in_steps(encoding, row.text, 100) != count;
    if (is_wrong || has_wrong_ids)
      std::cerr << name << ": " << count << " instead of " << known << ": "
                << nlohmann::json(row.text.substr(0, 60))
                       .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace)
                << '\n';
  }
  return {{"rows", rows.size()},
          {"wrong_count", wrong_count},
          {"wrong_ids", wrong_ids},
          {"wrong_steps", wrong_steps}};
}

double megabytes_a_second(const std::vector<const Row*>& rows, Encoding encoding, int repetitions) {
  std::size_t bytes = 0, tokens = 0;
  for (const Row* row : rows) bytes += row->text.size();
  double best = 0;
  for (int i = 0; i < repetitions; ++i) {
    const auto start = Clock::now();
    for (const Row* row : rows) tokens += tokens::count(encoding, row->text);
    const std::chrono::duration<double> took = Clock::now() - start;
    best = std::max(best, static_cast<double>(bytes) / took.count() / 1e6);
  }
  return tokens == 0 ? 0 : best;
}

bool is_chat_or_code(const Row& row) {
  return row.kind.starts_with("chat") || row.kind.find("code") != std::string::npos;
}

nlohmann::json measure(const std::vector<Row>& rows, Encoding encoding, int repetitions) {
  std::vector<const Row*> all, chat_and_code;
  for (const Row& row : rows) {
    if (row.kind == "edge") continue;
    all.push_back(&row);
    if (is_chat_or_code(row)) chat_and_code.push_back(&row);
  }
  nlohmann::json result{
      {"cold", megabytes_a_second(all, encoding, 1)},
      {"all", megabytes_a_second(all, encoding, repetitions)},
      {"chat_and_code", megabytes_a_second(chat_and_code, encoding, repetitions)}};
  const std::string letters(1'000'000, 'a');
  const auto start = Clock::now();
  static_cast<void>(tokens::count(encoding, letters));
  const std::chrono::duration<double, std::milli> took = Clock::now() - start;
  result["one_letter_1mb_ms"] = took.count();
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto rows = read(argv[1]);
  const int repetitions = argc > 2 ? std::atoi(argv[2]) : 9;
  nlohmann::json result;
  for (const auto encoding : {Encoding::cl100k_base, Encoding::o200k_base}) {
    const std::string name = tokens::name_of(encoding);
    auto speed = measure(rows, encoding, repetitions);
    result[name] = check(rows, encoding, name.substr(0, name.find('_')));
    result[name]["speed"] = std::move(speed);
  }
  std::cout << result.dump(1) << '\n';
}
