#include "app/huge_code.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1, newer than the C library's headers
#endif

namespace tollgate::app {
namespace {

constexpr std::size_t huge_page = 2 * 1024 * 1024;

struct Code {
  std::byte* begin = nullptr;
  std::size_t offset = 0;  // in the program's file
};

// The program's code; nothing unless a whole huge page can stand where it begins, as it can where the linker was told to
// align it (src/CMakeLists.txt).
Code program_code() noexcept {
  Code found;
  const auto look = [](dl_phdr_info* program, std::size_t, void* result) {
    for (int i = 0; i < program->dlpi_phnum; ++i) {
      const auto& segment = program->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
      const std::uintptr_t begin = program->dlpi_addr + segment.p_vaddr;
      if (begin % huge_page == 0 && segment.p_filesz >= huge_page)
        *static_cast<Code*>(result) = {reinterpret_cast<std::byte*>(begin), segment.p_offset};
    }
    return 1;  // the first is the program itself
  };
  ::dl_iterate_phdr(look, &found);
  return found;
}

// Copies the code. False where it is not what the file has: a probe that the kernel has set in a page of the file would
// end the process in any other.
bool copy_unchanged(const Code& code, void* to) noexcept {
  const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::size_t done = 0;
  while (done < huge_page) {
    const auto got = ::pread(file, static_cast<std::byte*>(to) + done, huge_page - done, static_cast<off_t>(code.offset + done));
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  ::close(file);
  return done == huge_page && std::memcmp(to, code.begin, huge_page) == 0;
}

// Room for one huge page; null if there is none.
void* map_huge_page() noexcept {
  void* const all = ::mmap(nullptr, 2 * huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  const auto begin = reinterpret_cast<std::uintptr_t>(all);
  const auto page = (begin + huge_page - 1) & ~(huge_page - 1);
  if (page != begin) ::munmap(all, page - begin);
  ::munmap(reinterpret_cast<void*>(page + huge_page), begin + huge_page - page);
  return reinterpret_cast<void*>(page);
}

bool move_over(const Code& code, void* page) noexcept {
  if (::madvise(page, huge_page, MADV_HUGEPAGE) != 0 || !copy_unchanged(code, page)) return false;
  if (::madvise(page, huge_page, MADV_COLLAPSE) != 0) return false;  // it is not huge, and nothing would be won
  if (::mprotect(page, huge_page, PROT_READ | PROT_EXEC) != 0) return false;
  // In one step: there is no moment at which the code is missing.
  return ::mremap(page, huge_page, huge_page, MREMAP_MAYMOVE | MREMAP_FIXED, code.begin) == code.begin;
}

}  // namespace

bool move_code_to_huge_page() noexcept {
  const Code code = program_code();
  if (code.begin == nullptr) return false;
  void* const page = map_huge_page();
  if (page == nullptr) return false;
  if (move_over(code, page)) return true;
  ::munmap(page, huge_page);
  return false;
}

}  // namespace tollgate::app
