#include "upstream/upstreams.hpp"

#include "net/connect.hpp"
#include "net/resolver.hpp"
#include "net/tls_context.hpp"
#include "telemetry/worker_metrics.hpp"
#include "tollgate/log.hpp"

#include <algorithm>
#include <exception>

namespace tollgate::upstream {

namespace {

// Azure's front ends drop idle connections after some minutes; ours go first.
constexpr std::chrono::seconds max_idle{90};
constexpr std::chrono::seconds sweep_interval{2};
// For so long after its answer a connection is what it was then, or the loop has been told: upstreams drop those that
// nobody used for seconds. By the coarse clock, whose ticks are up to 4 ms apart.
constexpr std::chrono::milliseconds just_used{8};
constexpr std::chrono::milliseconds answer_pause{250};  // until a name that was asked for is looked at again

// What comes unasked so soon after an answer is no farewell to an idle connection: the upstream has lost count of its
// answers, and the next of them might reach another caller. For so long each call gets a connection of its own.
constexpr std::chrono::seconds soon{1};
constexpr std::chrono::seconds without_reuse{60};

void stop_reuse(Pool& pool) {
  const auto now = coarse_now();
  if (now >= pool.reuse_from) {
    log::warn("upstream", (pool.name.empty() ? std::string("a deployment") : pool.name) +
                              " sends more than its answers: for a minute its connections are used once");
  }
  pool.reuse_from = now + without_reuse;
}

// Something may have happened on an idle connection: the upstream closed it, or sent what nobody asked
// for.
void on_idle_event(void* context) {
  auto& idle = *static_cast<Pool::Kept*>(context);
  const Peer peer = idle.stream->look();
  if (peer == Peer::silent) {
    idle.stream->watch(on_idle_event, &idle);
    return;
  }
  Pool& pool = *idle.pool;
  if (peer == Peer::sent && coarse_now() - idle.idle_since < soon) stop_reuse(pool);
  --pool.open;
  pool.metrics->upstream_idle.add(-1);
  pool.idle.erase(idle.self);
}

template <class Choice>
std::uint64_t close_idle(Pool& pool, Choice must_close) {
  const auto closed = pool.idle.remove_if(must_close);
  pool.open -= static_cast<int>(closed);
  pool.metrics->upstream_idle.add(-static_cast<std::int64_t>(closed));
  return closed;
}

}  // namespace

Lease::Lease(Pool::Kept& kept, bool is_reused) : kept_(&kept), is_reused_(is_reused) {
  kept.pool->metrics->upstream_busy.add(1);
}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    close();
    kept_ = std::exchange(other.kept_, nullptr);
    is_reused_ = other.is_reused_;
  }
  return *this;
}

void Lease::close() {
  if (!kept_) return;
  Pool& pool = *kept_->pool;
  pool.busy.erase(std::exchange(kept_, nullptr)->self);
  --pool.open;
  pool.metrics->upstream_busy.add(-1);
}

void Lease::distrust() { stop_reuse(*kept_->pool); }

void Lease::give_back() {
  Pool::Kept& kept = *std::exchange(kept_, nullptr);
  Pool& pool = *kept.pool;
  if (kept.is_last || coarse_now() < pool.reuse_from) {
    kept_ = &kept;
    return close();
  }
  pool.metrics->upstream_busy.add(-1);
  pool.metrics->upstream_idle.add(1);
  pool.idle.splice(pool.idle.begin(), pool.busy, kept.self);
  kept.idle_since = coarse_now();
  kept.stream->watch(on_idle_event, &kept);
}

Upstreams::Upstreams(net::Loop& loop, net::Perimeter& perimeter, telemetry::WorkerMetrics& metrics)
    : loop_(loop), perimeter_(perimeter), metrics_(metrics) {
  fire = [](Timer& timer) { static_cast<Upstreams&>(timer).sweep(); };
  at = Clock::now() + sweep_interval;
  loop_.arm(*this);
}

Upstreams::~Upstreams() { loop_.disarm(*this); }

void Upstreams::sweep() {
  const auto oldest = Clock::now() - max_idle;
  bool is_asking = false;
  for (auto& [key, pool] : pools_) {
    close_idle(*pool, [oldest](const Pool::Kept& kept) { return kept.idle_since < oldest; });
    is_asking |= !retire_moved(*pool);
  }
  at = Clock::now() + (is_asking ? Duration(answer_pause) : Duration(sweep_interval));
  loop_.arm(*this);
}

// Connections to an address that the name does not stand for any more: idle ones are closed, busy ones after
// their call. False: the name has to be asked for first.
bool Upstreams::retire_moved(Pool& pool) {
  if (pool.name.empty() || (pool.idle.empty() && pool.busy.empty())) return true;
  const auto* answer = loop_.resolver().look(pool.name, perimeter_);
  if (!answer) return false;
  const auto has_moved = [answer](const Pool::Kept& kept) {
    return std::none_of(answer->begin(), answer->end(), [&](const auto& a) { return a.ip() == kept.peer.ip(); });
  };
  perimeter_.lookups.retired += close_idle(pool, has_moved);
  for (Pool::Kept& kept : pool.busy) kept.is_last |= has_moved(kept);
  return true;
}

void Upstreams::on_new_config() {
  known_.clear();
  for (auto& [key, pool] : pools_) {
    pool->tls.reset();
    const net::Egress& egress = *pool->egress;
    close_idle(*pool, [&egress](const Pool::Kept& kept) { return !egress.admits(kept.peer); });
    for (Pool::Kept& kept : pool->busy) kept.is_last |= !egress.admits(kept.peer);
  }
}

Pool& Upstreams::pool_for(const Deployment& deployment) {
  Pool*& known = known_[&deployment];
  if (known) return *known;
  const auto& endpoint = deployment.endpoint;
  std::string key(endpoint.is_tls ? "tls " : "tcp ");
  key.append(endpoint.authority);
  key.append(deployment.network == Network::private_only ? " private " : " any ");
  key.append(deployment.ca_file);
  if (const auto& own = deployment.client_certificate) key.append(" as ").append(own->certificate).append(" ").append(own->key);
  for (const auto& address : deployment.addresses) key.append(" at ").append(address);
  auto& pool = pools_[key];
  if (!pool) {
    pool = std::make_unique<Pool>();
    pool->metrics = &metrics_;
    pool->egress = net::Egress::to(perimeter_, deployment);
    const bool is_name = deployment.addresses.empty() && !net::parse_address(endpoint.host, endpoint.port);
    if (is_name) pool->name = endpoint.host;
  }
  known = pool.get();
  return *known;
}

awaitable<Acquired> Upstreams::acquire(const Deployment& deployment, TimePoint deadline, Reuse reuse) {
  Pool& pool = pool_for(deployment);
  const auto now = coarse_now();
  if (now < pool.reuse_from) close_idle(pool, [](const Pool::Kept&) { return true; });
  while (reuse != Reuse::none && !pool.idle.empty()) {
    Pool::Kept& kept = pool.idle.front();
    kept.stream->unwatch();
    metrics_.upstream_idle.add(-1);
    // Its event may have come with its last answer, be waiting behind the one that brought us here, or
    // not have been fetched yet. Bytes that came before the request would be read as its answer.
    const auto idle_for = now - kept.idle_since;
    const Peer peer = reuse == Reuse::quick && idle_for < just_used ? kept.stream->glance() : kept.stream->look();
    if (peer != Peer::silent) {
      pool.idle.pop_front();
      --pool.open;
      if (peer == Peer::sent && idle_for < soon) {
        stop_reuse(pool);
        close_idle(pool, [](const Pool::Kept&) { return true; });
      }
      continue;
    }
    metrics_.upstream_reuses.add();
    pool.busy.splice(pool.busy.begin(), pool.idle, kept.self);
    Acquired out;
    out.lease = Lease(kept, true);
    return out;
  }
  if (pool.open >= deployment.max_connections) {
    Acquired out;
    out.is_full = true;
    out.error = "all " + std::to_string(deployment.max_connections) + " connections are in use";
    return out;
  }
  return open(pool, deployment, deadline);
}

awaitable<Acquired> Upstreams::open(Pool& pool, const Deployment& deployment, TimePoint deadline) {
  deadline = std::min(deadline, Clock::now() + deployment.timeouts.connect);
  Acquired out;
  // Counted while it opens, so that a burst does not exceed the limit; given back on every way out.
  struct Opening {
    Pool& pool;
    bool is_open = false;
    ~Opening() {
      if (!is_open) --pool.open;
    }
  } opening{pool};
  ++pool.open;
  if (deployment.endpoint.is_tls && !pool.tls) {
    try {
      pool.tls = std::make_shared<net::TlsClientContext>(deployment.ca_file, deployment.client_certificate);
    } catch (const std::exception& e) {
      out.error = e.what();
      co_return out;
    }
  }
  const net::Egress egress = net::Egress::to(perimeter_, deployment);
  net::Connected connected = co_await net::connect(loop_, deployment.endpoint, egress, pool.tls, deadline);
  if (!connected.stream) {
    metrics_.upstream_connect_failures.add();
    out.error = std::move(connected.error);
    co_return out;
  }
  metrics_.upstream_connects.add();
  opening.is_open = true;
  Pool::Kept& kept = pool.busy.emplace_front(Pool::Kept{&pool, std::move(connected.stream), connected.address});
  kept.self = pool.busy.begin();
  out.lease = Lease(kept, false);
  co_return out;
}

}  // namespace tollgate::upstream
