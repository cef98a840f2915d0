// Engine: the state of a running launch. engine.cpp runs launches, blocks and threads;
// engine_sync.cpp makes threads wait for each other.
#pragma once

#include <array>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <source_location>
#include <string_view>
#include <vector>

#include "kernels/sim/engine.h"
#include "kernels/sim/fiber.h"
#include "kernels/sim/ready_set.h"
#include "kernels/sim/schedule.h"
#include "kernels/sim/shared_memory.h"
#include "kernels/sim/sim_thread.h"

namespace gradvitals::sim {

/// Thrown into the threads that a fault leaves waiting, so that their frames are left in order.
struct Abandoned {};

/// Variables whose addresses stand for one barrier each in ThreadSanitizer's eyes. One is used
/// again long after its barrier.
class BarrierVariables {
 public:
  void* next() { return &variables_[++used_ % std::size(variables_)]; }

 private:
  std::uint64_t variables_[4096] = {};
  std::size_t used_ = 0;
};

struct Warp {
  std::uint32_t existing = 0;
  std::uint32_t exited = 0;
  std::uint32_t waiting = 0;
  /// The waiting lanes whose request matches that of the last one to arrive.
  std::uint32_t latest_group = 0;
};

inline std::uint32_t lane_bit(const SimThread& thread) {
  return 1u << (thread.number % kWarpLanes);
}

/// Of one operating-system thread: launches of several run side by side.
class Engine {
 public:
  Engine() = default;
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void run(const LaunchShape& shape, const std::function<void()>& body);
  int wait_at_barrier(BarrierResult asked, bool predicate, const std::source_location& site);
  std::uint64_t exchange_in_warp(const WarpRequest& request, const std::source_location& site);
  void fence();
  void* shared_array(const void* key, std::size_t bytes);
  void* dynamic_shared_memory();

 private:
  using Crew = std::vector<std::unique_ptr<SimThread>>;

  void hire(Crew& crew, std::uint32_t count);
  Fiber& serve(SimThread& self);
  void run_block(std::uint32_t block, Scheduler& scheduler);
  void prepare_threads(Scheduler& scheduler);
  void finish_block();
  void abandon_threads();

  SimThread* next_ready(std::uint32_t position) const;
  void enter(SimThread& thread);
  void yield(SimThread& self);
  void wait(SimThread& self);
  void make_ready(SimThread& thread, std::uint64_t result);
  void fail(SimThread& self, std::string_view what);

  void release_barrier(SimThread& last);
  Warp& warp_of(const SimThread& thread) { return warps_[thread.number / kWarpLanes]; }
  SimThread& lane(const SimThread& peer, int number) {
    return *(*crew_)[peer.number / kWarpLanes * kWarpLanes + static_cast<std::uint32_t>(number)];
  }
  void check_request(SimThread& self);
  std::uint32_t find_group(const SimThread& self);
  bool join_group(SimThread& self);
  void finish_exchange(SimThread& last);

  Fiber main_;
  // ThreadSanitizer takes what one fiber does for ordered: neighbouring blocks have different ones.
  Crew crews_[2];
  Crew* crew_ = &crews_[0];

  // Of the launch.
  const LaunchShape* shape_ = nullptr;
  const std::function<void()>* body_ = nullptr;
  bool is_closing_ = false;

  // Of the block.
  std::uint32_t thread_count_ = 0;
  std::vector<std::uint32_t> order_;
  ReadySet ready_;
  SimThread* current_ = nullptr;
  std::uint32_t alive_ = 0;
  std::uint32_t at_barrier_ = 0;
  std::array<Warp, kMaxBlockThreads / kWarpLanes> warps_{};
  SharedMemory static_arrays_;
  SharedMemory dynamic_array_;
  std::string_view fault_;
  std::exception_ptr failure_;
  bool is_abandoning_ = false;

  // ThreadSanitizer's.
  BarrierVariables barrier_variables_;
  void* barrier_ = nullptr;
  char launched_ = 0;
  char ended_ = 0;
  char fence_ = 0;
};

/// The one whose kernel the calling operating-system thread runs; null where it runs none.
extern constinit thread_local Engine* running_engine;

}  // namespace gradvitals::sim
