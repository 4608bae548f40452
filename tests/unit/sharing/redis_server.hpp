// A real redis-server of its own on a loopback port, and a plain client to look into it.
#pragma once

#include "net/perimeter.hpp"
#include "sharing/resp.hpp"
#include "tollgate/spending.hpp"

#include <hiredis/hiredis.h>

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace tollgate::sharing {

// Rules that let every connection pass.
inline net::Perimeter& everywhere() {
  static net::Perimeter perimeter;
  return perimeter;
}

inline std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

class RedisServer {
 public:
  using Options = std::vector<std::string>;

  explicit RedisServer(Options options = {}) : port_(free_port()), options_(std::move(options)) {
    char folder[] = "/tmp/tollgate-redis-XXXXXX";
    if (!::mkdtemp(folder)) throw std::runtime_error("no folder for redis-server");
    folder_ = folder;
    start();
  }
  RedisServer(const RedisServer&) = delete;
  ~RedisServer() {
    kill(SIGKILL);
    std::filesystem::remove_all(folder_);
  }

  void start() {
    std::vector<std::string> words{"redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1",
                                   "--save", "", "--appendonly", "no", "--dir", folder_,
                                   "--logfile", folder_ + "/log"};
    words.insert(words.end(), options_.begin(), options_.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that dies does not leave it, nor its pipe, behind
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    for (int i = 0; i < 500; ++i) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = -1;
        break;
      }
      if (accepts()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(SIGKILL);
    throw std::runtime_error("redis-server does not start; is the Debian package redis-server installed?");
  }
  // Ends it (or lets it sleep, SIGSTOP, and go on, SIGCONT).
  void kill(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    if (signal == SIGSTOP || signal == SIGCONT) return;
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  std::uint16_t port() const { return port_; }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  const std::string& folder() const { return folder_; }

  SharingConfig config(SharingMode mode = SharingMode::exact) const {
    SharingConfig out;
    out.redis = url();
    out.prefix = "test";
    out.mode = mode;
    return out;
  }

 private:
  bool accepts() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    const bool is_ok = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return is_ok;
  }

  std::uint16_t port_;
  Options options_;
  std::string folder_;
  pid_t pid_ = -1;
};

// Blocks; for looking and for what an operator would type.
class RedisClient {
 public:
  explicit RedisClient(std::uint16_t port) : context_(redisConnect("127.0.0.1", port)) {
    if (!context_ || context_->err) throw std::runtime_error("cannot connect to redis-server");
  }
  RedisClient(const RedisClient&) = delete;
  ~RedisClient() { redisFree(context_); }

  Reply ask(const std::vector<std::string>& words) {
    std::string bytes;
    append_command(bytes, words);
    redisAppendFormattedCommand(context_, bytes.data(), bytes.size());
    int is_done = 0;
    while (!is_done) {
      if (redisBufferWrite(context_, &is_done) != REDIS_OK) throw std::runtime_error("redis-server is gone");
    }
    char buffer[16 * 1024];
    for (;;) {
      Reply reply;
      const auto status = reader_.next(reply);
      if (status == ReplyReader::Status::reply) return reply;
      const auto n = ::read(context_->fd, buffer, sizeof buffer);
      if (n <= 0) throw std::runtime_error("redis-server is gone");
      reader_.feed({buffer, static_cast<std::size_t>(n)});
    }
  }
  std::int64_t number(const std::vector<std::string>& words) {
    const Reply reply = ask(words);
    return reply.kind == Reply::Kind::number ? reply.number
                                             : std::strtoll(reply.text.c_str(), nullptr, 10);
  }

 private:
  redisContext* context_;
  ReplyReader reader_;
};

}  // namespace tollgate::sharing
