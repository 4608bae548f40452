#include "tokens/word_cache.hpp"

#include <cstdlib>
#include <memory>
#include <new>

namespace tollgate::tokens {
namespace {

struct Free {
  void operator()(Memory* memory) const noexcept { std::free(memory); }
};

}  // namespace

Memory& memory_of(Encoding encoding) {
  // Zeroed memory is an empty one. From calloc its pages are not there before they are written.
  thread_local std::unique_ptr<Memory, Free> memories[2];
  auto& memory = memories[static_cast<std::size_t>(encoding)];
  if (!memory) {
    memory.reset(static_cast<Memory*>(std::calloc(1, sizeof(Memory))));
    if (!memory) throw std::bad_alloc();
  }
  return *memory;
}

}  // namespace tollgate::tokens
