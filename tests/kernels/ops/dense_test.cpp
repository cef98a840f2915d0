// Contract: kernels/ops/dense.h. Oracle: naive products in more precision and the activations'
// formulas. Tolerances: dot_product() for z, dw, db and dx; activations have their own test, so y
// and delta are compared with activation_forward and _backward of the z and y that were written.
#include "kernels/ops/dense.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "tests/support/devices.h"
#include "tests/support/expect_invalid.h"
#include "tests/support/gradcheck.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/matrix.h"

namespace gradvitals::test {
namespace {

template <class T>
Matrix<T> download(const GuardedBuffer<T>& buffer, std::int64_t rows, std::int64_t cols) {
  EXPECT_TRUE(buffer.guards_intact());
  Matrix<T> matrix(rows, cols);
  matrix.values = buffer.download();
  return matrix;
}

/// A layer of B x I inputs and O outputs with every buffer it can use.
template <class T>
struct Layer {
  Layer(Stream& s, std::int64_t batch, std::int64_t inputs, std::int64_t outputs)
      : stream(s),
        x(random_matrix<T>(batch, inputs, 1)),
        w(random_matrix<T>(inputs, outputs, 2)),
        b(random_matrix<T>(1, outputs, 3)),
        dy(random_matrix<T>(batch, outputs, 4)) {}

  void run(Activation activation) {
    forward(activation);
    dense_backward(stream, backward(activation));
  }

  void forward(Activation activation) {
    dense_forward(stream, DenseForward<T>{.x = view(x_data, x),
                                          .w = view(w_data, w),
                                          .b = b_data.vector(),
                                          .activation = activation,
                                          .y = view(y, dy),
                                          .z = view(z, dy)});
  }

  DenseBackward<T> backward(Activation activation) {
    return {.x = view(x_data, x),
            .w = view(w_data, w),
            .activation = activation,
            .z = view(z, dy),
            .y = view(y, dy),
            .dy = view(dy_data, dy),
            .delta = view(delta, dy),
            .dx = view(dx, x),
            .dw = view(dw, w),
            .db = db.vector()};
  }

  static MatrixView<T> view(const GuardedBuffer<T>& buffer, const Matrix<T>& shape) {
    return buffer.matrix(shape.rows, shape.cols);
  }

  Stream& stream;
  Matrix<T> x, w, b, dy;
  GuardedBuffer<T> x_data{stream, x.values}, w_data{stream, w.values}, b_data{stream, b.values},
      dy_data{stream, dy.values};
  GuardedBuffer<T> y{stream, dy_data.count()}, z{stream, dy_data.count()},
      delta{stream, dy_data.count()};
  GuardedBuffer<T> dx{stream, x_data.count()}, dw{stream, w_data.count()},
      db{stream, b_data.count()};
};

template <class T>
Matrix<T> ones(std::int64_t rows, std::int64_t cols) {
  Matrix<T> matrix(rows, cols);
  for (T& value : matrix.values) value = 1;
  return matrix;
}

template <class T>
void expect_layer(Stream& stream, std::int64_t batch, std::int64_t inputs, std::int64_t outputs,
                  Activation activation) {
  SCOPED_TRACE(shape_text(batch, inputs) + " to " + std::to_string(outputs) + " " +
               std::string(name(activation)));
  Layer<T> layer(stream, batch, inputs, outputs);
  layer.run(activation);
  const auto z = download(layer.z, batch, outputs);
  const auto delta = download(layer.delta, batch, outputs);
  ExactProduct<T> expected_z = exact_product(layer.x, layer.w);
  expected_z.add(exact_product(ones<T>(batch, 1), layer.b).value);
  EXPECT_TRUE(compare(z, expected_z));

  const GuardedBuffer<T> y(stream, batch * outputs);
  activation_forward(stream, ActivationForward<T>{activation, layer.z.vector(), y.vector()});
  EXPECT_EQ(layer.y.download(), y.download());
  const GuardedBuffer<T> expected_delta(stream, batch * outputs);
  activation_backward(stream,
                      ActivationBackward<T>{activation, layer.z.vector(), y.vector(),
                                            layer.dy_data.vector(), expected_delta.vector()});
  EXPECT_EQ(delta.values, expected_delta.download());

  EXPECT_TRUE(
      compare(download(layer.dw, inputs, outputs), exact_product(transposed(layer.x), delta)));
  EXPECT_TRUE(
      compare(download(layer.dx, batch, inputs), exact_product(delta, transposed(layer.w))));
  EXPECT_TRUE(compare(download(layer.db, 1, outputs), exact_product(ones<T>(1, batch), delta)));
  EXPECT_TRUE(layer.y.guards_intact());
}

class DenseTest : public DeviceTest {};
INSTANTIATE_TEST_SUITE_P(Devices, DenseTest, all_devices(), device_name);

TEST_P(DenseTest, ComputesEveryActivation) {
  for (const Activation activation : all_activations()) {
    expect_layer<float>(stream(), 33, 17, 65, activation);
    if (GetParam() == DeviceType::kCpu) expect_layer<double>(stream(), 33, 17, 65, activation);
  }
}

TEST_P(DenseTest, ComputesEveryShape) {
  const std::int64_t sizes[] = {0, 1, 5, 31, 64};
  for (const std::int64_t batch : sizes) {
    for (const std::int64_t inputs : sizes) {
      for (const std::int64_t outputs : sizes) {
        expect_layer<float>(stream(), batch, inputs, outputs, Activation::kSigmoid);
      }
    }
  }
  expect_layer<float>(stream(), 100, 10, 64, Activation::kRelu);
  expect_layer<float>(stream(), 100, 64, 1, Activation::kSigmoid);
}

TEST_P(DenseTest, ComputesLargeLayers) {
  expect_layer<float>(stream(), 9, 300, 310, Activation::kTanh);
  expect_layer<float>(stream(), 1031, 40, 70, Activation::kRelu);
  expect_layer<float>(stream(), 70, 257, 517, Activation::kGelu);
}

TEST_P(DenseTest, NeedsNeitherBiasNorPreActivation) {
  Layer<float> layer(stream(), 7, 5, 3);
  dense_forward(stream(), DenseForward<float>{.x = layer.view(layer.x_data, layer.x),
                                              .w = layer.view(layer.w_data, layer.w),
                                              .b = {},
                                              .activation = Activation::kLinear,
                                              .y = layer.view(layer.y, layer.dy),
                                              .z = {}});
  EXPECT_TRUE(compare(download(layer.y, 7, 3), exact_product(layer.x, layer.w)));
  expect_close(layer.z.download(), std::vector<float>(21, std::nanf("")), kExact);
}

TEST_P(DenseTest, DoesNotWriteGradientsThatAreNotNeeded) {
  Layer<float> layer(stream(), 7, 5, 3);
  layer.run(Activation::kTanh);
  const auto dw = layer.dw.download();
  DenseBackward<float> op = layer.backward(Activation::kTanh);
  op.dx = op.dw = {};
  op.db = {};
  op.z = {};
  const std::vector<float> mark(35, 42.0f);
  layer.dx.upload(mark);
  layer.dw.upload(std::span(mark).first(15));
  dense_backward(stream(), op);
  EXPECT_EQ(layer.dx.download(), mark);
  EXPECT_EQ(layer.dw.download(), std::vector<float>(15, 42.0f));
  op = layer.backward(Activation::kTanh);
  dense_backward(stream(), op);
  EXPECT_EQ(layer.dw.download(), dw) << "gradients are written, not accumulated";
}

TEST_P(DenseTest, WritesDeltaOverDy) {
  Layer<float> layer(stream(), 70, 5, 65);
  layer.run(Activation::kSigmoid);
  const auto delta = layer.delta.download();
  const auto dw = layer.dw.download();
  DenseBackward<float> op = layer.backward(Activation::kSigmoid);
  op.delta = {layer.dy_data.data(), 70, 65};
  dense_backward(stream(), op);
  EXPECT_EQ(layer.dy_data.download(), delta);
  EXPECT_EQ(layer.dw.download(), dw);
}

TEST_P(DenseTest, NamesTheShapesThatDoNotFit) {
  Layer<float> layer(stream(), 100, 10, 64);
  const DenseForward<float> fitting{.x = layer.view(layer.x_data, layer.x),
                                    .w = layer.view(layer.w_data, layer.w),
                                    .b = layer.b_data.vector(),
                                    .y = layer.view(layer.y, layer.dy),
                                    .z = layer.view(layer.z, layer.dy)};
  const auto refuse = [&](auto change, const char* message) {
    DenseForward<float> op = fitting;
    change(op);
    expect_invalid([&] { dense_forward(stream(), op); }, {message});
  };
  refuse([](auto& op) { op.w.rows = 12; }, "dense_forward: x (100, 10) does not fit w (12, 64)");
  refuse([](auto& op) { op.b.count = 63; }, "dense_forward: b (63,) does not fit w (10, 64)");
  refuse([](auto& op) { op.y.rows = 99; }, "dense_forward: y (99, 64) does not fit x (100, 10)");
  refuse([](auto& op) { op.y.cols = 63; }, "dense_forward: y (100, 63) does not fit w (10, 64)");
  refuse([](auto& op) { op.z.cols = 63; }, "dense_forward: z (100, 63) does not fit y (100, 64)");
  refuse([](auto& op) { op.y.data = nullptr; }, "dense_forward: y (100, 64) has no data");
  refuse([](auto& op) { op.z = op.y; }, "dense_forward: y and z share memory");
  refuse([](auto& op) { op.activation = Activation::kNone; }, "dense_forward: activation none");
}

TEST_P(DenseTest, NamesTheGradientsThatDoNotFit) {
  Layer<float> layer(stream(), 100, 10, 64);
  const auto refuse = [&](auto change, const char* message) {
    DenseBackward<float> op = layer.backward(Activation::kGelu);
    change(op);
    expect_invalid([&] { dense_backward(stream(), op); }, {message});
  };
  refuse([](auto& op) { op.x.cols = 9; }, "dense_backward: x (100, 9) does not fit w (10, 64)");
  refuse([](auto& op) { op.z.data = nullptr; },
         "dense_backward: the derivative of activation gelu needs z, which is null");
  refuse([](auto& op) { op.dy.rows = 9; }, "dense_backward: dy (9, 64) does not fit y (100, 64)");
  refuse([](auto& op) { op.dx.rows = 9; }, "dense_backward: dx (9, 10) does not fit x (100, 10)");
  refuse([](auto& op) { op.dw.rows = 9; }, "dense_backward: dw (9, 64) does not fit w (10, 64)");
  refuse([](auto& op) { op.db.count = 9; }, "dense_backward: db (9,) does not fit w (10, 64)");
  refuse([&](auto& op) { op.delta.data = layer.y.data(); },
         "dense_backward: delta and y share memory");
  refuse([&](auto& op) { op.dx.data = layer.x_data.data(); },
         "dense_backward: dx and x share memory");
}

TEST(CpuDense, GradientsAgreeWithDifferences) {
  for (const Activation activation : all_activations()) {
    Stream stream({.device = DeviceType::kCpu, .threads = 2});
    Layer<double> layer(stream, 4, 3, 5);
    const auto forward = [&] {
      layer.x_data.upload(layer.x.values);
      layer.w_data.upload(layer.w.values);
      layer.b_data.upload(layer.b.values);
      layer.forward(activation);
    };
    const std::span<const double> dx(layer.dx.data(), 12), dw(layer.dw.data(), 15),
        db(layer.db.data(), 5);
    const auto result = expect_gradients({.name = "dense " + std::string(name(activation)),
                                          .arguments = {{"x", layer.x.values, dx},
                                                        {"w", layer.w.values, dw},
                                                        {"b", layer.b.values, db}},
                                          .forward = [&] { return forward(), layer.y.download(); },
                                          .backward =
                                              [&](std::span<const double> dy) {
                                                layer.dy_data.upload(dy);
                                                dense_backward(stream, layer.backward(activation));
                                              },
                                          .kinks = [&] { return forward(), layer.z.download(); }});
    EXPECT_GT(result.checked, 25);
  }
}

/// Small layers, and layers whose weight gradient makes delta as it packs it, on one thread or on
/// several.
TEST(CpuDense, EveryOutputHasTheSameBitsForEveryNumberOfThreads) {
  for (const auto& [batch, inputs, outputs] :
       {std::tuple{1037, 20, 203}, {1037, 300, 203}, {1037, 200, 600}, {5000, 300, 3}}) {
    const auto outputs_on = [&, batch = batch, inputs = inputs, outputs = outputs](int threads) {
      Stream stream({.device = DeviceType::kCpu, .threads = threads});
      Layer<float> layer(stream, batch, inputs, outputs);
      layer.run(Activation::kTanh);
      return std::vector{layer.z.download(),  layer.y.download(),  layer.delta.download(),
                         layer.dx.download(), layer.dw.download(), layer.db.download()};
    };
    const auto expected = outputs_on(1);
    for (const int threads : {2, 3, 8}) {
      EXPECT_EQ(outputs_on(threads), expected)
          << batch << " x " << inputs << " x " << outputs << " on " << threads << " threads";
    }
  }
}

/// delta over dy, y over z: each element is read before it is written, once.
TEST(CpuDense, LargeLayersComputeInPlace) {
  for (const int threads : {1, 2, 3}) {
    Stream stream({.device = DeviceType::kCpu, .threads = threads});
    Layer<float> apart(stream, 1037, 200, 600);
    apart.run(Activation::kTanh);
    Layer<float> in_place(stream, 1037, 200, 600);
    dense_forward(stream, DenseForward<float>{.x = Layer<float>::view(in_place.x_data, in_place.x),
                                              .w = Layer<float>::view(in_place.w_data, in_place.w),
                                              .b = in_place.b_data.vector(),
                                              .activation = Activation::kTanh,
                                              .y = Layer<float>::view(in_place.y, in_place.dy),
                                              .z = {}});
    DenseBackward<float> backward = in_place.backward(Activation::kTanh);
    backward.z = {};
    backward.delta = Layer<float>::view(in_place.dy_data, in_place.dy);
    dense_backward(stream, backward);
    EXPECT_EQ(in_place.y.download(), apart.y.download());
    EXPECT_EQ(in_place.dy_data.download(), apart.delta.download());
    EXPECT_EQ(in_place.dx.download(), apart.dx.download());
    EXPECT_EQ(in_place.dw.download(), apart.dw.download());
    EXPECT_EQ(in_place.db.download(), apart.db.download());
  }
}

}  // namespace
}  // namespace gradvitals::test
