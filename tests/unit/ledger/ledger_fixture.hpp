// A folder for a ledger's file, charges to append, and what the file says afterwards.
#pragma once

#include "ledger/lane.hpp"
#include "ledger/ledger.hpp"
#include "ledger/report.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace tollgate::ledger {

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    std::string name = (std::filesystem::temp_directory_path() / "tollgate-ledger-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    config_.path = path();
    config_.flush = std::chrono::milliseconds(10);
  }
  ~LedgerTest() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name = "ledger.db") const { return folder_ / name; }

  // 2026-11-23 12:00:00 UTC
  static WallTime noon(int minutes = 0) {
    return WallTime(std::chrono::seconds(1'795'435'200 + minutes * 60));
  }

  static Charge charge(std::string_view subscription = "payments-web") {
    Charge c;
    c.at = noon();
    c.subscription = subscription;
    c.product = "standard";
    c.cost_center = "CC-1042";
    c.operation = "chat_completions";
    c.model_asked = "gpt-4o";
    c.model = "gpt-4o";
    c.deployment = "gpt-4o-payg";
    c.region = "swedencentral";
    c.usage.prompt_tokens = 100;
    c.usage.completion_tokens = 20;
    c.cost = 450'000;
    return c;
  }

  // All usage of a file, one row.
  static Sums total(const std::string& file, std::vector<std::pair<std::string, std::string>> only = {}) {
    auto rows = Report(file).usage({.by = {}, .from_minute = {}, .to_minute = {}, .only = only});
    return rows.empty() ? Sums{} : rows.front().sums;
  }

  template <class Condition>
  static bool eventually(Condition condition) {
    for (auto until = Clock::now() + std::chrono::seconds(10); Clock::now() < until;
         std::this_thread::sleep_for(std::chrono::milliseconds(1)))
      if (condition()) return true;
    return false;
  }

  // Waits until all that was appended up to the ticket is on the disk.
  static bool is_written(Ledger& ledger, Ticket ticket) {
    std::atomic<int> told{-1};
    auto tell = [](void* context, Durability outcome) {
      static_cast<std::atomic<int>*>(context)->store(static_cast<int>(outcome));
    };
    auto now = ledger.when_durable(ticket, tell, &told);
    if (now != Durability::pending) return now == Durability::durable;
    bool is_told = eventually([&] { return told >= 0; });
    ledger.cancel(&told);
    return is_told && told == static_cast<int>(Durability::durable);
  }

  std::filesystem::path folder_;
  LedgerConfig config_;
};

}  // namespace tollgate::ledger
