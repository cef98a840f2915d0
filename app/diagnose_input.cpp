#include "app/diagnose_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <utility>

#include "app/options.h"
#include "app/own_file.h"
#include "framework/io/tensor_dump.h"
#include "framework/io/text_table.h"
#include "framework/io/unread_format.h"
#include "kernels/runtime/input_message.h"
#include "kernels/runtime/utf8.h"
#include "monitor/history/history_reader.h"
#include "monitor/metrics/loss_scale.h"
#include "monitor/metrics/phrases.h"
#include "monitor/recorded/recorded_metrics.h"
#include "monitor/recorded/recorded_table.h"
#include "training/checkpoint.h"

namespace gradvitals::app {
namespace {

/// A step of a thousand tensors takes some 25 KB: ten thousand such steps.
constexpr std::size_t kMaxMetricsBytes = std::size_t{256} << 20;

bool is_dump(const InputFile& file) {
  return file.kind() != FileKind::kJson && file.kind() != FileKind::kText;
}

bool is_history(const InputFile& file) {
  return file.kind() == FileKind::kJson && HistoryReader::is_history(as_text(file.bytes()));
}

/// Short distinct names of the paths: the stem, with as many parent folders as needed, or the whole path.
std::vector<std::string> short_names(const std::vector<std::string>& paths) {
  std::vector<std::string> names(paths.size());
  const auto name_with_folders = [](const std::filesystem::path& path, int folders) {
    std::filesystem::path name = path.stem();
    std::filesystem::path rest = path.parent_path();
    for (; folders > 0 && rest.has_filename(); --folders, rest = rest.parent_path()) {
      name = rest.filename() / name;
    }
    return name.native();
  };
  constexpr int kMaxFolders = 8;
  for (int folders = 0; folders <= kMaxFolders; ++folders) {
    std::ranges::transform(paths, names.begin(), [&](const std::string& path) {
      return name_with_folders(path, folders);
    });
    if (std::set<std::string>(names.begin(), names.end()).size() == names.size()) return names;
  }
  return paths;
}

/// "model-00001-of-00002.safetensors" is a part of one dump; the one of one is whole.
bool is_shard(const std::string& path) {
  static const std::regex pattern(R"(-\d{5}-of-(?!00001)\d{5}\.safetensors(\.gz)?$)");
  return std::regex_search(path, pattern);
}

/// Shards are no steps of a run: their index joins them.
void refuse_shards(const std::vector<std::string>& paths) {
  const auto shard = std::ranges::find_if(paths, is_shard);
  if (shard == paths.end()) return;
  refuse_input(*shard,
               "is a shard, one part of the gradients of one step: give their index "
               "(....safetensors.index.json), which joins the parts");
}

/// Refuses two files of one run with the same step.
void refuse_step_twice(const std::vector<NamedMetrics>& files) {
  std::map<std::int64_t, const std::string*> seen;
  for (const NamedMetrics& file : files) {
    if (!file.metrics.step) continue;
    const auto [first, is_new] = seen.try_emplace(*file.metrics.step, &file.name);
    if (is_new) continue;
    refuse_input(file.name,
                 fmt::format("says in its metadata that it is step {}, and so does {}: give the "
                             "steps of one run, or one file at a time",
                             *file.metrics.step, *first->second));
  }
}

RecordedMetrics parse_recorded(const InputFile& file) {
  const std::string_view text = as_text(file.bytes());
  if (text.size() > kMaxMetricsBytes) {
    refuse_input(file.path(), fmt::format("holds more than {} bytes of text", kMaxMetricsBytes));
  }
  if (file.kind() == FileKind::kJson) return parse_recorded_metrics(text, file.path());
  refuse_unread_format(file.bytes(), file.path());
  if (!looks_like_table(text)) {
    refuse_input(file.path(), fmt::format("is text, and no table of norms; {}", kWhatIsRead));
  }
  const TextTable table = parse_text_table(text, file.path());
  RecordedMetrics recorded = recorded_from_table(
      {.columns = table.columns, .cells = table.cells, .lines = table.lines}, file.path());
  recorded.skipped_lines += table.skipped_lines;
  return recorded;
}

void append_repeated(const RecordedMetrics& recorded, std::vector<std::string>& notes) {
  const RepeatedSteps& superseded = recorded.superseded;
  if (superseded.records > 0) {
    std::string note = fmt::format(
        "{} {} a step that is recorded again later, as where a run is restarted: the last record "
        "of "
        "a step is used and {} left out, first of step {}",
        superseded.records, plural(superseded.records, "record is of", "records are of"),
        plural(superseded.records, "this one is", "these are"), superseded.first);
    if (superseded.not_finite > 0) {
      note += fmt::format("; {} of them {} NaN or Inf", superseded.not_finite,
                          plural(superseded.not_finite, "holds", "hold"));
    }
    notes.push_back(std::move(note));
  }
  const RepeatedSteps& shared = recorded.shared;
  if (shared.records > 0) {
    notes.push_back(
        fmt::format("{} records say the same step as another, first step {}: each is judged "
                    "as a step of its own",
                    shared.records, shared.first));
  }
}

std::vector<std::string> notes_of(const RecordedMetrics& recorded) {
  std::vector<std::string> notes;
  if (recorded.skipped_lines > 0) {
    notes.push_back(
        fmt::format("{} cut short at the end, as one that is still being written, {} "
                    "left out",
                    plural(recorded.skipped_lines, "a line", "lines"),
                    plural(recorded.skipped_lines, "is", "are")));
  }
  if (recorded.norms_not_recorded > 0) {
    notes.push_back(fmt::format(
        "{} {} empty or null, which is not recorded, and left out; a NaN is written NaN",
        recorded.norms_not_recorded, plural(recorded.norms_not_recorded, "norm is", "norms are")));
  }
  if (!recorded.texts_left_out.empty()) {
    std::vector<std::string> texts;
    std::ranges::transform(recorded.texts_left_out, std::back_inserter(texts), shown_name);
    notes.push_back(
        fmt::format("{} text, which is no norm: left out: {}",
                    plural(std::ssize(recorded.texts_left_out), "a name has", "names have"),
                    list_names(texts)));
  }
  append_repeated(recorded, notes);
  if (recorded.records_without_norms > 0) {
    const std::int64_t without = recorded.records_without_norms;
    notes.push_back(fmt::format("{} of {} records {} no gradient norm and {} left out", without,
                                without + recorded.superseded.records + std::ssize(recorded.steps),
                                plural(without, "has", "have"), plural(without, "is", "are")));
  }
  return notes;
}

std::vector<NamedMetrics> read_recorded(const InputFile& file, const DumpContext& context) {
  RecordedMetrics recorded = parse_recorded(file);
  std::vector<NamedMetrics> steps;
  for (RecordedStep& source : recorded.steps) {
    NamedMetrics& step = steps.emplace_back();
    step.name =
        source.step ? fmt::format("step {}", *source.step) : fmt::format("entry {}", steps.size());
    step.metrics = std::move(source.metrics);
    step.source = file.path();
    if (context.loss_scale) divide_by_loss_scale(step.metrics, *context.loss_scale);
  }
  if (steps.size() == 1) steps.front().name = file.path();
  steps.front().notes = notes_of(recorded);
  return steps;
}

}  // namespace

DiagnoseInput::DiagnoseInput(const std::vector<std::string>& paths)
    : paths_(paths), files_(paths.begin(), paths.end()) {
  refuse_shards(paths);
}

bool DiagnoseInput::has_dump() const {
  return std::ranges::any_of(files_, is_dump);
}

const InputFile* DiagnoseInput::history() const {
  const auto found = std::ranges::find_if(files_, is_history);
  if (found == files_.end()) return nullptr;
  if (files_.size() > 1) {
    throw UsageError(
        fmt::format("{} is the history of a whole run: give it alone", printable(found->path())));
  }
  return &*found;
}

bool DiagnoseInput::is_one_record() const {
  return files_.size() == 1 && !has_dump();
}

std::vector<NamedMetrics> DiagnoseInput::read(Stream* stream, const DumpContext& context) && {
  const std::vector<std::string> names = short_names(paths_);
  const bool are_dumps = std::ranges::all_of(files_, is_dump);
  std::vector<NamedMetrics> all;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (is_dump(files_[i])) {
      const TensorDump dump(std::move(files_[i]));
      if (is_checkpoint(dump.metadata())) refuse_input(dump.path(), kCheckpointText);
      all.push_back(examine_dump(*stream, dump, context));
      all.back().short_name = names[i];
      continue;
    }
    std::vector<NamedMetrics> steps = read_recorded(files_[i], context);
    if (files_.size() > 1 && steps.size() > 1) {
      for (NamedMetrics& step : steps) step.name = fmt::format("{}: {}", paths_[i], step.name);
    }
    std::ranges::move(steps, std::back_inserter(all));
  }
  if (are_dumps) refuse_step_twice(all);
  if (context.step && all.size() != 1) {
    throw UsageError(fmt::format("--step is for one step, and there are {}", all.size()));
  }
  if (context.step) all.front().metrics.step = context.step;
  return all;
}

}  // namespace gradvitals::app
