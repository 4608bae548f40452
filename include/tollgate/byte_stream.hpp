// A connection as bytes: plain TCP and TLS behind one small interface.
//
// The calls that move bytes never wait; they say `would_block`, and then one awaits readable() or
// writable(). Two things follow: the usual case costs one system call and no coroutine, and a
// connection that waits holds no buffer (5,000 idle streams own no read buffers at all).
//
// One thread: the worker that owns the connection.
#pragma once

#include "tollgate/clock.hpp"

#include <coroutine>
#include <cstddef>
#include <span>
#include <string_view>

namespace tollgate {

enum class IoStatus : unsigned char { ok, would_block, eof, failed };

struct IoResult {
  IoStatus status = IoStatus::ok;
  std::size_t bytes = 0;  // moved by this call; may be short of what was asked
};

enum class Wake : unsigned char { ready, timeout, closed };

// What the other side has done: nothing that was not read yet, sent bytes, or finished or gone.
enum class Peer : unsigned char { silent, sent, gone };

class ByteStream;

// Awaits one direction of one stream. At most one Wait per stream and direction at a time.
// Destroying it while it waits is safe and cancels the wait.
class Wait : public Timer {
 public:
  enum class For : unsigned char { read, write };
  Wait(ByteStream& stream, For direction, TimePoint deadline) noexcept
      : stream_(stream), direction_(direction) {
    at = deadline;
  }
  Wait(const Wait&) = delete;
  ~Wait();

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller);
  Wake await_resume() const noexcept { return wake_; }

  // For stream implementations: ends the wait and resumes the caller.
  void wake(Wake why) {
    wake_ = why;
    is_armed_ = false;
    caller_.resume();
  }
  For direction() const noexcept { return direction_; }
  ByteStream& stream() const noexcept { return stream_; }

 private:
  ByteStream& stream_;
  std::coroutine_handle<> caller_;
  For direction_;
  Wake wake_ = Wake::ready;
  bool is_armed_ = false;
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;

  // Reads up to `size` bytes. eof: the peer has finished sending.
  virtual IoResult try_read(char* into, std::size_t size) = 0;

  // Writes the parts in order, as much as the socket takes. failed: the peer is gone.
  virtual IoResult try_write(std::span<const std::string_view> parts) = 0;

  // Await these after would_block; `no_deadline` waits for ever. Wake::closed: close() was called.
  Wait readable(TimePoint deadline) { return Wait(*this, Wait::For::read, deadline); }
  Wait writable(TimePoint deadline) { return Wait(*this, Wait::For::write, deadline); }

  // Watches the receiving side while nobody reads: `on_event(context)` is called once, from the event
  // loop and never from inside this call, when the peer may have sent bytes, finished or gone. It may be called
  // without need, so it looks and, if there was nothing, watches again.
  virtual void watch(void (*on_event)(void*), void* context) = 0;
  virtual void unwatch() = 0;

  // Looks at the receiving side without taking anything from it.
  virtual Peer look() = 0;

  // As look(), but asks the system only when the last read or what the loop has been told since left something to ask:
  // what the loop has not been told of yet goes unseen.
  virtual Peer glance() = 0;

  // What the peer said when it broke off, in words: an alert of TLS; "" nothing.
  virtual const char* alert() const noexcept { return ""; }

  // Tells the peer that nothing more will be sent; its last bytes can still be read.
  virtual void finish_sending() = 0;

  // Closes at once. Waiters are not resumed: destroy them first.
  virtual void close() = 0;

  virtual bool is_open() const noexcept = 0;
  virtual bool is_encrypted() const noexcept = 0;

  // For Wait alone: forgets a wait that is no longer wanted.
  virtual void disarm(Wait&) noexcept = 0;

 private:
  friend class Wait;
  // False: the direction is ready already, nothing was armed.
  virtual bool arm(Wait&) = 0;

};

inline Wait::~Wait() {
  if (is_armed_) stream_.disarm(*this);
}

inline bool Wait::await_suspend(std::coroutine_handle<> caller) {
  caller_ = caller;
  is_armed_ = stream_.arm(*this);
  return is_armed_;
}

}  // namespace tollgate
