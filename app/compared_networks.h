// The networks that `gradvitals compare` compares.
#pragma once

#include <array>
#include <cstdint>

#include "app/compare.h"
#include "framework/networks.h"

namespace gradvitals::app {

struct ComparedNetwork {
  const char* name;
  const char* short_name;
  Sequential (*build)(Stream& stream, const NetworkOptions& options);
};

inline constexpr std::array kComparedNetworks = {
    ComparedNetwork{"Sigmoid Network", "Sigmoid", sigmoid_network},
    ComparedNetwork{"ReLU Network", "ReLU", relu_network},
    ComparedNetwork{"Exploding Network", "Exploding", exploding_network},
};

inline NetworkOptions network_options(const CompareOptions& options, const SampleData& data) {
  return {.seed = static_cast<std::uint64_t>(options.seed),
          .features = data.x.shape()[1],
          .head = options.head};
}

}  // namespace gradvitals::app
