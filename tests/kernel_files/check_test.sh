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
  mkdir -p "$folder"/kernels/{cuda,baselines}
  local file
  for file in cuda/gemm.cu cuda/probe.cu cuda/map.cuh baselines/cub.cu; do
    printf '%s\n#include <x.h>\n' "$block" >"$folder/kernels/$file"
  done
  printf '// An interface.\n// __global__ is for kernels.\n' >"$folder/kernels/cuda/backend.h"
  printf '%s\n' 'gradvitals_target_gpu_sources(' '  gradvitals_kernels' '  FILES cuda/gemm.cu)' \
    'set(gpu_only' '    cuda/probe.cu)' 'set(other cuda/unlisted.cu)' >"$folder/kernels/CMakeLists.txt"
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
expect 0 '4 kernel files' "a tree without a breach"

for title in Computes Shapes DTypes Launch Traffic Determinism 'Edge cases' Errors Reference; do
  for file in cuda/gemm.cu cuda/map.cuh baselines/cub.cu; do
    sed -i "/^\/\/ $title:/d" "$folder/kernels/$file"
    expect 1 "kernels/$file: the header" "$file without $title"
  done
  sed -i "s/^\/\/ $title:.*/\/\/ $title:/" "$folder/kernels/cuda/gemm.cu"
  expect 1 'kernels/cuda/gemm.cu: the header' "an empty $title"
done
sed -i -e '/^\/\/ Shapes/d' -e 's/^\/\/ DTypes.*/&\n\/\/ Shapes:      (N)/' "$folder/kernels/cuda/gemm.cu"
expect 1 'kernels/cuda/gemm.cu: the header' "Shapes after DTypes"
sed -i '1i #pragma once' "$folder/kernels/cuda/map.cuh"
expect 1 'kernels/cuda/map.cuh: the header' "a block that does not open the file"
echo '__global__ void k() {}' >"$folder/kernels/cuda/kernel.h"
expect 1 'kernels/cuda/kernel.h: the header' "a kernel in a .h without a block"
printf '%s\n__global__ void k() {}\n' "$block" >"$folder/kernels/cuda/kernel.h"
expect 0 '5 kernel files' "a kernel in a .h with a block"

for file in unlisted another; do
  echo "$block" >"$folder/kernels/cuda/$file.cu"
  expect 1 "kernels/cuda/$file.cu: named 0 times" "a .cu that neither list names"
done
sed -i 's/cuda\/probe.cu/cuda\/gemm.cu &/' "$folder/kernels/CMakeLists.txt"
expect 1 'kernels/cuda/gemm.cu: named 2 times' "a .cu that both lists name"
: >"$folder/kernels/CMakeLists.txt"
expect 2 'nothing was checked' "an empty kernels/CMakeLists.txt"
rm "$folder"/kernels/cuda/*.cu
expect 2 'nothing was checked' "no .cu"

((failures == 0)) && echo "every planted breach was found, and nothing else"
