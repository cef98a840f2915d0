#!/usr/bin/env bash
# Plants one breach of each kind, and some things that look like one, and asks check.sh about each.
set -euo pipefail

check=$(cd -- "$(dirname -- "$0")" && pwd)/check.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

block='// Computes:    y = x
// Shapes:      x, y (N)
// DTypes:      float32
// Launch:      one thread per element
//              of y
// Traffic:     8 N bytes
// Determinism: exact
// Edge cases:  none
// Errors:      none
// Reference:   none'

tree() {  # A tree that keeps the rules.
  rm -rf "${folder:?}"/*
  mkdir -p "$folder"/kernels/{ops/cuda,ops/cpu,stats/cuda,baselines}
  local file
  for file in ops/cuda/gemm.cu stats/cuda/stats.cu ops/cuda/map.cuh baselines/cub.cu; do
    printf '%s\n#include <x.h>\n__device__ int f();\n' "$block" >"$folder/kernels/$file"
  done
  printf '%s\n#include <x.h>\n' "$block" >"$folder/kernels/ops/cpu/gemm_naive.cpp"
  printf '// The chooser.\n' >"$folder/kernels/ops/cpu/gemm.cpp"
  printf '// An interface.\n// __global__ is for kernels.\n' >"$folder/kernels/ops/cuda/backend.h"
  printf '// It queries the GPU.\nint devices();\n' >"$folder/kernels/ops/cuda/probe.cu"
  printf '%s\n' 'gradvitals_target_gpu_sources(' '  gradvitals_ops' '  FILES cuda/gemm.cu)' \
    'target_sources(gradvitals_ops PRIVATE cuda/probe.cu)' >"$folder/kernels/ops/CMakeLists.txt"
  echo 'gradvitals_target_gpu_sources(gradvitals_stats FILES cuda/stats.cu)' >"$folder/kernels/stats/CMakeLists.txt"
}

expect() {  # expect STATUS TEXT WHAT: of the tree as it stands, and what the answer must say.
  local status=0 output
  output=$(bash "$check" "$folder") || status=$?
  if ((status != $1)) || [[ $output != *"$2"* ]]; then
    echo "FAILED: $3 gives $status, not $1 with '$2': $output"
    failures=$((failures + 1))
  fi
  tree
}

tree
expect 0 '5 kernel files' "a tree without a breach"

for title in Computes Shapes DTypes Launch Traffic Determinism 'Edge cases' Errors Reference; do
  for file in ops/cuda/gemm.cu ops/cuda/map.cuh ops/cpu/gemm_naive.cpp baselines/cub.cu; do
    sed -i "/^\/\/ $title:/d" "$folder/kernels/$file"
    expect 1 "kernels/$file: the header" "$file without $title"
  done
  sed -i "s/^\/\/ $title:.*/\/\/ $title:/" "$folder/kernels/stats/cuda/stats.cu"
  expect 1 'kernels/stats/cuda/stats.cu: the header' "an empty $title"
done
sed -i -e '/^\/\/ Shapes/d' -e 's/^\/\/ DTypes.*/&\n\/\/ Shapes:      (N)/' "$folder/kernels/ops/cuda/gemm.cu"
expect 1 'kernels/ops/cuda/gemm.cu: the header' "Shapes after DTypes"
sed -i '1i #pragma once' "$folder/kernels/ops/cuda/map.cuh"
expect 1 'kernels/ops/cuda/map.cuh: the header' "a block that does not open the file"
echo '__global__ void k() {}' >"$folder/kernels/ops/cuda/kernel.h"
expect 1 'kernels/ops/cuda/kernel.h: the header' "a kernel in a .h without a block"
printf '%s\n__global__ void k() {}\n' "$block" >"$folder/kernels/ops/cuda/kernel.h"
expect 0 '6 kernel files' "a kernel in a .h with a block"

echo "$block" >"$folder/kernels/ops/cuda/unlisted.cu"
expect 1 "kernels/ops/cuda/unlisted.cu: named 0 times" "a .cu that the list does not name"
echo 'target_sources(x PRIVATE cuda/gemm.cu)' >>"$folder/kernels/ops/CMakeLists.txt"
expect 1 'kernels/ops/cuda/gemm.cu: named 2 times' "a .cu that is named twice"
echo '# cuda/stats.cu' >>"$folder/kernels/ops/CMakeLists.txt"
: >"$folder/kernels/stats/CMakeLists.txt"
expect 1 'kernels/stats/cuda/stats.cu: named 0 times' "a .cu that another folder's list names"
rm "$folder"/kernels/*/cuda/*.cu
expect 2 'nothing was checked' "no .cu"

((failures == 0)) && echo "every planted breach was found, and nothing else"
