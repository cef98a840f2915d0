// TensorBoardFile: an event file that TensorBoard follows while it grows.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "monitor/report/tensorboard/tensorboard_run.h"

namespace gradvitals::app {

/// Throws OutputError naming the option and the folder that cannot be made or written, and
/// UsageError where it has event files already and nothing is resumed: TensorBoard would draw both
/// runs as one. Changes nothing.
void check_tensorboard_folder(std::string_view option, const std::string& folder, bool is_resumed);

/// Makes the folder and a new file in it, "events.out.tfevents.SECONDS.HOST.PID.NUMBER", and
/// appends to it: whole records, once a second at most and where much has come together. Once open
/// it never throws: what cannot be written is lost, counted, and told once.
class TensorBoardFile {
 public:
  /// `first_step` as TensorBoardRun::begin(). Throws OutputError naming the path and the reason.
  TensorBoardFile(const std::string& folder, TensorBoardOptions options, std::int64_t first_step,
                  bool is_resumed);
  ~TensorBoardFile();
  TensorBoardFile(const TensorBoardFile&) = delete;
  TensorBoardFile& operator=(const TensorBoardFile&) = delete;

  void add(const TensorBoardStep& step);
  /// Writes what is waiting.
  void flush();

  /// Once, after the first steps that were lost: why.
  std::optional<std::string> take_complaint();
  /// "runs/events...: 12 steps are missing: No space left on device"; empty where nothing is
  /// missing.
  std::string missing_text() const;
  const std::string& path() const { return path_; }

 private:
  void open(const std::string& folder, double now);

  TensorBoardRun run_;
  std::string path_;
  int descriptor_ = -1;
  std::string waiting_;
  std::int64_t waiting_steps_ = 0;
  std::chrono::steady_clock::time_point last_write_;
  std::int64_t lost_steps_ = 0;
  int error_ = 0;  ///< Of the last one that was lost.
  bool has_complained_ = false;
};

}  // namespace gradvitals::app
