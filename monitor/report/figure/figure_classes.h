// The classes that the bars of the figure fall into, and their colours. Internal.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "monitor/report/network_report.h"

namespace gradvitals {

inline constexpr std::string_view kAlarmInk = "#b71c1c";

/// The notebook's classes, in its colours, in a shade that is easy to look at.
struct NormClass {
  std::string_view title;
  std::string_view color;
};
inline constexpr std::array kNormClasses = {
    NormClass{"Vanished < 1e-6", "#d62728"},
    NormClass{"Weak < 1e-4", "#ff9800"},
    NormClass{"Healthy", "#2e9f4f"},
    NormClass{"Exploding > 10", "#8e44ad"},
};

inline constexpr std::size_t kHealthyClass = 2;
/// Of what only the full rules find sick.
inline constexpr std::size_t kJudgedClass = kNormClasses.size();

std::string_view color_of(Severity severity);

/// Whether what is found about `at_fault`, a tensor or a layer, is about this tensor.
bool is_about(std::string_view at_fault, std::string_view tensor);

/// The names of the norms; empty where they are not known.
std::vector<std::string> names_of_norms(const HealthMetrics& metrics);

/// The class of each norm. The notebook's limits call a norm healthy that the full rules know to be at
/// fault, alone or as one of a network whose signal fades or grows: that is kJudgedClass. So is one
/// that the limits call the opposite of the verdict: vanished in a network that explodes.
std::vector<std::size_t> classes_of(const NetworkReport& network, RuleSet rules);

/// The places of those that are at fault by themselves: what a finding names first, then what is not
/// finite or, where zeros decide, zero. A finding about the network names none.
std::vector<std::size_t> bars_at_fault(const NetworkReport& network, RuleSet rules);

}  // namespace gradvitals
