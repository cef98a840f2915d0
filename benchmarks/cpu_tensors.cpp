#include "benchmarks/cpu_tensors.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace gradvitals {
namespace {

std::int64_t copies_of(const CpuCase& which) {
  constexpr std::int64_t kCaches = 4;
  const std::int64_t bytes = which.bytes();
  return which.is_cold ? (kCaches * cache_bytes() + bytes - 1) / bytes : 1;
}

}  // namespace

std::string CpuCase::name() const {
  return fmt::format("{}_{}/{}/{}", shapes, short_name(dtype), zero_percent,
                     is_cold ? "cold" : "warm");
}

std::int64_t CpuCase::bytes() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) * size_in_bytes(dtype);
}

std::int64_t cache_bytes() {
  std::int64_t largest = 1 << 20;  // Where the system does not tell.
  for (const auto& cache : benchmark::CPUInfo::Get().caches) {
    largest = std::max<std::int64_t>(largest, cache.size);
  }
  return largest;
}

CpuTensors::CpuTensors(const CpuCase& which)
    : counts_(which.counts),
      bytes_(which.bytes()),
      stream_({.device = DeviceType::kCpu, .threads = 1}),
      memory_(make_tensors(stream_, counts_, which.zero_percent, which.dtype, copies_of(which))) {
  const auto* data = static_cast<const char*>(memory_.data.data());
  for (const char* end = data + memory_.data.bytes(); data != end; data += padded(bytes_)) {
    views_.push_back(views_of(counts_, data, which.dtype, DeviceType::kCpu));
  }
  order_.resize(views_.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
}

const CpuTensors::Work& CpuTensors::contender(const std::string& name,
                                              const std::function<Work(CpuTensors&)>& make) {
  const auto found = contenders_.find(name);
  if (found != contenders_.end()) return found->second;
  return contenders_.emplace(name, make(*this)).first->second;
}

std::size_t CpuTensors::next() {
  turn_ = (turn_ + 1) % order_.size();
  return order_[turn_];
}

}  // namespace gradvitals
