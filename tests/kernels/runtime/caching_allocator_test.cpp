// Contract: kernels/runtime/caching_allocator.h. Oracle: a source that keeps count, by hand.
#include "kernels/runtime/caching_allocator.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <new>
#include <set>
#include <vector>

#include "kernels/runtime/cpu/host_memory.h"
#include "kernels/runtime/error.h"

namespace gradvitals::test {
namespace {

/// Memory of so many bytes, and what was asked of it.
class SmallMemory final : public MemorySource {
 public:
  struct Log {
    std::int64_t bytes_left = 0;
    int asked = 0;
    int given_back = 0;
    std::set<void*> cached{};
  };

  SmallMemory(Log& log, bool is_device) : log_(&log), is_device_(is_device) {}

  void* take(std::int64_t bytes) override {
    ++log_->asked;
    if (bytes > log_->bytes_left) {
      if (!is_device_) throw std::bad_alloc();
      throw OutOfMemoryError({.requested_bytes = bytes, .free_bytes = log_->bytes_left});
    }
    log_->bytes_left -= bytes;
    return host_.take(bytes);
  }
  void give_back(void* block, std::int64_t bytes) noexcept override {
    EXPECT_FALSE(log_->cached.contains(block)) << "reused() comes first";
    ++log_->given_back;
    log_->bytes_left += bytes;
    host_.give_back(block, bytes);
  }
  void cached(void* block, std::int64_t) noexcept override { log_->cached.insert(block); }
  void reused(void* block, std::int64_t) noexcept override { log_->cached.erase(block); }

 private:
  HostMemory host_;
  Log* log_;
  bool is_device_;
};

constexpr std::int64_t kMaxCached = 1000;

TEST(CachingAllocator, KeepsBlocksOfOneSizeApartFromAnother) {
  SmallMemory::Log log{.bytes_left = 1000};
  CachingAllocator allocator(std::make_unique<SmallMemory>(log, true), kMaxCached);
  void* small = allocator.allocate(100);
  allocator.deallocate(small, 100);
  EXPECT_TRUE(log.cached.contains(small));
  void* larger = allocator.allocate(101);
  EXPECT_NE(larger, small);
  void* again = allocator.allocate(100);
  EXPECT_EQ(again, small);
  EXPECT_FALSE(log.cached.contains(small));
  allocator.deallocate(larger, 101);
  allocator.deallocate(again, 100);
}

TEST(CachingAllocator, CountsWhatItTookAndWhatWaits) {
  SmallMemory::Log log{.bytes_left = 1000};
  CachingAllocator allocator(std::make_unique<SmallMemory>(log, true), kMaxCached);
  EXPECT_EQ(allocator.use(), MemoryUse{});
  void* first = allocator.allocate(100);
  void* second = allocator.allocate(30);
  EXPECT_EQ(allocator.use(), (MemoryUse{.taken_count = 2, .taken_bytes = 130}));
  allocator.deallocate(first, 100);
  EXPECT_EQ(allocator.use(),
            (MemoryUse{.taken_count = 2, .taken_bytes = 130, .cached_bytes = 100}));
  first = allocator.allocate(100);
  EXPECT_EQ(allocator.use(), (MemoryUse{.taken_count = 2, .taken_bytes = 130}));
  EXPECT_THROW(allocator.allocate(5000), OutOfMemoryError);
  EXPECT_EQ(allocator.use(), (MemoryUse{.taken_count = 2, .taken_bytes = 130}));
  allocator.deallocate(first, 100);
  allocator.deallocate(second, 30);
}

TEST(CachingAllocator, GivesBackWhatIsUnusedBeforeItRunsOut) {
  for (const bool is_device : {false, true}) {
    SmallMemory::Log log{.bytes_left = 1000};
    CachingAllocator allocator(std::make_unique<SmallMemory>(log, is_device), kMaxCached);
    std::vector<void*> blocks;
    for (const std::int64_t bytes : {300, 300, 400}) blocks.push_back(allocator.allocate(bytes));
    allocator.deallocate(blocks[0], 300);
    allocator.deallocate(blocks[1], 300);
    void* large = allocator.allocate(600);
    EXPECT_EQ(log.given_back, 2);
    EXPECT_EQ(log.asked, 3 + 2);
    EXPECT_EQ(allocator.use(), (MemoryUse{.taken_count = 4, .taken_bytes = 1600}));
    allocator.deallocate(large, 600);
    allocator.deallocate(blocks[2], 400);
  }
}

TEST(CachingAllocator, ThrowsWhatItsSourceThrowsAndGoesOn) {
  SmallMemory::Log log{.bytes_left = 1000};
  CachingAllocator host(std::make_unique<SmallMemory>(log, false), kMaxCached);
  EXPECT_THROW(host.allocate(1001), std::bad_alloc);
  CachingAllocator device(std::make_unique<SmallMemory>(log, true), kMaxCached);
  EXPECT_THROW(device.allocate(1001), OutOfMemoryError);
  EXPECT_EQ(log.asked, 4) << "each was asked once more";
  void* block = device.allocate(1000);
  device.deallocate(block, 1000);
}

TEST(CachingAllocator, GivesEverythingBackAtItsEnd) {
  SmallMemory::Log log{.bytes_left = 1000};
  {
    CachingAllocator allocator(std::make_unique<SmallMemory>(log, true), kMaxCached);
    allocator.deallocate(allocator.allocate(100), 100);
    EXPECT_EQ(log.bytes_left, 900);
  }
  EXPECT_EQ(log.bytes_left, 1000);
  EXPECT_TRUE(log.cached.empty());
}

TEST(CachingAllocator, ReturnsWhatItMayNotHoard) {
  SmallMemory::Log log{.bytes_left = 2000};
  CachingAllocator allocator(std::make_unique<SmallMemory>(log, true), kMaxCached);
  void* block = allocator.allocate(kMaxCached + 1);
  allocator.deallocate(block, kMaxCached + 1);
  EXPECT_EQ(log.given_back, 1);
  EXPECT_EQ(allocator.use().cached_bytes, 0);
  block = allocator.allocate(64);
  allocator.deallocate(block, 64);
  EXPECT_EQ(allocator.use().cached_bytes, 64);
}

TEST(HostMemory, LargeBlocksBeginAtAHugePageAndAreWritable) {
  constexpr std::int64_t kHugePage = std::int64_t{1} << 21;
  HostMemory memory;
  for (const std::int64_t bytes : {kHugePage - 1, kHugePage, kHugePage + 1, 3 * kHugePage}) {
    auto* const block = static_cast<unsigned char*>(memory.take(bytes));
    const std::int64_t alignment = bytes < kHugePage ? HostMemory::kAlignment : kHugePage;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % static_cast<std::uintptr_t>(alignment), 0u);
    block[0] = 1;
    block[bytes - 1] = 1;
    memory.give_back(block, bytes);
  }
}

TEST(HostMemory, ThrowsWhereMemoryRunsOut) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the sanitizer's operator new ends the process instead of throwing";
#endif
  EXPECT_THROW(HostMemory().take(std::int64_t{1} << 60), std::bad_alloc);
}

}  // namespace
}  // namespace gradvitals::test
