// Contract: GemmLibrary of kernels/ops/cuda/gemm.h: the work of the backend around a library's product.
// Oracle: the hand-written kernels, whose bits are the same where the library is the plainest of
// them. Tolerance: none.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "kernels/ops/cuda/gemm.h"
#include "kernels/ops/dense.h"
#include "kernels/ops/gemm.h"
#include "kernels/runtime/cuda/backend.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/matrix.h"

namespace gradvitals::test {
namespace {

/// Multiplies, leaves bias and activation alone, and counts.
class PlainestLibrary final : public sim::GemmLibrary {
 public:
  explicit PlainestLibrary(int* calls) : calls_(calls) {}

  void multiply(const sim::Product& product) override {
    ++*calls_;
    sim::Product bare = product;
    bare.bias = nullptr;
    bare.y = nullptr;
    sim::gemm_naive({}, bare);
  }

 private:
  int* calls_;
};

struct Outputs {
  std::vector<float> y;
  std::vector<float> z;
  bool operator==(const Outputs&) const = default;
};

struct LayerCase {
  std::int64_t batch;
  std::int64_t inputs;
  std::int64_t outputs;
  bool has_bias;
  bool wants_z;
};

class GemmLibraryTest : public ::testing::Test {
 protected:
  GemmLibraryTest() {
    with_library_.backend()->state<sim::GemmProviderState>().library =
        std::make_unique<PlainestLibrary>(&calls_);
  }

  static Outputs forward(Stream& stream, const LayerCase& layer, Activation activation) {
    const auto x = random_matrix<float>(layer.batch, layer.inputs, 1);
    const auto w = random_matrix<float>(layer.inputs, layer.outputs, 2);
    const auto b = random_matrix<float>(1, layer.outputs, 3);
    const GuardedBuffer<float> x_data(stream, x.values);
    const GuardedBuffer<float> w_data(stream, w.values);
    const GuardedBuffer<float> b_data(stream, b.values);
    const GuardedBuffer<float> y(stream, layer.batch * layer.outputs);
    const GuardedBuffer<float> z(stream, layer.batch * layer.outputs);
    dense_forward(stream,
                  DenseForward<float>{.x = x_data.matrix(layer.batch, layer.inputs),
                                      .w = w_data.matrix(layer.inputs, layer.outputs),
                                      .b = layer.has_bias ? b_data.vector() : VectorView<float>{},
                                      .activation = activation,
                                      .y = y.matrix(layer.batch, layer.outputs),
                                      .z = layer.wants_z ? z.matrix(layer.batch, layer.outputs)
                                                         : MatrixView<float>{}});
    EXPECT_TRUE(y.guards_intact());
    EXPECT_TRUE(z.guards_intact());
    return {y.download(), layer.wants_z ? z.download() : std::vector<float>()};
  }

  void expect_same_bits(const LayerCase& layer, Activation activation) {
    const int before = calls_;
    const Outputs expected = forward(hand_written_, layer, activation);
    EXPECT_EQ(calls_, before);
    EXPECT_TRUE(forward(with_library_, layer, activation) == expected)
        << layer.batch << " x " << layer.inputs << " x " << layer.outputs << ", bias "
        << layer.has_bias << ", z " << layer.wants_z << ", " << name(activation);
    EXPECT_EQ(calls_, before + 1);
  }

  int calls_ = 0;
  Stream hand_written_{{.device = DeviceType::kSim}};
  Stream with_library_{{.device = DeviceType::kSim}};
};

TEST_F(GemmLibraryTest, ALayerGetsItsBiasAndActivation) {
  for (const bool has_bias : {false, true}) {
    for (const bool wants_z : {false, true}) {
      for (const Activation activation : all_activations()) {
        expect_same_bits({1, 1, 1, has_bias, wants_z}, activation);
        expect_same_bits({9, 5, 33, has_bias, wants_z}, activation);
        expect_same_bits({70, 20, 65, has_bias, wants_z}, activation);
      }
    }
  }
}

TEST_F(GemmLibraryTest, AnEmptyLayerDoesNotReachTheLibrary) {
  EXPECT_TRUE(forward(with_library_, {0, 3, 4, true, true}, Activation::kTanh).y.empty());
  EXPECT_TRUE(forward(with_library_, {2, 3, 0, true, true}, Activation::kTanh).y.empty());
  EXPECT_EQ(calls_, 0);
}

TEST_F(GemmLibraryTest, AlphaOfZeroReachesTheLibraryWithoutFactors) {
  const std::vector<float> nan(6, std::numeric_limits<float>::quiet_NaN());
  const std::vector<float> values = {1, 2, 3, 4};
  const GuardedBuffer<float> a(with_library_, nan);
  const GuardedBuffer<float> c(with_library_, values);
  gemm(with_library_, Gemm<float>{.a = a.matrix(2, 3),
                                  .b = a.matrix(3, 2),
                                  .c = c.matrix(2, 2),
                                  .alpha = 0.0f,
                                  .beta = 2.0f});
  EXPECT_EQ(c.download(), (std::vector<float>{2, 4, 6, 8}));
  EXPECT_EQ(calls_, 1);
}

TEST_F(GemmLibraryTest, BackwardHasTwoProducts) {
  const auto x = random_matrix<float>(6, 4, 1);
  const auto w = random_matrix<float>(4, 5, 2);
  const auto dy = random_matrix<float>(6, 5, 3);
  const auto backward = [&](Stream& stream) {
    const GuardedBuffer<float> x_data(stream, x.values);
    const GuardedBuffer<float> w_data(stream, w.values);
    const GuardedBuffer<float> dy_data(stream, dy.values);
    const GuardedBuffer<float> delta(stream, 30);
    const GuardedBuffer<float> dx(stream, 24);
    const GuardedBuffer<float> dw(stream, 20);
    dense_backward(stream, DenseBackward<float>{.x = x_data.matrix(6, 4),
                                                .w = w_data.matrix(4, 5),
                                                .z = {},
                                                .y = dy_data.matrix(6, 5),
                                                .dy = dy_data.matrix(6, 5),
                                                .delta = delta.matrix(6, 5),
                                                .dx = dx.matrix(6, 4),
                                                .dw = dw.matrix(4, 5),
                                                .db = {}});
    return std::pair(dx.download(), dw.download());
  };
  EXPECT_TRUE(backward(with_library_) == backward(hand_written_));
  EXPECT_EQ(calls_, 2);
}

}  // namespace
}  // namespace gradvitals::test
