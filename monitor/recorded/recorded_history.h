// What a training run logged, before it is known which of it are norms. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "monitor/recorded/recorded_metrics.h"

namespace gradvitals {

/// One line, object or row.
struct LoggedRecord {
  struct Value {
    std::size_t name = 0;  ///< An index into the names of the log.
    double value = 0.0;
  };

  std::optional<std::int64_t> step;
  std::optional<double> loss;
  std::int64_t number = 0;     ///< Of its line or entry in the file, from 1; 0 for the whole file.
  bool is_evaluation = false;  ///< Something of an evaluation was logged as well.
  std::vector<Value> values;
  std::vector<std::size_t> empty;        ///< Names with an empty cell or null.
  std::optional<HealthMetrics> metrics;  ///< Complete ones, with norms of their own.
};

/// Whether the name is too long for a norm's, a prompt for example, so that its values are ignored.
/// Throws InputError as refuse_long_norm() if it contains "gradient" all the same.
bool is_passed_over(std::string_view name, const std::string& path);
/// Throws InputError naming the path, the name and its size.
[[noreturn]] void refuse_long_norm(std::string_view name, const std::string& path);

/// Records with the names that they share.
class TrainingLog {
 public:
  /// `unit` is what records are called in messages: "line" or "entry".
  TrainingLog(std::string path, std::string_view unit) : path_(std::move(path)), unit_(unit) {}

  /// `is_norm`: known to be a norm whatever its name says.
  std::size_t index_of(std::string_view name, bool is_norm = false);
  /// A text that stands under a name, where a norm would be a number; `number` is of its record.
  void add_text(std::string_view name, std::int64_t number, std::string_view text);
  /// The same where it is known that the name is none of a norm's; `where` names it in messages.
  void leave_out_text(std::string_view name, std::string where);
  /// A norm that its step has no more, as the step was recorded again.
  void supersede(std::int64_t step, double norm);
  void add(LoggedRecord record) { records_.push_back(std::move(record)); }
  /// The records are of several networks: those without a step are not numbered.
  void are_no_steps() { are_steps_ = false; }

  /// One step for each record that holds a norm; records that follow each other with the same step
  /// and different names are one; of repeated steps see settle_repeated_steps(). Where no record has
  /// a step, their places are the steps, from 0.
  /// Throws InputError naming line and name of a norm that is negative or a text, the name of one that
  /// is longer than kMaxNormNameBytes, and where there is no norm at all.
  RecordedMetrics to_metrics() const;

 private:
  /// The texts under one name.
  struct Texts {
    std::size_t name = 0;
    std::int64_t count = 0;
    std::string where;  ///< The first of them, for messages.
  };
  struct LeftOut {
    std::vector<std::string> names;
    std::string where;  ///< The first, for messages.
  };

  std::string place_of(std::int64_t number) const;
  LeftOut leave_out_texts(std::vector<bool>& is_norm) const;
  void refuse_negative(const LoggedRecord& record, const std::vector<bool>& is_norm) const;
  [[noreturn]] void refuse_without_norms(const std::vector<bool>& is_norm,
                                         const std::string& text) const;

  std::string path_;
  std::string_view unit_;
  bool are_steps_ = true;
  std::vector<std::string> names_;
  std::vector<bool> known_norms_;
  std::unordered_map<std::string, std::size_t> indices_;
  std::vector<LoggedRecord> records_;
  RepeatedSteps superseded_;
  std::vector<Texts> texts_;
  std::unordered_map<std::size_t, std::size_t> texts_of_names_;
  LeftOut left_out_;
};

}  // namespace gradvitals
