// Incidents, read again.
#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <utility>
#include <variant>

#include "framework/io/mapped_file.h"
#include "kernels/runtime/input_message.h"
#include "monitor/report/json_writer.h"
#include "training/incident.h"

namespace gradvitals {
namespace {

/// A batch of a million samples takes 20 MB.
constexpr std::size_t kMostIncidentBytes = std::size_t{256} << 20;

std::string_view file_text_of(const MappedFile& file) {
  const auto bytes = file.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The document, and what to say of the file it is from.
class IncidentDocument {
 public:
  explicit IncidentDocument(std::string path) : path_(std::move(path)) {
    const MappedFile file(path_);
    const std::string_view text = file_text_of(file);
    if (text.size() > kMostIncidentBytes) refuse_input(path_, "is too large for an incident");
    json_ = Json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (!json_.is_object()) refuse_input(path_, "is no JSON object, as an incident is");
    check_schema();
  }

  const Json& member(std::string_view key) const { return member_of(json_, key); }
  const Json& member_of(const Json& object, std::string_view key) const {
    const auto found = object.find(key);
    if (found == object.end()) refuse_input(path_, fmt::format("field \"{}\" is missing", key));
    return *found;
  }

  std::int64_t whole(std::string_view key) const {
    return whole_number(member(key), key, std::numeric_limits<std::int64_t>::max() - 1);
  }
  std::optional<std::int64_t> optional_whole(std::string_view key) const {
    if (member(key).is_null()) return std::nullopt;
    return whole(key);
  }
  std::vector<std::int64_t> wholes(std::string_view key) const {
    std::vector<std::int64_t> values;
    for (const Json& value : list(key)) {
      values.push_back(whole_number(value, key, std::numeric_limits<std::int64_t>::max()));
    }
    return values;
  }
  std::string text(const Json& value, std::string_view key) const {
    if (!value.is_string()) wrong(key, "text");
    return value.get<std::string>();
  }
  std::string text_or_none(const Json& value, std::string_view key) const {
    return value.is_null() ? std::string() : text(value, key);
  }
  std::vector<std::string> texts(std::string_view key) const {
    std::vector<std::string> values;
    for (const Json& value : list(key)) values.push_back(text(value, key));
    return values;
  }
  std::map<std::string, std::string> text_map(std::string_view key) const {
    const Json& object = member(key);
    if (!object.is_object()) wrong(key, "object");
    std::map<std::string, std::string> values;
    for (const auto& [name, value] : object.items()) values.emplace(name, text(value, key));
    return values;
  }
  /// The event that is the reason.
  const Json& first_event() const {
    const Json& events = list("events");
    if (events.empty() || !events.front().is_object()) wrong("events", "list of events");
    return events.front();
  }

 private:
  [[noreturn]] void wrong(std::string_view key, std::string_view what) const {
    refuse_input(path_, fmt::format("field \"{}\" is no {}", key, what));
  }
  const Json& list(std::string_view key) const {
    const Json& value = member(key);
    if (!value.is_array()) wrong(key, "list");
    return value;
  }
  std::int64_t whole_number(const Json& value, std::string_view key, std::int64_t most) const {
    const bool fits = value.is_number_unsigned() &&
                      value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most);
    if (!fits) wrong(key, "number of steps or samples");
    return value.get<std::int64_t>();
  }
  void check_schema() const {
    const std::string schema = text(member("schema"), "schema");
    if (schema == kIncidentSchema) return;
    refuse_input(path_, fmt::format("is of schema {}; this program reads {}", in_quotes(schema),
                                    kIncidentSchema));
  }

  std::string path_;
  Json json_;
};

}  // namespace

std::string StoredIncident::file(std::string_view name) const {
  return (std::filesystem::path(folder) / name).native();
}

StoredIncident read_incident(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const bool is_folder = fs::is_directory(path, ignored);
  const fs::path file = is_folder ? fs::path(path) / kIncidentFile : fs::path(path);
  const IncidentDocument document(file.native());
  const Json& event = document.first_event();
  const auto said = [&](std::string_view key) {
    return document.text(document.member_of(event, key), key);
  };
  StoredIncident incident;
  incident.path = file.native();
  incident.folder = file.has_parent_path() ? file.parent_path().native() : ".";
  incident.step = document.whole("step");
  incident.checkpoint_step = document.whole("checkpoint_step");
  incident.rule = said("rule");
  incident.severity = said("severity");
  incident.verdict = said("verdict");
  incident.tensor = document.text_or_none(document.member_of(event, "tensor"), "tensor");
  incident.text = said("text");
  incident.first_nonfinite_index = document.optional_whole("first_nonfinite_index");
  incident.samples = document.wholes("samples");
  incident.settings = document.text_map("settings");
  incident.command = document.texts("command");
  return incident;
}

HistoryStep read_incident_step(const StoredIncident& incident) {
  const std::string path = incident.file(kIncidentStepsFile);
  const MappedFile file(path);
  HistoryReader reader(file_text_of(file), path);
  while (std::optional<HistoryRecord> record = reader.next()) {
    HistoryStep* const step = std::get_if<HistoryStep>(&*record);
    if (step != nullptr && step->metrics.step == incident.step) return std::move(*step);
  }
  refuse_input(path, fmt::format("has no step {}", incident.step));
}

}  // namespace gradvitals
