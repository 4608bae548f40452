// Answers of name servers, and for how long each may be used. Pure: time is an argument.
#pragma once

#include "net/address.hpp"
#include "tollgate/clock.hpp"
#include "tollgate/network.hpp"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace tollgate::net {

class DnsCache {
 public:
  static constexpr std::size_t most_names = 1024;

  enum class State : unsigned char {
    unknown,   // nobody has asked, or the answer is too old to be used
    fresh,
    stale,     // past its time; for use while no newer answer can be had
    negative,  // no such name, or a failure a moment ago
  };
  struct Found {
    State state = State::unknown;
    const std::vector<Address>* addresses = nullptr;  // fresh and stale; valid until the next store_
    const std::string* why = nullptr;                 // negative
    bool may_ask = true;                              // false: it failed a moment ago
    bool is_unknown_name = false;                     // negative: there is no such name
  };

  Found find(const std::string& host, TimePoint now) const;

  // The addresses have no port. `ttl` is the name server's.
  void store_answer(const std::string& host, std::vector<Address> addresses, std::chrono::seconds ttl, TimePoint now,
                    const ResolverConfig& config);
  // What was still missing of an answer: adds the addresses of a family that there is none of, if there is an answer.
  void store_rest(const std::string& host, const std::vector<Address>& addresses, std::chrono::seconds ttl, TimePoint now,
                  const ResolverConfig& config);
  void store_no_such_name(const std::string& host, std::string why, TimePoint now, const ResolverConfig& config);
  // Keeps the answer of before, if there is one.
  void store_failure(const std::string& host, std::string why, TimePoint now, const ResolverConfig& config);

  void clear() { names_.clear(); }
  std::size_t size() const noexcept { return names_.size(); }

 private:
  struct Entry {
    std::vector<Address> addresses;
    TimePoint fresh_until{};
    TimePoint stale_until{};
    TimePoint ask_again_at{};
    std::string why;
    bool is_unknown_name = false;
  };
  Entry& entry_of(const std::string& host, TimePoint now);

  std::unordered_map<std::string, Entry> names_;
};

}  // namespace tollgate::net
