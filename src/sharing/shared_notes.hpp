// Short texts that gateways tell each other through Redis, beside the pots: a key, a text, for a time.
//
// Nobody depends on them: while Redis is away nobody can look, and what was noted is told later.
// One thread: the worker's.
#pragma once

#include "sharing/numbers.hpp"
#include "sharing/waiter.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/spending.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tollgate::sharing {

class Store;

class SharedNotes {
 public:
  SharedNotes(net::Loop& loop, const SharingConfig& config, WakeList& wakes, Store& store, Numbers& numbers)
      : loop_(loop),
        prefix_(config.prefix + "::note:"),
        timeout_(config.timeout),
        wakes_(wakes),
        store_(store),
        numbers_(numbers) {}

  using Texts = std::vector<std::optional<std::string>>;

  // The texts under `keys`, in order. Nothing when Redis is away or does not answer within the sharing's
  // timeout: then they are not known to be absent.
  awaitable<std::optional<Texts>> find(std::vector<std::string> keys);

  // Without `replaces` a text that is there stays. Never waits; kept while Redis is away, up to a bound.
  void put(std::string_view key, std::string text, std::chrono::seconds keep, bool replaces);
  void erase(std::string_view key);

  void on_up();  // Redis can be asked again

 private:
  void tell(std::vector<std::string> words);

  net::Loop& loop_;
  const std::string prefix_;
  const std::chrono::milliseconds timeout_;
  WakeList& wakes_;
  Store& store_;
  Numbers& numbers_;
  std::deque<std::vector<std::string>> untold_;
};

}  // namespace tollgate::sharing
