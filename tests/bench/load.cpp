// A small HTTP load generator on epoll: one thread, loopback, one result as a JSON line.
//
//   load closed HOST:PORT BODYFILE CONNECTIONS SECONDS         each connection asks again at once
//   load open   HOST:PORT BODYFILE CONNECTIONS SECONDS RATE    RATE a second, timed from when each was due
//   load flood  HOST:PORT BODYFILE CONNECTIONS SECONDS RATE    the same; refusals are timed by the kernel
//   load hold   HOST:PORT BODYFILE CONNECTIONS SECONDS         opens the streams, keeps them open
//   load spin   - - 0 SECONDS                                  idle-class spinner, keeps a virtual core awake
//
// The first and last quarter of a second of `closed`, `open` and `flood` are not counted. Answers may be of
// stated length or chunked; of the refusals, answers with 503, it is told how many there were and how long
// after the request had been sent. `flood` is for a generator that has not its core for itself: it counts until
// the kernel had the refusal, not until the generator had its turn. In event streams every `t=<monotonic ns>`
// that the mock stamps into a token is the moment it was sent: transit is measured from there. Key: environment
// LOAD_KEY.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace {

std::int64_t now_ns(clockid_t clock = CLOCK_MONOTONIC) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

// Values in microseconds; percentiles by sorting at the end.
struct Sample {
  std::vector<float> values;
  void add(std::int64_t ns) { values.push_back(static_cast<float>(ns) / 1000.0F); }
  double at(double share) {
    if (values.empty()) return -1;
    const auto index = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + index, values.end());
    return values[static_cast<std::size_t>(index)];
  }
};

struct Client {
  int fd = -1;
  bool is_busy = false;
  std::int64_t due = 0;       // when the request had to go out
  std::int64_t asked = 0;     // when it did
  std::size_t sent = 0;
  std::string head;           // of the answer, until complete
  bool has_head = false;
  bool is_chunked = false;
  bool is_stream = false;
  bool is_refused = false;
  std::uint64_t left = 0;     // of the body or of the current chunk
  std::string line;           // a chunk's size line, or the end of the last data seen (stamps may be cut)
  std::string tail;
  int phase = 0;              // chunked: 0 size line, 1 data, 2 line end, 3 trailer
  bool saw_event = false;
};

struct Load {
  std::string mode, request;
  sockaddr_in address{};
  std::vector<Client> clients;
  std::deque<std::size_t> idle;
  int epoll = -1;
  std::int64_t begin = 0, end = 0;  // of what is counted
  std::int64_t stop = 0;
  std::uint64_t all = 0, answers = 0, refusals = 0, errors = 0, events = 0, opened = 0;
  Sample latency, refused, first_event, transit;
  bool is_stamped = false;
  std::int64_t real_time_ahead = 0;  // of the monotonic clock

  void connect(std::size_t i);
  void ask(std::size_t i, std::int64_t due);
  void write(std::size_t i);
  void read(std::size_t i);
  bool take(Client& c, std::string_view bytes, std::int64_t at);
  bool take_head(Client& c, std::int64_t at);
  void take_data(Client& c, std::string_view bytes, std::int64_t at);
  void finish(std::size_t i, std::int64_t at, std::int64_t arrived);
  ssize_t receive(int fd, std::span<char> buffer, std::int64_t& arrived) const;
  void broken(std::size_t i);
  bool counts(std::int64_t at) const { return at >= begin && at < end; }
};

void Load::connect(std::size_t i) {
  Client& c = clients[i];
  if (c.fd >= 0) ::close(c.fd);
  c = Client();
  c.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (c.fd < 0) die("socket");
  ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (is_stamped) ::setsockopt(c.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  if (::connect(c.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP;
  event.data.u64 = i;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, c.fd, &event) != 0) die("epoll_ctl");
}

void Load::ask(std::size_t i, std::int64_t due) {
  Client& c = clients[i];
  c.is_busy = true;
  c.due = due;
  c.asked = now_ns();
  c.sent = 0;
  c.has_head = c.saw_event = false;
  c.head.clear();
  c.tail.clear();
  write(i);
}

void Load::write(std::size_t i) {
  Client& c = clients[i];
  while (c.is_busy && c.sent < request.size()) {
    const ssize_t n = ::send(c.fd, request.data() + c.sent, request.size() - c.sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return broken(i);
    c.sent += static_cast<std::size_t>(n);
  }
}

bool Load::take_head(Client& c, std::int64_t) {
  std::string lower = c.head;
  for (auto& ch : lower) ch = static_cast<char>(std::tolower(static_cast<unsigned char>(ch)));
  c.is_refused = lower.compare(0, 12, "http/1.1 503") == 0;
  if (!c.is_refused && lower.compare(0, 12, "http/1.1 200") != 0) return false;
  c.is_stream = lower.find("text/event-stream") != lower.npos;
  c.is_chunked = lower.find("transfer-encoding: chunked") != lower.npos;
  c.phase = 0;
  c.line.clear();
  c.left = 0;
  if (c.is_chunked) return true;
  const auto at = lower.find("content-length:");
  if (at == lower.npos) return false;
  c.left = std::strtoull(lower.c_str() + at + 15, nullptr, 10);
  return true;
}

void Load::take_data(Client& c, std::string_view bytes, std::int64_t at) {
  if (!c.is_stream) return;
  if (!c.saw_event) {
    c.saw_event = true;
    ++opened;
    if (counts(at)) first_event.add(at - c.due);
  }
  c.tail += bytes;
  std::size_t from = 0;
  for (;;) {
    const auto found = c.tail.find("t=", from);
    if (found == c.tail.npos || found + 21 > c.tail.size()) break;
    std::int64_t stamp = 0;
    const char* first = c.tail.data() + found + 2;
    const auto parsed = std::from_chars(first, first + 19, stamp);
    from = found + 2;
    if (parsed.ptr != first + 19) continue;
    ++events;
    if (counts(at)) transit.add(at - stamp);
  }
  // What may be the beginning of a stamp is kept for the next piece.
  const auto keep = std::min<std::size_t>(c.tail.size() - from, 20);
  c.tail.erase(0, c.tail.size() - keep);
}

// True: the answer is complete. Errors set has_head to false and head to "!".
bool Load::take(Client& c, std::string_view bytes, std::int64_t at) {
  if (!c.has_head) {
    c.head += bytes;
    const auto end = c.head.find("\r\n\r\n");
    if (end == c.head.npos) return false;
    const std::string rest = c.head.substr(end + 4);
    c.head.resize(end + 2);
    if (!take_head(c, at)) {
      c.head = "!";
      return false;
    }
    c.has_head = true;
    if (!c.is_chunked && c.left == 0) return true;
    return !rest.empty() && take(c, rest, at);
  }
  if (!c.is_chunked) {
    const auto n = std::min<std::uint64_t>(c.left, bytes.size());
    take_data(c, bytes.substr(0, n), at);
    c.left -= n;
    return c.left == 0;
  }
  while (!bytes.empty()) {
    if (c.phase == 1) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(c.left, bytes.size()));
      take_data(c, bytes.substr(0, n), at);
      bytes.remove_prefix(n);
      c.left -= n;
      if (c.left == 0) c.phase = 2;
      continue;
    }
    const auto end = bytes.find('\n');
    c.line += bytes.substr(0, end);
    if (end == bytes.npos) return false;
    bytes.remove_prefix(end + 1);
    if (c.phase == 0) {
      c.left = std::strtoull(c.line.c_str(), nullptr, 16);
      c.phase = c.left == 0 ? 3 : 1;
    } else if (c.phase == 2) {
      c.phase = 0;
    } else if (c.line.empty() || c.line == "\r") {
      return true;
    }
    c.line.clear();
  }
  return false;
}

void Load::finish(std::size_t i, std::int64_t at, std::int64_t arrived) {
  Client& c = clients[i];
  ++all;
  if (counts(at) && c.is_refused) {
    ++refusals;
    refused.add(arrived - c.asked);
  } else if (counts(at)) {
    ++answers;
    latency.add(at - c.due);
  }
  c.is_busy = false;
  if (mode == "closed" && at < stop) return ask(i, now_ns());
  idle.push_back(i);
}

void Load::broken(std::size_t i) {
  ++errors;
  if (errors > 1000) {
    std::fprintf(stderr, "load: more than 1,000 errors, giving up; the last answer began with: %.200s\n", clients[i].head.c_str());
    std::exit(1);
  }
  connect(i);
  if (mode == "closed" && now_ns() < stop) return ask(i, now_ns());
  idle.push_back(i);
}

// `arrived` is left alone where the kernel has put no stamp.
ssize_t Load::receive(int fd, std::span<char> buffer, std::int64_t& arrived) const {
  if (!is_stamped) return ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  iovec piece{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(timespec))];
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = ::recvmsg(fd, &message, MSG_DONTWAIT);
  const cmsghdr* header = n > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (!header || header->cmsg_type != SCM_TIMESTAMPNS) return n;
  timespec stamp{};
  std::memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
  arrived = stamp.tv_sec * 1'000'000'000LL + stamp.tv_nsec - real_time_ahead;
  return n;
}

void Load::read(std::size_t i) {
  static char buffer[256 * 1024];
  for (;;) {
    Client& c = clients[i];
    std::int64_t arrived = 0;
    const ssize_t n = receive(c.fd, buffer, arrived);
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      if (c.is_busy) return broken(i);
      connect(i);
      return;
    }
    const auto at = now_ns();
    if (take(c, {buffer, static_cast<std::size_t>(n)}, at)) {
      finish(i, at, arrived != 0 ? arrived : at);
    } else if (!c.has_head && c.head == "!") {
      return broken(i);
    }
    if (static_cast<std::size_t>(n) < sizeof buffer) return;
  }
}

int spin(double seconds) {
  if (std::FILE* group = std::fopen("/proc/self/autogroup", "w")) {
    std::fputs("19", group);
    std::fclose(group);
  }
  sched_param none{};
  ::sched_setscheduler(0, SCHED_IDLE, &none);
  const auto until = now_ns() + static_cast<std::int64_t>(seconds * 1e9);
  while (now_ns() < until) {
    for (int i = 0; i < 2000; ++i) asm volatile("" ::: "memory");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr, "usage: load closed|open|flood|hold|spin HOST:PORT BODYFILE CONNECTIONS SECONDS [RATE]\n");
    return 2;
  }
  const double seconds = std::atof(argv[5]);
  if (std::string_view(argv[1]) == "spin") return spin(seconds);
  ::prctl(PR_SET_TIMERSLACK, 1UL);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);

  Load load;
  load.mode = argv[1];
  if (load.mode == "flood") {
    load.mode = "open";
    load.is_stamped = true;
    load.real_time_ahead = now_ns(CLOCK_REALTIME) - now_ns();
  }
  const std::string target = argv[2];
  const auto colon = target.find(':');
  load.address.sin_family = AF_INET;
  load.address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(target.c_str() + colon + 1)));
  if (::inet_pton(AF_INET, target.substr(0, colon).c_str(), &load.address.sin_addr) != 1) die("address");
  std::ifstream file(argv[3]);
  const std::string body{std::istreambuf_iterator<char>(file), {}};
  const char* key = std::getenv("LOAD_KEY");
  load.request = "POST /openai/v1/chat/completions HTTP/1.1\r\nHost: " + target + "\r\napi-key: " + (key ? key : "") +
                 "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  const auto count = static_cast<std::size_t>(std::atoi(argv[4]));
  const double rate = argc > 6 ? std::atof(argv[6]) : 0;
  if (count == 0 || body.empty() || (load.mode == "open" && rate <= 0)) die("nothing to do");

  load.epoll = ::epoll_create1(EPOLL_CLOEXEC);
  load.clients.resize(count);
  for (std::size_t i = 0; i < count; ++i) load.connect(i);

  const auto start = now_ns();
  const auto margin = std::min<std::int64_t>(250'000'000, static_cast<std::int64_t>(seconds * 1e8));
  const bool holds = load.mode == "hold";
  load.stop = start + static_cast<std::int64_t>(seconds * 1e9);
  load.begin = holds ? start : start + margin;
  load.end = holds ? load.stop : load.stop - margin;

  // A timer rather than epoll's timeout, which counts in milliseconds.
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = ~0ULL;
  ::epoll_ctl(load.epoll, EPOLL_CTL_ADD, timer, &event);
  std::uint64_t next = 0;  // of the requests that are due
  std::deque<std::int64_t> waiting;
  if (load.mode == "open") {
    for (std::size_t i = 0; i < count; ++i) load.idle.push_back(i);
  } else {
    for (std::size_t i = 0; i < count; ++i) load.ask(i, now_ns());
  }

  epoll_event ready[256];
  while (now_ns() < load.stop) {
    auto wake = load.stop;
    if (load.mode == "open") {
      const auto due_at = [&](std::uint64_t n) { return start + static_cast<std::int64_t>(static_cast<double>(n) / rate * 1e9); };
      for (auto at = now_ns(); due_at(next) <= at; ++next) waiting.push_back(due_at(next));
      // A request that finds no free connection waits, and its wait is part of its latency.
      while (!waiting.empty() && !load.idle.empty()) {
        const auto i = load.idle.front();
        load.idle.pop_front();
        const auto due = waiting.front();
        waiting.pop_front();
        load.ask(i, due);
      }
      wake = std::min(wake, due_at(next));
    }
    itimerspec at{};
    at.it_value.tv_sec = wake / 1'000'000'000;
    at.it_value.tv_nsec = wake % 1'000'000'000;
    ::timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, nullptr);
    const int n = ::epoll_wait(load.epoll, ready, 256, 1000);
    for (int k = 0; k < n; ++k) {
      if (ready[k].data.u64 == ~0ULL) {
        std::uint64_t ticks = 0;
        [[maybe_unused]] const auto got = ::read(timer, &ticks, sizeof ticks);
        continue;
      }
      const auto i = static_cast<std::size_t>(ready[k].data.u64);
      if (ready[k].events & EPOLLOUT) load.write(i);
      if (ready[k].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) load.read(i);
    }
  }
  if (load.is_stamped && std::abs(now_ns(CLOCK_REALTIME) - now_ns() - load.real_time_ahead) > 50'000) {
    std::fprintf(stderr, "load: the clock was set meanwhile; try again\n");
    return 1;
  }
  const double counted = static_cast<double>(load.end - load.begin) / 1e9;
  std::printf(
      "{\"mode\":\"%s\",\"seconds\":%.3f,\"all\":%llu,\"answers\":%llu,\"rps\":%.1f,\"refused\":%llu,\"refused_p50_us\":%.1f,\"refused_p99_us\":%.1f,\"errors\":%llu,\"late\":%zu,"
      "\"p50_us\":%.1f,\"p99_us\":%.1f,\"opened\":%llu,\"first_event_p50_us\":%.1f,\"first_event_p99_us\":%.1f,"
      "\"events\":%llu,\"transit_p50_us\":%.1f,\"transit_p99_us\":%.1f}\n",
      argv[1], counted, static_cast<unsigned long long>(load.all),
      static_cast<unsigned long long>(load.answers),
      static_cast<double>(load.answers) / counted, static_cast<unsigned long long>(load.refusals), load.refused.at(0.5),
      load.refused.at(0.99), static_cast<unsigned long long>(load.errors), waiting.size(),
      load.latency.at(0.5), load.latency.at(0.99), static_cast<unsigned long long>(load.opened),
      load.first_event.at(0.5), load.first_event.at(0.99), static_cast<unsigned long long>(load.events),
      load.transit.at(0.5), load.transit.at(0.99));
  return 0;
}
