#!/usr/bin/env bash
# check.sh ROOT: fails on a breach of the dependency rule in the sources below ROOT, naming each line.
#
#   - Each room includes what stands before it: kernels/runtime; kernels/sim; kernels/stats (not sim);
#     kernels/ops (not sim). kernels/baselines serves tests and benchmarks.
#   - kernels includes nothing of framework, monitor, training or app; framework and monitor include neither
#     each other nor app, and monitor nothing of kernels/ops; nothing of the product includes tests or
#     benchmarks.
#   - bindings stands on monitor, and python on the C interface alone.
#   - training stands on framework and monitor, and only app and what measures and tests stands on it.
#   - bindings/c stands on monitor, kernels/stats and kernels/runtime; python on bindings/c alone.
#   - Inside monitor: metrics; recorded and rules, which stand on metrics alone; trajectory, on metrics and
#     rules; treatment, on all three; history, which records metrics and events, and does not judge; report, which
#     reads metrics and what the rules hand out, but neither their checks nor their table, and calls nothing that
#     judges.
#   - Nothing of the product includes a library that multiplies: those are peers of the benchmarks.
#   - Headers of CUDA, CUB and cuBLAS are included under kernels/*/cuda and kernels/baselines alone.
#   - No preprocessor branch selects a backend: CMake chooses files. kernels/runtime/host_device.h alone tells
#     nvcc from g++.
set -uo pipefail

root=${1:?usage: check.sh ROOT}
cd "$root" || exit 2

sources() {
  local folder
  for folder in "$@"; do
    [[ ! -d $folder ]] || find "$folder" -type f -regextype posix-extended -regex '.*\.(h|hpp|inl|c|cc|cpp|cu|cuh)(\.in)?'
  done
}

breaches=0

# forbid WHY PATTERN FILE...: every line of the files that matches the pattern is a breach.
forbid() {
  local why=$1 pattern=$2 found
  shift 2
  (($#)) || return 0
  if found=$(grep -nHE "$pattern" -- "$@"); then
    echo "$why:"
    echo "$found"
    breaches=$((breaches + 1))
  fi
}

include_of() { echo "^[[:space:]]*#[[:space:]]*include[[:space:]]*[\"<](\\.\\.?/)*($1)"; }

mapfile -t kernels < <(sources kernels)
mapfile -t runtime < <(sources kernels/runtime)
mapfile -t sim < <(sources kernels/sim)
mapfile -t stats < <(sources kernels/stats)
mapfile -t ops < <(sources kernels/ops)
mapfile -t framework < <(sources framework)
mapfile -t monitor < <(sources monitor)
mapfile -t metrics < <(sources monitor/metrics)
mapfile -t recorded < <(sources monitor/recorded)
mapfile -t rules < <(sources monitor/rules)
mapfile -t trajectory < <(sources monitor/trajectory)
mapfile -t treatment < <(sources monitor/treatment)
mapfile -t history < <(sources monitor/history)
mapfile -t report < <(sources monitor/report)
mapfile -t training < <(sources training)
mapfile -t bindings < <(sources bindings)
mapfile -t python < <(sources python)
mapfile -t product < <(sources kernels framework monitor training app bindings python)
mapfile -t everything < <(sources kernels framework monitor training app bindings python benchmarks tests)
mapfile -t without_cuda < <(printf '%s\n' "${everything[@]}" | grep -vE '^kernels/([a-z]+/cuda|baselines)/')
mapfile -t branchless < <(printf '%s\n' "${everything[@]}" | grep -vxF 'kernels/runtime/host_device.h')

for folder in kernels/{runtime,sim,stats,ops} framework monitor/{metrics,recorded,rules,trajectory,treatment,history,report} training bindings; do
  if [[ -z $(sources "$folder") ]]; then
    echo "no sources in $root/$folder: nothing was checked"
    exit 2
  fi
done

forbid "kernels is the bottom layer" "$(include_of '(framework|monitor|training|app)/')" "${kernels[@]}"
forbid "kernels/runtime stands on nothing" "$(include_of 'kernels/(sim|stats|ops|baselines)/')" "${runtime[@]}"
forbid "kernels/sim stands on kernels/runtime alone" "$(include_of 'kernels/(stats|ops|baselines)/')" "${sim[@]}"
forbid "kernels/stats stands on kernels/runtime alone" "$(include_of 'kernels/(sim|ops|baselines)/')" "${stats[@]}"
forbid "kernels/ops stands on kernels/runtime and kernels/stats" "$(include_of 'kernels/(sim|baselines)/')" "${ops[@]}"
forbid "monitor stands on kernels/runtime and kernels/stats" "$(include_of 'kernels/(sim|ops|baselines)/')" "${monitor[@]}"
forbid "framework stands on kernels/runtime, stats and ops" "$(include_of 'kernels/(sim|baselines)/')" "${framework[@]}"
forbid "framework must not know monitor, training or app" "$(include_of '(monitor|training|app)/')" "${framework[@]}"
forbid "monitor must not know framework, training or app" "$(include_of '(framework|training|app)/')" "${monitor[@]}"
forbid "training stands on framework and monitor" "$(include_of '(kernels/(sim|baselines)|app)/')" "${training[@]}"
forbid "bindings stands on kernels/runtime, kernels/stats and monitor" \
  "$(include_of '(kernels/(sim|ops|baselines)|framework|training|app|python)/')" "${bindings[@]}"
forbid "python stands on the C interface alone" \
  "$(include_of '(kernels|framework|monitor|training|app)/|bindings/c/[^g]')" "${python[@]}"
forbid "nothing but python and tests stands on bindings" "$(include_of '(bindings|python)/')" \
  "${kernels[@]}" "${framework[@]}" "${monitor[@]}" "${training[@]}"
forbid "bindings/c stands on monitor, kernels/stats and kernels/runtime" \
  "$(include_of '(kernels/(sim|ops|baselines)|framework|training|python|app)/')" "${bindings[@]}"
forbid "python calls the C interface alone" \
  "$(include_of '(kernels|framework|monitor|training|app)/|bindings/c/[^g]')" "${python[@]}"
forbid "monitor/metrics stands on nothing of monitor" \
  "$(include_of 'monitor/(gradient_monitor|health_monitor|multi_device_monitor|(recorded|rules|trajectory|treatment|history|report)/)')" "${metrics[@]}"
forbid "monitor/recorded stands on monitor/metrics alone" \
  "$(include_of 'monitor/(gradient_monitor|health_monitor|multi_device_monitor|(rules|trajectory|treatment|history|report)/)')" "${recorded[@]}"
forbid "monitor/rules stands on monitor/metrics alone" \
  "$(include_of 'monitor/(gradient_monitor|health_monitor|multi_device_monitor|(recorded|trajectory|treatment|history|report)/)')" "${rules[@]}"
forbid "monitor/trajectory stands on monitor/metrics and monitor/rules" \
  "$(include_of 'monitor/(gradient_monitor|health_monitor|multi_device_monitor|(recorded|treatment|history|report)/)')" "${trajectory[@]}"
forbid "monitor/treatment stands on monitor/metrics, monitor/rules and monitor/trajectory" \
  "$(include_of 'monitor/(gradient_monitor|health_monitor|multi_device_monitor|(recorded|history|report)/)')" "${treatment[@]}"
forbid "monitor/history records metrics and events, and does not judge" \
  "$(include_of 'monitor/(gradient_monitor|health_monitor|multi_device_monitor|(recorded|treatment|report)/|rules/(checks|hidden_kernels|rule|run_)|trajectory/health_tracker)')" "${history[@]}"
forbid "monitor/report reads metrics and diagnoses, and does not judge" \
  "$(include_of 'monitor/(gradient_monitor|health_monitor|multi_device_monitor|recorded/|rules/(checks|hidden_kernels|rule|run_(checks|histories|networks))\.h)')" "${report[@]}"
forbid "no writer judges: what it writes is judged before" \
  '^[^/"]*\b(diagnose|diagnose_run|notebook_score)\(' "${report[@]}"
forbid "the product must not include tests or benchmarks" "$(include_of '(tests|benchmarks)/')" "${product[@]}"
forbid "the product multiplies by its own kernels" "$(include_of 'cblas|openblas|dnnl|oneapi/|mkl|Eigen/|omp\.h')" "${product[@]}"
forbid "includes are written from the root" '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<]\.\.?/' "${everything[@]}"
forbid "CUDA headers belong to kernels/*/cuda and kernels/baselines" \
  "$(include_of 'cuda|cublas|cub/|thrust/|cooperative_groups|nvtx|nvml|mma\.h|curand|device_launch')" \
  "${without_cuda[@]}"
forbid "a preprocessor branch on a backend: let CMake choose the file" \
  '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)\b.*(CUDA|NVCC|CUBLAS|nvcc|cuda|_SIM\b|_CPU\b|GPU)' "${branchless[@]}"

if ((breaches)); then
  exit 1
fi
echo "${#everything[@]} files keep the dependency rule"
