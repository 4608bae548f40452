#include "ledger/ledger.hpp"

#include "ledger/writer.hpp"

#include <utility>

namespace tollgate::ledger {

Ledger::Ledger(const LedgerConfig& config, Options options)
    : writer_(std::make_unique<Writer>(config, std::move(options))) {}
Ledger::~Ledger() = default;

Lane& Ledger::add_lane() { return writer_->add_lane(); }
MeterId Ledger::meter(std::string_view key, std::chrono::milliseconds keep) {
  return writer_->meter(key, keep);
}
void Ledger::forget(MeterId meter) { writer_->forget(meter); }
std::vector<SlotUse> Ledger::restored(std::string_view key) const { return writer_->restored(key); }
Durability Ledger::when_durable(Ticket ticket, WhenDurable tell, void* context) {
  return writer_->when_durable(ticket, tell, context);
}
void Ledger::cancel(void* context) { writer_->cancel(context); }
State Ledger::state() const { return writer_->state(); }
bool Ledger::is_failing() const { return writer_->is_failing(); }
Numbers Ledger::numbers() const { return writer_->numbers(); }

}  // namespace tollgate::ledger
