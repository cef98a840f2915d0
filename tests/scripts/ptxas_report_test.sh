#!/usr/bin/env bash
# ptxas_report_test.sh PTXAS_REPORT: its table of a clean log, and its refusal of every other one.
set -euo pipefail

script=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

kernel() {  # kernel NAME ARCH STACK STORES LOADS: as ptxas -v says it.
  cat <<TEXT
[7/9] Building CUDA object a.cu.o
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '$1' for '$2'
ptxas info    : Function properties for $1
    $3 bytes stack frame, $4 bytes spill stores, $5 bytes spill loads
ptxas info    : Used 126 registers, used 1 barriers, 16896 bytes smem, 448 bytes cmem[0]
ptxas info    : Compile time = 12.5 ms
TEXT
}

expect() {  # expect STATUS TEXT WHAT: of the log, and what the answer must say.
  local status=0 output
  output=$("$script" "$folder/log" 2>&1) || status=$?
  if ((status != $1)) || [[ $output != *"$2"* ]]; then
    echo "FAILED: $3 gives $status, not $1 with '$2': $output"
    failures=$((failures + 1))
  fi
}

{ kernel _Z4scalPf sm_80 0 0 0; kernel _Z4scalPf sm_90 0 0 0; } >"$folder/log"
expect 0 'sm_90          126     16896       0       0  scal(float*)' "a clean log"
kernel _Z3addPf sm_90 0 0 0 >>"$folder/log"
expect 1 'not built for sm_80: add(float*)' "a kernel of one architecture"
kernel _Z3addPf sm_80 8 0 0 >>"$folder/log"
expect 1 'local memory on sm_80: add(float*)' "a stack frame"
kernel _Z4scalPf sm_80 0 4 0 >"$folder/log"
expect 1 'local memory on sm_80: scal(float*)' "a spill's store"
kernel _Z4scalPf sm_80 0 0 4 >"$folder/log"
expect 1 'local memory on sm_80: scal(float*)' "a spill's load"
kernel _Z4scalPf sm_80 0 0 0 | grep -v 'stack frame' >"$folder/log"
expect 1 'local memory on sm_80: scal(float*)' "a kernel without a word on its stack"
echo 'ninja: no work to do.' >"$folder/log"
expect 1 'no kernel' "a log without kernels"
rm "$folder/log"
expect 2 'usage' "no log"

((failures == 0)) && echo "every log was judged right"
