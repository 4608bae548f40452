#include "mock_azure/fault.hpp"

#include <algorithm>
#include <utility>

#include "mock_azure/text.hpp"

namespace tollgate::mock {
namespace {

constexpr std::int64_t most_events = 65'536;  // also KiB of a huge one

constexpr std::pair<std::string_view, FaultKind> names[] = {
    {"cut", FaultKind::cut},           {"stall", FaultKind::stall},
    {"inband", FaultKind::inband},     {"badjson", FaultKind::badjson},
    {"slowheaders", FaultKind::slowheaders}, {"reset", FaultKind::reset},
    {"status", FaultKind::status},     {"pings", FaultKind::pings},
    {"split", FaultKind::split},       {"crlf", FaultKind::crlf},
    {"nospace", FaultKind::nospace},   {"comments", FaultKind::comments},
    {"huge", FaultKind::huge},         {"nolength", FaultKind::nolength},
    {"early", FaultKind::early},       {"close", FaultKind::close},
    {"fragments", FaultKind::fragments},
};

}  // namespace

std::string_view fault_name(FaultKind kind) {
  for (const auto& [name, value] : names) {
    if (value == kind) return name;
  }
  return "none";
}

bool apply_fault_word(Fault& fault, std::string_view word) {
  const std::size_t equals = word.find('=');
  const std::string_view key = word.substr(0, equals);
  const std::string_view value = equals == word.npos ? std::string_view() : word.substr(equals + 1);
  if (key == "fault") return apply_fault_word(fault, value);
  if (key == "html") {
    fault.html = true;
    return true;
  }
  if (key == "k") {
    fault.after = to_integer(value);
    return fault.after && *fault.after >= 0 && *fault.after <= most_events;
  }
  if (key == "code") {
    const auto code = to_integer(value);
    if (!code || *code < 1000 || *code > 4999) return false;
    fault.code = static_cast<int>(*code);
    return true;
  }
  if (key == "retry_after") {
    fault.retry_after = value == "none" ? std::optional<std::int64_t>(-1) : to_integer(value);
    return fault.retry_after.has_value();
  }
  if (key == "status") {
    const auto status = to_integer(value);
    if (!status || *status < 400 || *status > 599) return false;
    fault.kind = FaultKind::status;
    fault.status = static_cast<int>(*status);
    return true;
  }
  if (equals != word.npos) return false;
  for (const auto& [name, kind] : names) {
    if (name != key || kind == FaultKind::status) continue;
    fault.kind = kind;
    return true;
  }
  return false;
}

std::optional<Fault> parse_fault(std::string_view text) {
  Fault fault;
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(" ,;");
    const std::string_view word = text.substr(0, end);
    if (!word.empty() && !apply_fault_word(fault, word)) return std::nullopt;
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  if (!fault) return std::nullopt;
  return fault;
}

void FaultPlan::plant(std::string deployment, Fault fault, std::int64_t times) {
  const std::lock_guard lock(mutex_);
  planted_.push_back({std::move(deployment), fault, times});
  any_.store(true, std::memory_order_relaxed);
}

void FaultPlan::clear() {
  const std::lock_guard lock(mutex_);
  planted_.clear();
  any_.store(false, std::memory_order_relaxed);
}

std::size_t FaultPlan::size() const {
  const std::lock_guard lock(mutex_);
  return planted_.size();
}

Fault FaultPlan::peek(std::string_view deployment) const {
  if (!any_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  for (const Planted& p : planted_) {
    if (p.deployment == "*" || p.deployment == deployment) return p.fault;
  }
  return {};
}

Fault FaultPlan::take(std::string_view deployment) {
  if (!any_.load(std::memory_order_relaxed)) return {};
  const std::lock_guard lock(mutex_);
  const auto it = std::find_if(planted_.begin(), planted_.end(), [&](const Planted& p) {
    return p.deployment == "*" || p.deployment == deployment;
  });
  if (it == planted_.end()) return {};
  const Fault fault = it->fault;
  if (it->times > 0 && --it->times == 0) planted_.erase(it);
  any_.store(!planted_.empty(), std::memory_order_relaxed);
  return fault;
}

}  // namespace tollgate::mock
