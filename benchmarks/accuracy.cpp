// How right the norms are: ours and those of the peers, against an exact sum of squares, and what
// else each tells of a tensor that has a NaN or an Inf. Nothing is timed.
//
//     bin/accuracy [--elements N] [--json FILE]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/accuracy_inputs.h"
#include "benchmarks/exact_sum.h"
#include "benchmarks/norm_peers.h"
#include "benchmarks/stats_run.h"
#include "benchmarks/tensor_memory.h"

namespace gradvitals {
namespace {

/// Result of one contender for one input.
struct Answer {
  std::string contender;
  double norm = 0.0;               ///< Of the whole tensor; ours: of what is finite.
  bool is_nonfinite_seen = false;  ///< Whether it tells that there is a NaN or an Inf.
  bool has_finite_part = false;    ///< Whether the norm means anything where there is one.
};

struct Row {
  const AccuracyInput* input;
  long double reference;  ///< Of what is finite.
  bool has_nonfinite;
  Answer answer;

  /// Of the norm of the finite values; none where the contender does not give it.
  std::optional<double> relative_error() const {
    if (has_nonfinite && !answer.has_finite_part) return std::nullopt;
    const long double error = std::fabs(answer.norm - reference);
    return static_cast<double>(error == 0 ? 0 : error / reference);
  }
};

/// Ours, from the same record that a training step gets.
Answer ask_record(Stream& stream, const AccuracyInput& input, const std::vector<float>& values) {
  const Buffer stored = store(stream, values, input.dtype);
  const std::int64_t counts[] = {input.count};
  StatsRun run(stream, views_of(counts, stored.data(), input.dtype, DeviceType::kCpu));
  run.run();
  const TensorStats record = run.records()[0];
  return {.contender = "record",
          .norm = record.l2_norm(),
          .is_nonfinite_seen = record.nonfinite_count() > 0,
          .has_finite_part = true};
}

Answer ask_peer(const NormPeer& peer, const std::vector<float>& values) {
  const double norm = peer.norm(values.data(), std::ssize(values));
  return {.contender = peer.name, .norm = norm, .is_nonfinite_seen = !std::isfinite(norm)};
}

std::vector<Row> ask_all(Stream& stream, const AccuracyInput& input) {
  std::vector<float> values(static_cast<std::size_t>(input.count));
  input.fill(stream, values);
  for (float& value : values) value = as_stored(value, input.dtype);
  ExactSumOfSquares exact;
  exact.add(values);
  const bool has_nonfinite =
      !std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
  std::vector<Row> rows;
  const auto add = [&](const Answer& answer) {
    rows.push_back({&input, exact.norm(), has_nonfinite, answer});
  };
  add(ask_record(stream, input, values));
  if (input.dtype != DType::kFloat32) return rows;  // The peers know no other.
  for (const NormPeer& peer : norm_peers()) add(ask_peer(peer, values));
  for (const NormPeer& peer : openblas_norm_peers()) add(ask_peer(peer, values));
  for (const NormPeer& peer : eigen_norm_peers()) add(ask_peer(peer, values));
  return rows;
}

std::string seen_text(const Row& row) {
  if (row.has_nonfinite) return row.answer.is_nonfinite_seen ? "yes" : "NO";
  return row.answer.is_nonfinite_seen ? "false alarm" : "-";
}

void print(std::span<const Row> rows) {
  fmt::print("{:<18} {:>5} {:>10}  {:<18} {:>14}  {:<11}  {}\n", "input", "dtype", "elements",
             "contender", "relative error", "NaN or Inf", "finite part");
  for (const Row& row : rows) {
    const std::optional<double> error = row.relative_error();
    fmt::print("{:<18} {:>5} {:>10}  {:<18} {:>14}  {:<11}  {}\n", row.input->name,
               short_name(row.input->dtype), row.input->count, row.answer.contender,
               error ? fmt::format("{:.1e}", *error) : "none", seen_text(row),
               row.has_nonfinite ? (row.answer.has_finite_part ? "yes" : "no") : "-");
  }
}

/// A number, or its name where JSON has none for it.
nlohmann::json number(std::optional<double> value) {
  if (!value) return nullptr;
  if (std::isfinite(*value)) return *value;
  return std::isnan(*value) ? "nan" : "inf";
}

void write_json(std::span<const Row> rows, const std::string& path) {
  nlohmann::json document = nlohmann::json::array();
  for (const Row& row : rows) {
    document.push_back({{"input", row.input->name},
                        {"dtype", short_name(row.input->dtype)},
                        {"elements", row.input->count},
                        {"contender", row.answer.contender},
                        {"norm", number(row.answer.norm)},
                        {"relative_error", number(row.relative_error())},
                        {"nonfinite", seen_text(row)},
                        {"finite_part", row.answer.has_finite_part}});
  }
  std::ofstream file(path);
  file << document.dump(2) << '\n';
  file.close();
  if (!file) throw std::runtime_error(fmt::format("cannot write {}", path));
}

/// Whether our norms are as right as tensor_stats promises, and nothing not finite went unseen.
bool is_contract_kept(std::span<const Row> rows) {
  constexpr double kTolerance = 1e-12;
  return std::ranges::all_of(rows, [](const Row& row) {
    if (row.answer.contender != "record") return true;
    return row.relative_error().value() <= kTolerance &&
           row.answer.is_nonfinite_seen == row.has_nonfinite;
  });
}

int run(int argc, char** argv) {
  CLI::App app("How right the norms are.");
  std::int64_t elements = std::int64_t{1} << 27;
  std::string json;
  app.add_option("--elements", elements, "of the largest input")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 31));
  app.add_option("--json", json, "write the table to this file as well");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (openblas_norm_peers().empty()) fmt::print(stderr, "accuracy: built without OpenBLAS\n");
  if (eigen_norm_peers().empty()) fmt::print(stderr, "accuracy: built without Eigen\n");
  const auto inputs = accuracy_inputs(elements, std::min<std::int64_t>(elements, 1 << 20));
  Stream stream;
  std::vector<Row> rows;
  for (const AccuracyInput& input : inputs) {
    for (const Row& row : ask_all(stream, input)) rows.push_back(row);
  }
  print(rows);
  if (!json.empty()) write_json(rows, json);
  if (is_contract_kept(rows)) return 0;
  fmt::print(stderr, "accuracy: a record breaks its contract\n");
  return 1;
}

}  // namespace
}  // namespace gradvitals

int main(int argc, char** argv) {
  try {
    return gradvitals::run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "accuracy: {}\n", error.what());
    return 2;
  }
}
