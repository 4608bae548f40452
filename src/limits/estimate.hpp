// How long answers usually are, learnt for each subscription and model.
//
// Keeps the length that about 95 of 100 recent answers stay below, and by how much the provider
// counts prompts higher than we do.
// Thread safety: any thread; readers and writers take no lock once a pair is known.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tollgate::limits {

class Estimate {
 public:
  // Answer tokens to expect.
  std::int64_t answer() const noexcept { return static_cast<std::int64_t>(answer_.load(std::memory_order_relaxed)) + 1; }

  // What the provider will count for a prompt of which we counted `tokens`; never less.
  std::int64_t prompt(std::int64_t tokens) const noexcept;

  // An answer of `tokens` came whole.
  void learn_answer(std::int64_t tokens) noexcept;
  void learn_prompt(std::int64_t counted, std::int64_t reported) noexcept;

 private:
  static constexpr double first_guess = 512;
  static constexpr int few_answers = 16;
  std::atomic<double> answer_{first_guess};
  std::atomic<int> learnt_{0};  // answers, up to few_answers
  std::atomic<double> prompt_excess_{0};  // tokens
};

class Estimates {
 public:
  // The same object for the same names, for as long as this lives. Bounded by the configuration:
  // both names come from it.
  Estimate& of(std::string_view subscription, std::string_view model);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Estimate>> by_name_;
};

}  // namespace tollgate::limits
