#include "tests/sim/bugs.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "kernels/sim/sanitizers.h"
#include "tests/sim/device_array.h"
#include "tests/sim/planted_bugs.cuh"
#include "tests/support/sim_schedules.h"

namespace gradvitals::sim {
namespace {

constexpr unsigned kGridBlocks = 3;
constexpr unsigned kElements = kGridBlocks * planted::kThreads;

/// Values that no two threads share, and of which no sum depends on its order by chance alone.
std::vector<float> inputs() {
  std::vector<float> values(kElements);
  for (unsigned i = 0; i < kElements; ++i) values[i] = std::sin(static_cast<float>(i) + 0.5f);
  return values;
}

using Kernel = void (*)(const float*, float*);

std::vector<float> run_elementwise(Kernel kernel) {
  const DeviceArray<float> x(inputs());
  const DeviceArray<float> y(inputs());
  gpu::launch(kernel, {.grid = kGridBlocks, .block = planted::kThreads}, {}, x.data(), y.data());
  return y.download();
}

template <Kernel kWithBug, Kernel kWithout>
std::vector<float> elementwise(bool is_planted) {
  return run_elementwise(is_planted ? kWithBug : kWithout);
}

std::vector<float> out_of_bounds(bool is_planted) {
  constexpr unsigned kFew = kElements - 3;
  const std::vector<float> values = inputs();
  const DeviceArray<float> x(std::span<const float>{values}.first(kFew));
  const DeviceArray<float> y(kFew);
  gpu::launch(is_planted ? planted::global_out_of_bounds_kernel<true>
                         : planted::global_out_of_bounds_kernel<false>,
              {.grid = kGridBlocks, .block = planted::kThreads}, {}, kFew, x.data(), y.data());
  return y.download();
}

std::vector<float> host_access(bool is_planted) {
  const DeviceArray<float> x(inputs());
  return is_planted ? std::vector<float>{*x.data()} : x.download();
}

template <planted::TicketBug kBug>
std::vector<float> last_block_sum(bool is_planted) {
  const std::vector<unsigned> zero(1);
  const DeviceArray<float> x(inputs());
  const DeviceArray<float> partials(kGridBlocks);
  const DeviceArray<unsigned> ticket(zero);
  const DeviceArray<float> y(1);
  gpu::launch(is_planted ? planted::last_block_sum_kernel<kBug>
                         : planted::last_block_sum_kernel<planted::TicketBug::kNone>,
              {.grid = kGridBlocks, .block = planted::kThreads}, {}, x.data(), partials.data(),
              ticket.data(), y.data());
  return y.download();
}

#define GRADVITALS_BOTH(kernel) elementwise<planted::kernel<true>, planted::kernel<false>>

constexpr std::string_view kRace = "ThreadSanitizer: data race";

const std::array kBugs = {
    Bug{"missing __syncthreads", Sign::kSchedules, kRace,
        GRADVITALS_BOTH(missing_syncthreads_kernel)},
    Bug{"missing __syncthreads before reuse", Sign::kSchedules, kRace,
        GRADVITALS_BOTH(missing_syncthreads_before_reuse_kernel)},
    Bug{"missing __syncwarp", Sign::kSchedules, kRace, GRADVITALS_BOTH(missing_syncwarp_kernel)},
    Bug{"uninitialised shared memory", Sign::kNan, "",
        GRADVITALS_BOTH(uninitialised_shared_kernel)},
    Bug{"shuffle from outside of the mask", Sign::kNan, "",
        GRADVITALS_BOTH(shuffle_from_outside_of_mask_kernel)},
    Bug{"full mask in a divergent branch", Sign::kFault,
        "deadlock.*\n  threads 0-31, 40-63: wait in __syncthreads at .*planted_bugs.cuh:[0-9]+"
        "\n  threads 32-39: wait in __shfl_xor_sync with mask 0xffffffff at .*planted_bugs.cuh:",
        GRADVITALS_BOTH(full_mask_in_branch_kernel)},
    Bug{"lane outside of its mask", Sign::kFault,
        "a lane is not in the mask.*\n  threads .*16.*: wait in __shfl_xor_sync with mask "
        "0x0000ffff",
        GRADVITALS_BOTH(lane_outside_of_its_mask_kernel)},
    Bug{"exited thread at a barrier", Sign::kFault,
        "deadlock.*\n  threads 0-39: wait in __syncthreads at .*\n  threads 40-63: exited",
        GRADVITALS_BOTH(exited_thread_at_barrier_kernel)},
    Bug{"exited lane in a mask", Sign::kFault, "block \\(.,0,0\\): .*\n  threads 0: exited",
        GRADVITALS_BOTH(exited_lane_in_mask_kernel)},
    Bug{"barrier in one branch", Sign::kFault,
        "deadlock.*threads 1, 3, 5, .*: wait in __syncthreads",
        GRADVITALS_BOTH(barrier_in_one_branch_kernel)},
    Bug{"different barriers", Sign::kFault,
        "different barriers.*\n  threads 0-31: wait in .*:[0-9]+\n  threads 32-63: wait in "
        ".*:[0-9]+",
        GRADVITALS_BOTH(different_barriers_kernel)},
    Bug{"global index out of bounds", Sign::kAddress, "AddressSanitizer: heap-buffer-overflow",
        out_of_bounds},
    Bug{"shared index out of bounds", Sign::kAddress, "AddressSanitizer: heap-buffer-overflow",
        GRADVITALS_BOTH(shared_out_of_bounds_kernel)},
    Bug{"misaligned float4", Sign::kAddress, "misaligned address .* for type 'const struct float4'",
        GRADVITALS_BOTH(misaligned_vector_kernel)},
    Bug{"host access to device memory", Sign::kAddress, "AddressSanitizer: use-after-poison",
        host_access},
    Bug{"shared count without atomics", Sign::kThread, kRace,
        GRADVITALS_BOTH(unprotected_shared_count_kernel)},
    Bug{"race between blocks", Sign::kThread, kRace, GRADVITALS_BOTH(race_between_blocks_kernel)},
    Bug{"missing __threadfence", Sign::kThread, kRace,
        last_block_sum<planted::TicketBug::kNoFence>},
    Bug{"ticket without atomics", Sign::kThread, kRace,
        last_block_sum<planted::TicketBug::kNotAtomic>},
};

#undef GRADVITALS_BOTH

}  // namespace

std::span<const Bug> all_bugs() {
  return kBugs;
}

bool is_same_in_every_schedule(const std::function<std::vector<float>()>& run) {
  std::vector<float> first;
  for (const Schedule& schedule : test::kSixSchedules) {
    const std::vector<float> result = test::in_schedule(schedule, run);
    if (first.empty()) first = result;
    if (result.size() != first.size() ||
        std::memcmp(result.data(), first.data(), result.size() * sizeof(float)) != 0) {
      return false;
    }
  }
  return true;
}

bool has_nan(std::span<const float> values) {
  return std::any_of(values.begin(), values.end(), [](float value) { return std::isnan(value); });
}

std::string why_not_here(Sign sign) {
  if (sign == Sign::kAddress && !asan::is_active()) {
    return "built without AddressSanitizer and UndefinedBehaviorSanitizer: preset asan-ubsan";
  }
  if (sign == Sign::kThread && !tsan::is_active()) {
    return "built without ThreadSanitizer: preset tsan";
  }
  return "";
}

}  // namespace gradvitals::sim
