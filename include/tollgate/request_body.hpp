// The body of a request: what has been read of it, and where the rest comes from.
#pragma once

#include "tollgate/awaitable.hpp"
#include "tollgate/spare_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace tollgate {

struct RequestBody;

// The client's side of a body. One thread; at most one call at a time.
class BodySource {
 public:
  enum class State : unsigned char { ok, end, client_gone, too_large, timeout, malformed };
  struct Part {
    State state = State::end;
    std::string_view bytes;  // valid until the next call
  };
  virtual ~BodySource() = default;

  // The next bytes as they arrive.
  virtual awaitable<Part> next_part() = 0;

  // Reads all of it into `body`, which has no source afterwards. State::ok on success.
  virtual awaitable<State> read_whole(RequestBody& body) = 0;
};

// Gives a body's memory back to where it came from: the heap, or `recycled` bytes of spare memory.
struct BodyRelease {
  std::size_t recycled = 0;
  BodyRelease() = default;
  explicit BodyRelease(std::size_t size) noexcept : recycled(size) {}
  BodyRelease(std::default_delete<char[]>) noexcept {}
  void operator()(char* memory) const noexcept {
    if (recycled == 0) delete[] memory;
    else SpareMemory::put(memory, recycled);
  }
};

struct RequestBody {
  // A whole body's allocation ends in zeroed padding so that SIMD scanners may read past the end.
  static constexpr std::size_t padding = 64;
  std::unique_ptr<char[], BodyRelease> storage;
  std::size_t size = 0;

  // Where the rest comes from; null when bytes() is all of it. A body with a source can be sent once.
  BodySource* source = nullptr;
  std::optional<std::uint64_t> length;  // as stated by the client; absent for chunked coding

  // Multipart: where in bytes() the value of the `model` field stands.
  std::size_t model_begin = 0;
  std::size_t model_end = 0;

  std::string_view bytes() const noexcept { return {storage.get(), size}; }
  bool is_whole() const noexcept { return source == nullptr; }
  void release() noexcept {
    storage.reset();
    size = 0;
  }
};

}  // namespace tollgate
