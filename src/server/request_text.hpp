// The head of the request that a connection serves: its bytes, and what the parser found in them.
// One thread: the worker's.
#pragma once

#include "http/head.hpp"
#include "tollgate/exchange.hpp"
#include "tollgate/spare_memory.hpp"

#include <cstddef>
#include <string>

namespace tollgate::server {

struct RequestText {
  std::basic_string<char, std::char_traits<char>, Recycling<char>> bytes;
  http::Fields fields;  // views into them

  // What the connection itself has to know.
  struct Facts {
    http::Framing framing;
    int minor_version = 1;
    bool keep_alive = true;
    bool expects_continue = false;
    bool asks_for_upgrade = false;
  };

  // Takes a complete head apart into the exchange, which then looks into this. Anything but none leaves
  // the exchange unspecified and says `why` (http/head.hpp).
  http::HeadError parse(std::size_t limit, Exchange& ex, Facts& facts, std::string& why);

  // Before a long answer: keeps the request line and the headers that books and records ask for, and
  // gives the memory of all others back. The exchange looks into what is left.
  void shrink(Exchange& ex);

  void clear() { *this = {}; }
};

}  // namespace tollgate::server
