// Memory that is given back to the system although its block is still, or will for a while be, the allocator's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/mman.h>
#include <unistd.h>

namespace tollgate::base {

// The pages that lie whole in `memory`: from the heap, of no more use. What they held is lost. For a block that another
// thread has allocated and that is about to be freed here: the allocator keeps it for that thread, which may
// never ask for one of its size again.
inline void give_back_pages(std::span<char> memory) noexcept {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(memory.data()) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(memory.data()) + memory.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace tollgate::base
