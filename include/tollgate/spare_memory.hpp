// Memory of what lives about as long as a request, kept for reuse by the thread that gave it back.
//
// Frames of coroutines, heads and small bodies come in the same few sizes again and again, dozens of
// them at a time, and outlive each other in any order: the heap's own lists for a thread are too short
// for that. What is kept is bounded for each size, so that a burst goes back to the heap.
// Thread safety: a thread has spare memory of its own; memory may be given back on another one.
#pragma once

#include <array>
#include <cstddef>
#include <new>
#include <utility>

namespace tollgate {

class SpareMemory {
 public:
  static void* take(std::size_t size) {
    auto& list = list_of(size);
    if (size > largest || !list.first) return ::operator new(rounded(size));
    --list.count;
    Spare* spare = list.first;
    list.first = spare->next;
    return spare;
  }
  // `size` as it was asked for.
  static void put(void* memory, std::size_t size) noexcept {
    auto& list = list_of(size);
    if (size > largest || list.count * rounded(size) >= kept_bytes) return ::operator delete(memory);
    ++list.count;
    list.first = new (memory) Spare{list.first};
  }

 private:
  static constexpr std::size_t step = 32;
#if defined(__SANITIZE_ADDRESS__)  // which is to see everything come and go
  static constexpr std::size_t largest = 0;
#else
  static constexpr std::size_t largest = 4096;
#endif
  static constexpr std::size_t kept_bytes = 64 * 1024;  // of each size

  struct Spare {
    Spare* next;
  };
  struct List {
    Spare* first = nullptr;
    std::size_t count = 0;
    ~List() {
      while (first) ::operator delete(std::exchange(first, first->next));
    }
  };

  static std::size_t rounded(std::size_t size) noexcept { return (size + step - 1) / step * step; }
  static List& list_of(std::size_t size) noexcept {
    thread_local std::array<List, largest / step + 1> lists;
    return lists[size > largest ? 0 : (size + step - 1) / step];
  }
};

// Lets a container use it.
template <class T>
struct Recycling {
  using value_type = T;
  Recycling() = default;
  template <class U>
  Recycling(const Recycling<U>&) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(SpareMemory::take(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept {
    SpareMemory::put(memory, count * sizeof(T));
  }
  bool operator==(const Recycling&) const = default;
};

}  // namespace tollgate
