// Asks the file of hosts and the name servers, through c-ares on the worker's own loop: nothing here waits.
// One thread: the loop's.
#pragma once

#include "net/address.hpp"
#include "net/loop.hpp"
#include "net/readiness.hpp"
#include "tollgate/network.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

struct ares_channeldata;
struct ares_addrinfo;
struct sockaddr;

namespace tollgate::net {

struct DnsAnswer {
  enum class Kind : unsigned char { addresses, no_such_name, failed };
  Kind kind = Kind::failed;
  std::vector<Address> addresses;  // without a port; IPv4 first, each family in the server's order
  std::chrono::seconds ttl{0};     // the shortest of all records on the way; 0 from the file of hosts
  std::string why;                 // not of addresses
  bool is_rest = false;            // addresses were told before, of one family alone; these are all
};

// The name servers that a file in the form of /etc/resolv.conf names, as a channel reads it: IP addresses.
std::vector<std::string> name_servers_in(const char* resolv_conf);

class DnsChannel : private Timer {
 public:
  using Done = std::function<void(DnsAnswer)>;

  // Reads /etc/resolv.conf for what `config` does not say.
  DnsChannel(Loop& loop, const ResolverConfig& config);
  ~DnsChannel();  // whoever waits is not told
  DnsChannel(const DnsChannel&) = delete;

  // `done` is called from the event loop or before this returns, and must not destroy the channel. Once; when the
  // name servers are silent about one family it hears of the other after a moment, and once more, with is_rest,
  // should the rest come after all.
  void ask(const std::string& host, Done done);

 private:
  class Socket;
  class Question;
  struct Query;

  int open_socket(int family, int type, int protocol);
  void close_socket(int fd);
  void want(int fd, bool is_readable, bool is_writable);
  void process(int fd, Readiness::For direction);
  void arm_timer();
  static void on_answer(void* query, int status, int timeouts, ares_addrinfo* answer);

  Loop& loop_;
  ares_channeldata* channel_ = nullptr;
  std::string broken_;  // why there is no channel
  std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
  bool has_received_ = false;  // since process() last asked
  bool is_ending_ = false;
};

}  // namespace tollgate::net
