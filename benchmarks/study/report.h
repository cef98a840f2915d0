// The study's tables, as Markdown.
#pragma once

#include <string>
#include <vector>

#include "benchmarks/study/faults.h"
#include "benchmarks/study/judgement.h"
#include "benchmarks/study/linear_default.h"

namespace gradvitals::study {

struct Findings {
  std::vector<Judged> judged;
  std::vector<SnapshotScore> snapshots;
  std::vector<FaultResult> faults;
  std::vector<DefaultResult> defaults;
};

/// Every number is computed from the findings; "-" where nothing was counted.
std::string report(const Findings& findings);

/// Replaces what stands between the markers of the file. Throws std::runtime_error where it cannot
/// be read or written, or has no markers.
void write_document(const std::string& path, const std::string& tables);

}  // namespace gradvitals::study
