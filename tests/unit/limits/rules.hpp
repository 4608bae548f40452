// Rules for the tests of limits.
#pragma once

#include "tollgate/spending.hpp"

namespace tollgate::limits {

inline SpendRule sliding_rule(Measure measure, std::int64_t amount, std::chrono::milliseconds length) {
  SpendRule rule;
  rule.name = "plan.sliding";
  rule.measure = measure;
  rule.amount = amount;
  rule.window.length = length;
  return rule;
}

inline SpendRule budget_rule(Measure measure, std::int64_t amount, WindowKind kind) {
  SpendRule rule;
  rule.name = "plan.budget";
  rule.is_budget = true;
  rule.measure = measure;
  rule.amount = amount;
  rule.window.kind = kind;
  return rule;
}

inline SpendRule concurrent_rule(std::int64_t amount) {
  SpendRule rule;
  rule.name = "plan.concurrent";
  rule.measure = Measure::concurrent;
  rule.amount = amount;
  return rule;
}

}  // namespace tollgate::limits
