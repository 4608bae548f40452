// The process's side of spending: the ledger, the pots, what answers usually take, and the alerts.
//
// Thread safety: the stores are for any thread, as their headers say; the rest belongs to the main
// loop's thread.
#pragma once

#include "filters/till.hpp"
#include "filters/unsettled.hpp"
#include "ledger/ledger.hpp"
#include "limits/estimate.hpp"
#include "limits/store.hpp"
#include "net/loop.hpp"
#include "tollgate/config.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace tollgate::app {

class Books final : public limits::Books, public filters::AlertSink, private Timer {
 public:
  // Opens the ledger; throws ledger::Refused. `on_alert` is called on the loop.
  Books(net::Loop& loop, const LedgerConfig& config, std::function<void(const filters::SpendAlert&)> tell);
  ~Books() override;

  ledger::Ledger& ledger() noexcept { return ledger_; }
  const ledger::Ledger& ledger() const noexcept { return ledger_; }
  limits::Store& pots() noexcept { return pots_; }
  limits::Estimates& estimates() noexcept { return estimates_; }
  filters::Unsettled& unsettled() noexcept { return unsettled_; }

  // Alerts given since the start, by rule and percent.
  const std::map<std::pair<std::string, int>, std::uint64_t>& alerts() const noexcept { return alerts_; }

  // limits::Books
  std::uint32_t meter(std::string_view key, std::chrono::milliseconds keep) override;
  std::vector<limits::SlotUse> restored(std::string_view key) override;
  bool are_read() const override;
  void forget(std::uint32_t meter) override;

  // filters::AlertSink
  void on_alert(filters::SpendAlert alert) override;

 private:
  void sweep();

  net::Loop& loop_;
  std::function<void(const filters::SpendAlert&)> tell_;
  ledger::Ledger ledger_;
  limits::Store pots_;
  limits::Estimates estimates_;
  filters::Unsettled unsettled_;  // holds on to pots
  std::map<std::pair<std::string, int>, std::uint64_t> alerts_;
  bool were_read_ = false;  // and the pots know it
};

}  // namespace tollgate::app
