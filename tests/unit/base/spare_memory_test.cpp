#include "tollgate/spare_memory.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace tollgate {
namespace {

TEST(SpareMemory, HoldsWhatIsWrittenToItInEverySize) {
  std::vector<void*> taken;
  for (int round = 0; round != 2; ++round) {
    for (std::size_t size = 1; size < 6'000; size += 37) {
      taken.push_back(SpareMemory::take(size));
      std::memset(taken.back(), static_cast<int>(size), size);
    }
    std::size_t size = 1;
    for (void* memory : taken) {
      EXPECT_EQ(static_cast<unsigned char*>(memory)[size - 1], static_cast<unsigned char>(size));
      SpareMemory::put(memory, size);
      size += 37;
    }
    taken.clear();
  }
}

#if !defined(__SANITIZE_ADDRESS__)  // nothing is kept then
TEST(SpareMemory, HandsOutWhatWasGivenBackLast) {
  void* const memory = SpareMemory::take(100);
  SpareMemory::put(memory, 100);
  EXPECT_EQ(SpareMemory::take(128), memory);  // the same size, rounded
  SpareMemory::put(memory, 128);
}
#endif

TEST(SpareMemory, ServesContainers) {
  std::vector<int, Recycling<int>> numbers;
  for (int i = 0; i != 5'000; ++i) numbers.push_back(i);
  for (int i = 0; i != 5'000; ++i) ASSERT_EQ(numbers[static_cast<std::size_t>(i)], i);
}

}  // namespace
}  // namespace tollgate
