#!/usr/bin/env bash
# check.sh ROOT: fails where a kernel file below ROOT breaks a rule, naming the file.
#
#   - Every .cu and .cuh of kernels/*/cuda and kernels/baselines that holds code for a GPU, and every .h
#     there that holds a kernel, opens with the header block: nine titles in order, each with something to say, "none"
#     included. So does every algorithm of products on the CPU, kernels/*/cpu/gemm_*.cpp.
#   - Every .cu of kernels/*/cuda is named once in the CMakeLists.txt beside that folder: among the files
#     that g++ and nvcc compile (gradvitals_target_gpu_sources), or among those of nvcc alone
#     (target_sources).
set -uo pipefail

root=${1:?usage: check.sh ROOT}
cd "$root" || exit 2

titles=(Computes Shapes DTypes Launch Traffic Determinism 'Edge cases' Errors Reference)
breaches=0

breach() {
  echo "$1"
  breaches=$((breaches + 1))
}

# The titles of the comment that opens a file, one a line; a line without a text is no title.
titles_of() {
  awk '!/^\/\//{ exit } match($0, /^\/\/ [A-Z][A-Za-z ]*: +[^ ]/) { sub(/^\/\/ /, ""); sub(/:.*/, ""); print }' "$1"
}

shopt -s nullglob
mapfile -t files < <(
  grep -lE '^[^/]*__(global|device)__' /dev/null kernels/{*/cuda,baselines}/*.{cu,cuh}
  grep -lE '^[^/]*__global__' /dev/null kernels/{*/cuda,baselines}/*.h)
files+=(kernels/*/cpu/gemm_*.cpp)
expected=$(printf '%s\n' "${titles[@]}")
for file in "${files[@]}"; do
  found=$(titles_of "$file")
  [[ $found == "$expected" ]] ||
    breach "$file: the header block must have ${titles[*]}, in this order; it has: ${found//$'\n'/ }"
done

sources=(kernels/*/cuda/*.cu)
for source in "${sources[@]}"; do
  list=${source%/cuda/*}/CMakeLists.txt
  count=$(grep -oE 'cuda/[A-Za-z0-9_]+\.cu\b' "$list" /dev/null | grep -cxF "$list:cuda/${source##*/}")
  ((count == 1)) || breach "$source: named $count times in $list, not once"
done

if ((${#sources[@]} == 0 || ${#files[@]} == 0)); then
  echo "no kernels in $root/kernels/*/cuda: nothing was checked"
  exit 2
fi
((breaches == 0)) || exit 1
echo "${#files[@]} kernel files keep the rules"
