// Listening sockets and one epoll loop for each thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <openssl/ssl.h>

#include "mock_azure/reply.hpp"

namespace tollgate::mock {

struct ServerOptions {
  std::string host;
  std::uint16_t port = 0;  // 0: any free port
  int threads = 1;
  SSL_CTX* tls = nullptr;
  std::size_t body_limit_bytes = 0;
};

class EventLoop;

// Each loop has a listener of its own on the shared port, so a connection never changes thread.
class HttpServer {
 public:
  HttpServer(const ServerOptions& options, Handler& handler);  // throws std::runtime_error
  ~HttpServer();                                               // stops

  std::uint16_t port() const { return port_; }
  void start();
  void stop();

 private:
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
};

}  // namespace tollgate::mock
