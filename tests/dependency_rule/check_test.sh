#!/usr/bin/env bash
# Plants one breach of each kind, and some things that look like one, and asks check.sh about each.
set -euo pipefail

check=$(cd -- "$(dirname -- "$0")" && pwd)/check.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

plant() {  # plant FILE LINE: a tree that keeps the rule but for that line.
  rm -rf "${folder:?}"/*
  local file
  for file in kernels/gemm.h framework/tape.h monitor/rules.h app/main.cpp kernels/cuda/gemm.cu "$1"; do
    mkdir -p "$folder/$(dirname "$file")"
    echo '#include "kernels/view.h"' >"$folder/$file"
  done
  echo "$2" >>"$folder/$1"
}

expect() {  # expect STATUS FILE LINE
  local status=0 output
  plant "$2" "$3"
  output=$(bash "$check" "$folder") || status=$?
  if ((status != $1)); then
    echo "FAILED: '$3' in $2 gives $status, not $1: $output"
    failures=$((failures + 1))
  elif (($1 == 1)) && [[ $output != *"$2:2:$3"* ]]; then
    echo "FAILED: '$3' in $2 is not named: $output"
    failures=$((failures + 1))
  fi
}

expect 1 kernels/dense.h '#include "framework/tensor.h"'
expect 1 kernels/cpu/gemm.cpp '#include "monitor/rules.h"'
expect 1 kernels/cuda/stats.cu '#include "monitor/rules.h"'
expect 1 framework/layers/dense.cpp '#include "monitor/rules.h"'
expect 1 framework/layers/dense.cpp '  #  include <monitor/rules.h>'
expect 1 framework/layers/dense.cpp '#include "../../monitor/rules.h"'
expect 1 monitor/report/json.cpp '#include "framework/tensor.h"'
expect 1 monitor/report/json.cpp '#include "app/options.h"'
expect 1 app/compare.cpp '#include "tests/support/gradcheck.h"'
expect 1 app/info.cpp '#include <cuda_runtime.h>'
expect 1 kernels/stream.cpp '#include <cuda_runtime_api.h>'
expect 1 tests/kernels/gemm_test.cpp '#include <cublas_v2.h>'
expect 1 benchmarks/reduce.cpp '#include <cub/cub.cuh>'
expect 1 kernels/stream.cpp '#ifdef __CUDACC__'
expect 1 kernels/cuda/gemm.cuh '#if defined(__CUDA_ARCH__)'
expect 1 app/info.cpp '#if GRADVITALS_HAS_CUDA'
expect 1 app/info.cpp '#ifndef GRADVITALS_SIM'
expect 1 kernels/cuda/gemm.cu '#elif defined(__NVCC__)'
expect 1 kernels/cuda/gpu.h '# ifdef GPU_NAMESPACE'
expect 1 kernels/sim/engine.h '#if __has_include(<cuda_runtime.h>)'

expect 0 app/compare.cpp '#include "monitor/rules.h"'
expect 0 app/compare.cpp '#include "framework/tape.h"'
expect 0 tests/app/compare_test.cpp '#include "framework/tape.h"'
expect 0 kernels/cuda/reduce.cu '#include <cuda_runtime.h>'
expect 0 kernels/baselines/reduce.cu '#include <cub/cub.cuh>'
expect 0 kernels/host_device.h '#if defined(__CUDACC__)'
expect 0 kernels/cpu/stats.cpp '#if HWY_ONCE'
expect 0 kernels/cpu/stats.cpp '#include "kernels/cpu/simd.h"'
expect 0 monitor/rules/table.cpp '// #include "framework/tape.h" would breach the rule'

plant app/main.cpp ''
rm -r "$folder/monitor"
if bash "$check" "$folder" >/dev/null; then
  echo "FAILED: a tree without monitor passes, although nothing of it was checked"
  failures=$((failures + 1))
fi

((failures == 0)) && echo "every planted breach was found, and nothing else"
