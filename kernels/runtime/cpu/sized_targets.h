// The instruction sets of files that keep vectors in arrays; to be included before Highway's other headers.
#pragma once

#include <hwy/detect_targets.h>

// The sizeless vectors of SVE and RVV cannot stand in arrays; those machines run the fixed-size target
// below (NEON), or plain C++. SSSE3 alone is a machine of 2006-2010, not worth a fifth of a file's compile
// time.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
