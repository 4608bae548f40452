#include "app/books.hpp"

namespace tollgate::app {

namespace {

// One of 64 parts of the named pots at a time.
constexpr std::chrono::milliseconds sweep_interval{250};

}  // namespace

Books::Books(net::Loop& loop, const LedgerConfig& config, std::function<void(const filters::SpendAlert&)> tell)
    : loop_(loop), tell_(std::move(tell)), ledger_(config), pots_(this) {
  fire = [](Timer& timer) { static_cast<Books&>(timer).sweep(); };
  at = Clock::now() + sweep_interval;
  loop_.arm(*this);
}

Books::~Books() { loop_.disarm(*this); }

std::uint32_t Books::meter(std::string_view key, std::chrono::milliseconds keep) { return ledger_.meter(key, keep); }

std::vector<limits::SlotUse> Books::restored(std::string_view key) {
  std::vector<limits::SlotUse> slots;
  for (const ledger::SlotUse& slot : ledger_.restored(key)) slots.push_back({slot.slot_ms, slot.used});
  return slots;
}

bool Books::are_read() const { return ledger_.numbers().restores > 0; }

void Books::forget(std::uint32_t meter) { ledger_.forget(meter); }

void Books::on_alert(filters::SpendAlert alert) {
  loop_.post([this, alert = std::move(alert)] {
    ++alerts_[{alert.rule, alert.percent}];
    tell_(alert);
  });
}

void Books::sweep() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t now = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
  if (!were_read_ && are_read()) {
    pots_.restore_late(now);
    were_read_ = true;
  }
  pots_.sweep(now);
  at = Clock::now() + sweep_interval;
  loop_.arm(*this);
}

}  // namespace tollgate::app
