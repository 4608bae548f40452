#include "net/dns_channel.hpp"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

namespace tollgate::net {

namespace {

// One try of one name server; c-ares doubles it with each round of tries.
constexpr int try_milliseconds = 1'500;
constexpr int tries = 3;

// c-ares tells addresses when both families have been answered or given up, which takes ten seconds where a name
// server drops the questions for one (RFC 4074). After this long a family is asked about alone, IPv4 first, as it is
// connected to first; IPv6 only when a repeated question could have been answered (RFC 8305 waits less, and
// for the family that it prefers).
struct Lone {
  int family;
  std::chrono::milliseconds after;
};
constexpr std::array<Lone, 2> lone{{{AF_INET, std::chrono::milliseconds(400)}, {AF_INET6, std::chrono::milliseconds(2'000)}}};

// More are of no use to anybody: they are tried one after the other.
constexpr std::size_t most_addresses = 32;

// Larger answers come over TCP (RFC 9715 recommends at most this over UDP).
constexpr int largest_datagram = 1'232;

std::string servers_text(const std::vector<NameServer>& servers) {
  std::string text;
  for (const NameServer& server : servers) {
    const bool is_v6 = server.host.find(':') != std::string::npos;
    text += (text.empty() ? "" : ",") + (is_v6 ? "[" + server.host + "]" : server.host) + ":" +
            std::to_string(server.port);
  }
  return text;
}

void take_addresses(const ares_addrinfo& answer, DnsAnswer& out) {
  int ttl = 0x7fffffff;
  for (const auto* alias = answer.cnames; alias; alias = alias->next) ttl = std::min(ttl, alias->ttl);
  for (const auto* node = answer.nodes; node; node = node->ai_next) {
    ttl = std::min(ttl, node->ai_ttl);
    Address address;
    if (node->ai_addrlen > sizeof address.storage || out.addresses.size() == most_addresses) continue;
    address.size = node->ai_addrlen;
    std::memcpy(&address.storage, node->ai_addr, address.size);
    out.addresses.push_back(address);
  }
  // Private endpoints are IPv4; on a network without it the first attempt fails at once.
  std::stable_partition(out.addresses.begin(), out.addresses.end(), [](const Address& a) { return !a.is_v6(); });
  out.ttl = std::chrono::seconds(std::max(ttl, 0));
}

}  // namespace

std::vector<std::string> name_servers_in(const char* resolv_conf) {
  std::vector<std::string> servers;
  std::string path = resolv_conf;
  ares_options options{};
  options.resolvconf_path = path.data();
  ares_channel channel = nullptr;
  if (ares_init_options(&channel, &options, ARES_OPT_RESOLVCONF) != ARES_SUCCESS) return servers;
  ares_addr_port_node* list = nullptr;
  ares_get_servers_ports(channel, &list);
  for (const auto* server = list; server; server = server->next) {
    char text[INET6_ADDRSTRLEN] = "";
    servers.emplace_back(inet_ntop(server->family, &server->addr, text, sizeof text) ? text : "");
  }
  if (list) ares_free_data(list);
  ares_destroy(channel);
  return servers;
}

// A socket of c-ares, watched by the loop. Closed by being destroyed.
class DnsChannel::Socket final : public Readiness::Listener {
 public:
  Socket(DnsChannel& channel, int fd, bool is_v6) : channel_(channel), fd_(fd), readiness_(channel.loop_, fd, is_v6, *this, Readiness::Rank::finishing) {}

  void want(bool is_readable, bool is_writable) {
    wants_read_ = is_readable;
    wants_write_ = is_writable;
    arm();
  }
  void arm() {
    if (wants_read_) readiness_.arm(Readiness::For::read);
    if (wants_write_) readiness_.arm(Readiness::For::write);
  }
  void on_ready(Readiness::For direction) override { channel_.process(fd_, direction); }

 private:
  DnsChannel& channel_;
  int fd_;
  Readiness readiness_;
  bool wants_read_ = false;
  bool wants_write_ = false;
};

// A name that is asked about, until c-ares has ended the last of its queries.
class DnsChannel::Question : public std::enable_shared_from_this<DnsChannel::Question>, private Timer {
 public:
  Question(DnsChannel& channel, std::string host, Done done)
      : channel_(channel), host_(std::move(host)), done_(std::move(done)), began_(Clock::now()) {
    fire = [](Timer& timer) { static_cast<Question&>(timer).ask_alone(); };
  }
  ~Question() { channel_.loop_.disarm(*this); }

  void begin() {
    query(AF_UNSPEC);
    arm();
  }

  void answer(int family, DnsAnswer answer) {
    const bool is_whole = family == AF_UNSPEC;
    const bool has_addresses = answer.kind == DnsAnswer::Kind::addresses;
    // What there is not is said by the whole answer alone.
    if (is_whole ? is_told_ && !has_addresses : is_told_ || !has_addresses) return;
    answer.is_rest = is_told_;
    is_told_ = true;
    channel_.loop_.disarm(*this);
    done_(std::move(answer));
  }

  DnsChannel& channel() const noexcept { return channel_; }

 private:
  void arm() {
    if (is_told_ || asked_alone_ == lone.size()) return;
    at = began_ + lone[asked_alone_].after;
    channel_.loop_.arm(*this);
  }
  void ask_alone() {
    const auto kept = shared_from_this();
    query(lone[asked_alone_++].family);
    arm();
  }
  void query(int family);

  DnsChannel& channel_;
  const std::string host_;
  const Done done_;
  const TimePoint began_;
  std::size_t asked_alone_ = 0;  // families
  bool is_told_ = false;
};

struct DnsChannel::Query {
  std::shared_ptr<Question> question;
  int family;
};

void DnsChannel::Question::query(int family) {
  ares_addrinfo_hints hints{};
  // Sorting would open a socket to every address, to see which of ours it would be reached from.
  hints.ai_flags = ARES_AI_NOSORT;
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  ares_getaddrinfo(channel_.channel_, host_.c_str(), nullptr, &hints, on_answer, new Query{shared_from_this(), family});
  channel_.arm_timer();
}

DnsChannel::DnsChannel(Loop& loop, const ResolverConfig& config) : loop_(loop) {
  static std::once_flag once;
  std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
  fire = [](Timer& timer) {
    auto& self = static_cast<DnsChannel&>(timer);
    ares_process_fd(self.channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has taken too long
    self.arm_timer();
  };
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = largest_datagram;
  options.timeout = try_milliseconds;
  options.tries = tries;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int is_readable, int is_writable) {
    static_cast<DnsChannel*>(self)->want(fd, is_readable != 0, is_writable != 0);
  };
  options.sock_state_cb_data = this;
  int status = ares_init_options(&channel_, &options,
                                 ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                     ARES_OPT_SOCK_STATE_CB);
  if (status == ARES_SUCCESS && !config.name_servers.empty()) {
    status = ares_set_servers_ports_csv(channel_, servers_text(config.name_servers).c_str());
  }
  if (status != ARES_SUCCESS) {
    broken_ = std::string("names cannot be resolved: ") + ares_strerror(status);
    return;
  }
  // The sockets are ours, so that the loop closes what it watches.
  static const ares_socket_functions functions{
      [](int family, int type, int protocol, void* self) -> ares_socket_t {
        return static_cast<DnsChannel*>(self)->open_socket(family, type, protocol);
      },
      [](ares_socket_t fd, void* self) {
        static_cast<DnsChannel*>(self)->close_socket(fd);
        return 0;
      },
      [](ares_socket_t fd, const sockaddr* to, ares_socklen_t size, void*) { return ::connect(fd, to, size); },
      [](ares_socket_t fd, void* into, std::size_t size, int flags, sockaddr* from, ares_socklen_t* from_size,
         void* self) -> ares_ssize_t {
        const ssize_t got = ::recvfrom(fd, into, size, flags, from, from_size);
        if (got > 0) static_cast<DnsChannel*>(self)->has_received_ = true;
        return got;
      },
      [](ares_socket_t fd, const iovec* parts, int count, void*) -> ares_ssize_t {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(parts);
        message.msg_iovlen = static_cast<std::size_t>(count);
        return ::sendmsg(fd, &message, MSG_NOSIGNAL);
      }};
  ares_set_socket_functions(channel_, &functions, this);
}

DnsChannel::~DnsChannel() {
  is_ending_ = true;
  loop_.disarm(*this);
  if (channel_) ares_destroy(channel_);
}

void DnsChannel::ask(const std::string& host, Done done) {
  if (!broken_.empty()) {
    DnsAnswer answer;
    answer.why = broken_;
    return done(std::move(answer));
  }
  std::make_shared<Question>(*this, host, std::move(done))->begin();
}

void DnsChannel::on_answer(void* ended, int status, int, ares_addrinfo* answer) {
  const std::unique_ptr<Query> query(static_cast<Query*>(ended));
  DnsAnswer out;
  if (status == ARES_SUCCESS && answer) take_addresses(*answer, out);
  if (answer) ares_freeaddrinfo(answer);
  if (query->question->channel().is_ending_) return;
  const bool is_absent = status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_SUCCESS;
  if (!out.addresses.empty()) {
    out.kind = DnsAnswer::Kind::addresses;
  } else {
    out.kind = is_absent ? DnsAnswer::Kind::no_such_name : DnsAnswer::Kind::failed;
    out.why = is_absent ? "there is no such name, or it has no address" : ares_strerror(status);
  }
  query->question->answer(query->family, std::move(out));
}

int DnsChannel::open_socket(int family, int type, int protocol) {
  const int fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (fd >= 0) sockets_.emplace(fd, std::make_unique<Socket>(*this, fd, family == AF_INET6));
  return fd;
}

void DnsChannel::close_socket(int fd) { sockets_.erase(fd); }

void DnsChannel::want(int fd, bool is_readable, bool is_writable) {
  const auto found = sockets_.find(fd);
  if (found != sockets_.end()) found->second->want(is_readable, is_writable);
}

// c-ares reads one message of a TCP connection a call; readiness is told once for all that is there.
void DnsChannel::process(int fd, Readiness::For direction) {
  const bool is_read = direction == Readiness::For::read;
  do {
    has_received_ = false;
    ares_process_fd(channel_, is_read ? fd : ARES_SOCKET_BAD, is_read ? ARES_SOCKET_BAD : fd);
  } while (has_received_ && sockets_.contains(fd));
  const auto found = sockets_.find(fd);
  if (found != sockets_.end()) found->second->arm();
  arm_timer();
}

void DnsChannel::arm_timer() {
  loop_.disarm(*this);
  timeval wait{};
  if (!ares_timeout(channel_, nullptr, &wait)) return;
  at = Clock::now() + std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec);
  loop_.arm(*this);
}

}  // namespace tollgate::net
