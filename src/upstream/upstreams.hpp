// One worker's connections to the deployments: kept alive, handed out, taken back.
//
// Pools are keyed by destination, not by deployment, and live outside the configuration: they
// survive a reload, and deployments behind one endpoint share them.
// One thread: the worker's.
#pragma once

#include "net/egress.hpp"
#include "net/loop.hpp"
#include "tollgate/awaitable.hpp"
#include "tollgate/byte_stream.hpp"
#include "tollgate/config.hpp"

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace tollgate::telemetry {
class WorkerMetrics;
}
namespace tollgate::net {
class TlsClientContext;
}

namespace tollgate::upstream {

// Connections to one destination.
struct Pool {
  struct Kept {
    Pool* pool;
    std::unique_ptr<ByteStream> stream;
    net::Address peer{};
    bool is_last = false;  // closed after the call that is on it
    TimePoint idle_since{};
    std::list<Kept>::iterator self{};
  };
  std::list<Kept> idle;  // the latest used first
  std::list<Kept> busy;
  int open = 0;          // busy, idle and opening
  std::optional<net::Egress> egress;
  std::string name;      // that its addresses come from; "": they are written down
  std::shared_ptr<net::TlsClientContext> tls;
  telemetry::WorkerMetrics* metrics = nullptr;
  TimePoint reuse_from{};  // no connection is kept or used again before
};

// A connection on loan. Given back with give_back(), closed otherwise.
class Lease {
 public:
  Lease() = default;
  Lease(Pool::Kept& kept, bool is_reused);  // REQUIRES: among the busy
  Lease(Lease&& other) noexcept
      : kept_(std::exchange(other.kept_, nullptr)), is_reused_(other.is_reused_) {}
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { close(); }

  explicit operator bool() const noexcept { return kept_ != nullptr; }
  ByteStream& stream() const noexcept { return *kept_->stream; }
  bool is_reused() const noexcept { return is_reused_; }

  void give_back();  // REQUIRES: the answer has been read to its end
  void close();

  // Bytes came behind the end of the answer.
  void distrust();

 private:
  Pool::Kept* kept_ = nullptr;
  bool is_reused_ = false;
};

struct Acquired {
  Lease lease;
  bool is_full = false;   // the deployment's `connections` are all in use
  std::string error;      // why there is none
};

// Which connections a call may be given.
enum class Reuse : unsigned char {
  quick,    // a kept one, even one that the upstream may have closed a moment ago: the call can be repeated
  careful,  // a kept one that is looked at first
  none
};

class Upstreams : private Timer {
 public:
  Upstreams(net::Loop& loop, net::Perimeter& perimeter, telemetry::WorkerMetrics& metrics);
  ~Upstreams();
  Upstreams(const Upstreams&) = delete;

  // Certificates may have changed: connections opened from now on read them anew. The network's rules may
  // have changed: those that they do not allow any more are closed, busy ones after their call.
  void on_new_config();

  // A kept connection at once, or a new one within the deadline and the deployment's time to connect.
  awaitable<Acquired> acquire(const Deployment& deployment, TimePoint deadline, Reuse reuse);

 private:
  Pool& pool_for(const Deployment& deployment);
  awaitable<Acquired> open(Pool& pool, const Deployment& deployment, TimePoint deadline);
  void sweep();
  bool retire_moved(Pool& pool);

  net::Loop& loop_;
  net::Perimeter& perimeter_;
  telemetry::WorkerMetrics& metrics_;
  std::unordered_map<std::string, std::unique_ptr<Pool>> pools_;
  // The pools of the deployment objects seen since the configuration changed; its objects may have
  // the addresses of those of a configuration long gone.
  std::unordered_map<const Deployment*, Pool*> known_;
};

}  // namespace tollgate::upstream
