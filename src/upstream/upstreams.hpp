// One worker's connections to the deployments: kept alive, handed out, taken back.
//
// Pools are keyed by destination, not by deployment, and live outside the configuration: they
// survive a reload, and deployments behind one endpoint share them.
// One thread: the worker's.
#pragma once

#include "net/loop.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/byte_stream.hpp"
#include "tollgate/config.hpp"

#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace tollgate::telemetry {
class WorkerMetrics;
}
namespace tollgate::net {
class TlsClientContext;
}

namespace tollgate::upstream {

// Connections to one destination.
struct Pool {
  struct Idle {
    Pool* pool;
    std::unique_ptr<ByteStream> stream;
    TimePoint since;
    std::list<Idle>::iterator self;
  };
  std::list<Idle> idle;  // the latest used first
  int open = 0;          // busy and idle
  std::shared_ptr<net::TlsClientContext> tls;
  telemetry::WorkerMetrics* metrics = nullptr;
};

// A connection on loan. Given back with give_back(), closed otherwise.
class Lease {
 public:
  Lease() = default;
  Lease(Pool& pool, std::unique_ptr<ByteStream> stream, bool is_reused);
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { close(); }

  explicit operator bool() const noexcept { return stream_ != nullptr; }
  ByteStream& stream() const noexcept { return *stream_; }
  bool is_reused() const noexcept { return is_reused_; }

  void give_back();  // REQUIRES: the answer has been read to its end
  void close();

 private:
  Pool* pool_ = nullptr;
  std::unique_ptr<ByteStream> stream_;
  bool is_reused_ = false;
};

struct Acquired {
  Lease lease;
  bool is_full = false;   // the deployment's `connections` are all in use
  std::string error;      // why there is none
};

class Upstreams : private Timer {
 public:
  Upstreams(net::Loop& loop, telemetry::WorkerMetrics& metrics);
  ~Upstreams();
  Upstreams(const Upstreams&) = delete;

  // The authorities to trust may have changed: connections opened from now on read them anew.
  void on_new_config();

  // An idle connection at once, or a new one within the deadline. `fresh`: do not reuse.
  awaitable<Acquired> acquire(const Deployment& deployment, TimePoint deadline, bool fresh = false);

 private:
  Pool& pool_for(const Deployment& deployment);
  awaitable<Acquired> open(Pool& pool, const Deployment& deployment, TimePoint deadline);
  void sweep();

  net::Loop& loop_;
  telemetry::WorkerMetrics& metrics_;
  std::unordered_map<std::string, std::unique_ptr<Pool>> pools_;
  // The pools of the deployment objects seen since the configuration changed; its objects may have
  // the addresses of those of a configuration long gone.
  std::unordered_map<const Deployment*, Pool*> known_;
};

}  // namespace tollgate::upstream
