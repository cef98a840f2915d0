// Contract: HealthTracker::save_state(), load_state(): a tracker that takes back what another one
//           remembered judges the steps that follow as that one does.
// Oracle:   the tracker that was never interrupted, over runs in which things go wrong at random.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

#include "tests/monitor/training_steps.h"
#include "tests/support/expect_invalid.h"

namespace gradvitals::test {
namespace {

using nlohmann::json;

/// Short windows: more can happen in a run.
Thresholds short_windows() {
  Thresholds thresholds;
  thresholds.norm_window = 24;
  thresholds.min_norm_window = 12;
  return thresholds;
}

struct JudgedStep {
  HealthMetrics metrics;
  StepContext context;
};

/// What may befall a run for a while.
enum class Fate {
  kLearns,
  kRests,
  kSpikes,
  kBreaks,
  kDrifts,
  kCollapses,
  kRushes,
  kFreezes,
  kSkips
};

/// One step of that; `age` counts from its first.
MadeStep step_of(Fate fate, int age, double level) {
  const double grown = std::pow(1.05, age);
  switch (fate) {
    case Fate::kLearns:
      return {.loss = level * std::pow(0.99, age)};
    case Fate::kRests:
    case Fate::kSkips:
      return {.loss = level};
    case Fate::kSpikes:
      return {.gradient = age % 4 == 0 ? 20.0 : 0.1, .loss = level * (1.0 + 0.7 * age)};
    case Fate::kBreaks:
      return {.gradient = age % 3 == 0 ? kNaN : 0.1, .loss = age % 5 == 0 ? kInf : level};
    case Fate::kDrifts:
      return {.gradient = 0.1 * grown, .loss = level};
    case Fate::kCollapses:
      return {.gradient = 1e-5, .weight = 1e-2, .loss = level};
    case Fate::kRushes:
      return {.update = 0.5, .loss = 3.0 * level};
    case Fate::kFreezes:
      return {.update = 1e-9, .loss = level * grown};
  }
  return {};
}

/// Of a network of its own: many findings, or none.
HealthMetrics random_checkup(bool vanishes, double loss) {
  Network network;
  network.hidden_layers = 8;
  network.backward_gain = vanishes ? 0.05 : 0.9;
  network.forward_gain = vanishes ? 12.0 : 0.9;
  network.dead_fraction = vanishes ? 0.99 : 0.0;
  network.loss = loss;
  return network.metrics();
}

std::vector<JudgedStep> random_run(std::uint32_t seed, int steps) {
  std::mt19937 random(seed);
  const auto below = [&random](std::uint32_t end) { return static_cast<int>(random() % end); };
  const auto part = [&random] { return static_cast<double>(random() % 1000) / 1000.0; };
  std::vector<JudgedStep> run;
  double level = 1.0;
  while (std::ssize(run) < steps) {
    const auto fate = static_cast<Fate>(below(9));
    const int length = 3 + below(40);
    const bool vanishes = below(2) == 0, has_checkups = below(2) == 0;
    const double decay = below(2) == 0 ? 0.6 : 1e-2;  // As a schedule does it, or at once.
    for (int age = 0; age < length; ++age) {
      const auto step = static_cast<std::int64_t>(run.size());
      MadeStep made = step_of(fate, age, level);
      made.gradient *= 1.0 + 0.2 * part();
      made.weight *= 1.0 + 0.01 * part();
      *made.loss *= 1.0 + 0.1 * part();
      const bool is_checkup = has_checkups && step % 5 == 0;
      HealthMetrics metrics = is_checkup && fate != Fate::kBreaks
                                  ? random_checkup(vanishes, *made.loss)
                                  : made.metrics(step);
      metrics.step = step;
      const double rate = fate == Fate::kFreezes ? 0.1 * std::pow(decay, age) : 0.1;
      const bool is_skipped =
          (fate == Fate::kSkips && age % 2 == 0) || (fate == Fate::kFreezes && age % 7 == 6);
      run.push_back({std::move(metrics),
                     {.learning_rate = rate, .is_skipped = is_skipped, .is_checkup = is_checkup}});
    }
    if (fate == Fate::kLearns) level = std::max(0.5, level * std::pow(0.99, length));
  }
  run.resize(static_cast<std::size_t>(steps));
  return run;
}

std::string described(const std::optional<double>& value) {
  return value ? fmt::format("{:a}", *value) : "none";
}

std::string described(const Episode& episode) {
  const Finding& finding = episode.finding;
  return fmt::format(
      "{} {} {} '{}' '{}' {} {} {} {} '{}' [{}] {} {} {} {} {} {} {}", rule_word(finding.rule),
      name(finding.severity), name(finding.verdict), finding.tensor, finding.network, finding.layer,
      finding.at_head, described(finding.value), described(finding.threshold), finding.text,
      fmt::join(finding.advice, "|"),
      finding.consequence_of ? rule_word(*finding.consequence_of) : "root", episode.first_step,
      episode.after_step, episode.last_step, episode.peak_step, episode.count, episode.is_open);
}

std::string described(const HealthEvent& event) {
  return fmt::format("{} {} {}", name(event.kind), event.step, described(event.episode));
}

std::string described(const VitalSigns& signs) {
  const auto& [pressure, heart, temperature, oxygen] = signs;
  return fmt::format("{} {} {}; {} {} {}; {} {}; {} {} {} {} {} {} {} {} {} {} {} {} {}",
                     pressure.network, described(pressure.range_ratio), name(pressure.status),
                     described(heart.log_norm_mad), heart.spikes.value_or(-1), name(heart.status),
                     described(temperature.update_to_weight_ratio), name(temperature.status),
                     oxygen.network, oxygen.hidden_layers, described(oxygen.backward_factor),
                     described(oxygen.factor_per_layer), described(oxygen.backward_gain),
                     described(oxygen.forward_gain), oxygen.blocks, described(oxygen.block_factor),
                     described(oxygen.relative_gradient_spread),
                     described(oxygen.gradient_to_weight), described(oxygen.dead_unit_fraction),
                     described(oxygen.saturation_fraction), name(oxygen.status));
}

/// Everything that a tracker says after a step.
std::string said_by(const HealthTracker& tracker) {
  std::string said =
      fmt::format("{} {} {} {} {} {}\n{}\n", tracker.steps(), tracker.last_step().value_or(-1),
                  name(tracker.verdict()), name(tracker.severity()), name(tracker.worst_severity()),
                  tracker.forgotten_episodes(), described(tracker.vital_signs()));
  for (const HealthEvent& event : tracker.last_events()) said += described(event) + "\n";
  for (const Episode& episode : tracker.episodes()) said += described(episode) + "\n";
  return said;
}

constexpr int kRandomSteps = 400;
constexpr std::uint32_t kRandomRuns = 6;

TEST(TrackerState, ATrackerThatIsRestoredBeforeEveryStepSaysWhatAnUnbrokenOneSays) {
  std::set<std::string_view> rules, kinds;
  bool has_consequence = false;
  for (std::uint32_t seed = 1; seed <= kRandomRuns; ++seed) {
    SCOPED_TRACE(seed);
    HealthTracker unbroken(short_windows()), restored(short_windows());
    for (const auto& [metrics, context] : random_run(seed, kRandomSteps)) {
      HealthTracker next(short_windows());
      next.load_state(restored.save_state());
      restored = std::move(next);
      const auto events = unbroken.add(metrics, context);
      restored.add(metrics, context);
      ASSERT_EQ(said_by(restored), said_by(unbroken)) << "step " << *metrics.step;
      for (const HealthEvent& event : events) {
        rules.insert(rule_number(event.episode.finding.rule));
        kinds.insert(name(event.kind));
        has_consequence |= event.episode.finding.consequence_of.has_value();
      }
    }
    EXPECT_EQ(restored.save_state(), unbroken.save_state());
  }
  for (const std::string_view rule : {"R1", "R2", "R3", "R5", "R12", "R14", "R15", "R17", "R18"}) {
    EXPECT_TRUE(rules.contains(rule)) << rule << " never began: the runs are too kind";
  }
  EXPECT_EQ(kinds.size(), 3U);
  EXPECT_TRUE(has_consequence);
}

/// A run, and what the unbroken tracker says after each step.
struct JudgedRun {
  std::vector<JudgedStep> steps;
  std::vector<std::string> said;
};

JudgedRun judged_run(std::uint32_t seed) {
  JudgedRun run{.steps = random_run(seed, kRandomSteps), .said = {}};
  HealthTracker tracker(short_windows());
  for (const auto& [metrics, context] : run.steps) {
    tracker.add(metrics, context);
    run.said.push_back(said_by(tracker));
  }
  return run;
}

/// Whether a tracker says something else where one entry of its memory is lost again and again.
bool matters(const std::string& entry, const JudgedRun& run) {
  constexpr std::size_t kStepsBetweenLosses = 3;
  const json::json_pointer place(entry);
  const json lost = json::parse(HealthTracker(short_windows()).save_state()).at(place);
  HealthTracker forgetful(short_windows());
  for (std::size_t step = 0; step < run.steps.size(); ++step) {
    if (step % kStepsBetweenLosses == 0) {
      json state = json::parse(forgetful.save_state());
      state.at(place) = lost;
      forgetful.load_state(state.dump());
    }
    forgetful.add(run.steps[step].metrics, run.steps[step].context);
    if (said_by(forgetful) != run.said[step]) return true;
  }
  return false;
}

TEST(TrackerState, EveryEntryOfTheMemoryMatters) {
  const json fresh = json::parse(HealthTracker(short_windows()).save_state());
  std::vector<std::string> entries;
  for (const char* const part : {"/memory", "/episodes"}) {
    for (const auto& [key, value] : fresh.at(json::json_pointer(part)).items()) {
      entries.push_back(fmt::format("{}/{}", part, key));
    }
  }
  EXPECT_EQ(entries.size(), 18U);
  // No state has losses without first ones, and these runs have too few episodes to forget any.
  std::erase(entries, "/memory/first_losses");
  std::erase(entries, "/episodes/forgotten");
  constexpr std::uint32_t kMostRuns = 16;
  for (std::uint32_t seed = 1; seed <= kMostRuns && !entries.empty(); ++seed) {
    const JudgedRun run = judged_run(seed);
    std::erase_if(entries, [&run](const std::string& entry) { return matters(entry, run); });
  }
  EXPECT_TRUE(entries.empty()) << fmt::format("nothing depends on {}", fmt::join(entries, ", "));
}

/// A state with an entry of each kind.
json eventful_state() {
  HealthTracker tracker(short_windows());
  for (const auto& [metrics, context] : random_run(1, kRandomSteps)) {
    const auto events = tracker.add(metrics, context);
    const json state = json::parse(tracker.save_state());
    const bool is_eventful = !events.empty() && *metrics.step > 40 &&
                             !state["episodes"]["tracks"].empty() &&
                             !state["memory"]["spikes"].empty();
    if (is_eventful) return state;
  }
  throw std::logic_error("nothing happened");
}

/// The pointers of all entries that stand in objects, first elements of lists among them.
void collect_entries(const json& value, const std::string& place,
                     std::vector<std::string>& entries) {
  if (value.is_array() && !value.empty()) return collect_entries(value[0], place + "/0", entries);
  if (!value.is_object()) return;
  for (const auto& [key, entry] : value.items()) {
    const std::string next = fmt::format("{}/{}", place, key);
    entries.push_back(next);
    collect_entries(entry, next, entries);
  }
}

void expect_refused(const json& state, std::string_view entry) {
  HealthTracker tracker(short_windows());
  tracker.add(MadeStep{}.metrics(7));
  const std::string before = tracker.save_state();
  expect_invalid([&] { tracker.load_state(state.dump()); }, {"tracker state", entry});
  EXPECT_EQ(tracker.save_state(), before) << entry;
}

TEST(TrackerState, NamesTheEntryThatIsMissingOrOfAnotherKindAndChangesNothing) {
  const json state = eventful_state();
  HealthTracker(short_windows()).load_state(state.dump());
  std::vector<std::string> entries;
  collect_entries(state, "", entries);
  EXPECT_GT(entries.size(), 80U);
  for (const std::string& entry : entries) {
    SCOPED_TRACE(entry);
    const json::json_pointer place(entry);
    json without = state;
    without.at(place.parent_pointer()).erase(place.back());
    expect_refused(without, place.back());
    json other = state;
    other.at(place) = json::array({json::object()});
    expect_refused(other, place.back());
  }
}

TEST(TrackerState, RefusesWhatIsOutOfRange) {
  const json good = eventful_state();
  const auto refuses = [&good](const char* place, const json& value, std::string_view word) {
    SCOPED_TRACE(place);
    json state = good;
    state.at(json::json_pointer(place)) = value;
    expect_refused(state, word);
  };
  refuses("/version", 2, "version is 2; this program reads 1");
  refuses("/version", 0, "version");
  refuses("/steps", -1, "steps is -1, below 0");
  refuses("/steps", 1.5, "steps is no whole number");
  refuses("/last_step", 1ULL << 63U, "last_step");
  refuses("/worst_severity", "awful", "worst_severity is none of its words");
  refuses("/worst_severity", "", "worst_severity");
  refuses("/memory/norms", json::array({0.5, "NaN"}), "memory.norms");
  refuses("/memory/first_losses", json::array(), "memory.first_losses is empty");
  refuses("/memory/first_losses", std::vector<double>(17, 1.0), "has 17 entries, more than 16");
  refuses("/memory/recent_losses", std::vector<double>(3, 1.0), "memory.recent_losses");
  refuses("/memory/norm_drift", "Infinity", "memory.norm_drift is no number");
  refuses("/memory/weight_norms/0", "wide", "memory.weight_norms");
  refuses("/episodes/last_checks", json::array({1, 2}), "episodes.last_checks");
  refuses("/episodes/tracks/0/episode/count", 0, "episodes.tracks[0].episode.count is 0, below 1");
  refuses("/episodes/all/0/finding/rule", "backward_fracture", "episodes.all[0].finding.rule");
  refuses("/episodes/all/0/finding/layer", 1LL << 40U, "layer is too large");
  refuses("/episodes/all/0/first_step", 1LL << 40U, "episodes.all is not in the order");
  refuses("/episodes/all", std::vector<json>(257, good["episodes"]["all"][0]), "more than 256");
}

TEST(TrackerState, RefusesATextThatIsNoJsonObject) {
  HealthTracker tracker;
  for (const char* const text : {"", "{", "[1]", "1", "{\"version\": 1, \"version\": 1}"}) {
    expect_invalid([&] { tracker.load_state(text); }, {"tracker state"});
  }
}

TEST(TrackerState, IsOneLineOfAsciiAndKeepsWhatJsonCannotWrite) {
  HealthTracker tracker;
  HealthMetrics metrics = MadeStep{.update = kNaN}.metrics(3);
  metrics.tensors.front().name = "d\xc3\xa9nse/kernel";
  metrics.tensors.front().stats.nan_count = 1;
  tracker.add(metrics, {.learning_rate = kInf});
  tracker.add(MadeStep{}.metrics(4), {.learning_rate = -kInf});
  const std::string state = tracker.save_state();
  for (const char letter : state) EXPECT_TRUE(letter >= ' ' && letter <= '~');
  HealthTracker restored;
  restored.load_state(state);
  EXPECT_EQ(restored.save_state(), state);
  EXPECT_EQ(said_by(restored), said_by(tracker));
  EXPECT_EQ(restored.episodes().front().finding.tensor, "d\xc3\xa9nse/kernel");
}

TEST(TrackerState, OfLongerWindowsTheNewestValuesAreKept) {
  MadeRun run;
  run.learn(200);
  Thresholds shorter;
  shorter.norm_window = 16;
  shorter.min_norm_window = 16;
  HealthTracker restored(shorter);
  restored.load_state(run.tracker().save_state());
  const json before = json::parse(run.tracker().save_state())["memory"]["norms"];
  const json after = json::parse(restored.save_state())["memory"]["norms"];
  ASSERT_EQ(before.size(), 128U);
  EXPECT_EQ(after, json(std::vector<json>(before.end() - 16, before.end())));
}

}  // namespace
}  // namespace gradvitals::test
