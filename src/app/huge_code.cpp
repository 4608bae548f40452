#include "app/huge_code.hpp"

#include <link.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1, newer than the C library's headers
#endif

namespace tollgate::app {
namespace {

constexpr std::size_t huge_page = 2 * 1024 * 1024;

// Where the program's code begins; null unless a whole huge page can stand there, as it can where the linker was told
// to align it (src/CMakeLists.txt).
std::byte* program_code() noexcept {
  std::byte* found = nullptr;
  const auto look = [](dl_phdr_info* program, std::size_t, void* result) {
    for (int i = 0; i < program->dlpi_phnum; ++i) {
      const auto& segment = program->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
      const std::uintptr_t begin = program->dlpi_addr + segment.p_vaddr;
      if (begin % huge_page == 0 && segment.p_filesz >= huge_page)
        *static_cast<std::byte**>(result) = reinterpret_cast<std::byte*>(begin);
    }
    return 1;  // the first is the program itself
  };
  ::dl_iterate_phdr(look, &found);
  return found;
}

// Pages of twice the size, of which one huge page is aligned.
class Room {
 public:
  Room() noexcept
      : all_(::mmap(nullptr, 2 * huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
  ~Room() {
    if (is_there()) ::munmap(all_, 2 * huge_page);
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  bool is_there() const noexcept { return all_ != MAP_FAILED; }
  void* page() const noexcept {
    return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(all_) + huge_page - 1) & ~(huge_page - 1));
  }

 private:
  void* all_;
};

}  // namespace

bool move_code_to_huge_page() noexcept {
  std::byte* const code = program_code();
  if (code == nullptr) return false;
  const Room room;
  if (!room.is_there()) return false;
  void* const copy = room.page();
  if (::madvise(copy, huge_page, MADV_HUGEPAGE) != 0) return false;
  std::memcpy(copy, code, huge_page);
  if (::madvise(copy, huge_page, MADV_COLLAPSE) != 0) return false;  // it is not huge, and nothing would be won
  if (::mprotect(copy, huge_page, PROT_READ | PROT_EXEC) != 0) return false;
  // In one step: there is no moment at which the code is missing.
  return ::mremap(copy, huge_page, huge_page, MREMAP_MAYMOVE | MREMAP_FIXED, code) == code;
}

}  // namespace tollgate::app
