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
  for file in kernels/runtime/stream.h kernels/sim/engine.h kernels/stats/view.h kernels/ops/gemm.h \
    kernels/ops/cuda/gemm.cu framework/tape.h monitor/{metrics/blocks,recorded/table,rules/rule,trajectory/tracker,treatment/treatment,history/row,report/json}.h \
    training/trainer.h bindings/c/gradvitals.h python/src/watch.h app/main.cpp "$1"; do
    mkdir -p "$folder/$(dirname "$file")"
    echo '#include "kernels/runtime/dtype.h"' >"$folder/$file"
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

expect 1 kernels/ops/dense.h '#include "framework/tensor.h"'
expect 1 bindings/c/monitor.cpp '#include "kernels/ops/gemm.h"'
expect 1 bindings/c/monitor.cpp '#include "training/trainer.h"'
expect 1 python/src/watch.cpp '#include "monitor/health_monitor.h"'
expect 1 python/src/watch.cpp '#include "bindings/c/translate.h"'
expect 0 python/src/watch.cpp '#include "bindings/c/gradvitals.h"'
expect 0 bindings/c/monitor.cpp '#include "monitor/health_monitor.h"'
expect 1 kernels/ops/cpu/gemm.cpp '#include "monitor/rules.h"'
expect 1 kernels/ops/cuda/stats.cu '#include "monitor/rules.h"'
expect 1 framework/layers/dense.cpp '#include "monitor/rules.h"'
expect 1 framework/layers/dense.cpp '  #  include <monitor/rules.h>'
expect 1 framework/layers/dense.cpp '#include "../../monitor/rules.h"'
expect 1 monitor/report/json.cpp '#include "framework/tensor.h"'
expect 1 monitor/report/json.cpp '#include "app/options.h"'
expect 1 kernels/runtime/stream.cpp '#include "kernels/stats/view.h"'
expect 1 kernels/runtime/stream.cpp '#include "kernels/ops/gemm.h"'
expect 1 kernels/runtime/stream.cpp '#include "kernels/sim/engine.h"'
expect 1 kernels/sim/engine.cpp '#include "kernels/stats/view.h"'
expect 1 kernels/stats/view.cpp '#include "kernels/ops/gemm.h"'
expect 1 kernels/stats/cuda/stats.cu '#include "kernels/sim/engine.h"'
expect 1 kernels/ops/gemm.cpp '#include "kernels/baselines/norms.h"'
expect 1 monitor/metrics/watch.cpp '#include "kernels/ops/gemm.h"'
expect 1 monitor/metrics/watch.cpp '#include "monitor/rules/diagnosis.h"'
expect 1 monitor/metrics/watch.cpp '#include "monitor/report/style.h"'
expect 1 monitor/metrics/watch.cpp '#include "monitor/recorded/table.h"'
expect 1 monitor/metrics/watch.cpp '#include "monitor/gradient_monitor.h"'
expect 1 monitor/recorded/table.cpp '#include "monitor/rules/diagnosis.h"'
expect 1 monitor/recorded/table.cpp '#include "monitor/report/style.h"'
expect 1 monitor/rules/checks.cpp '#include "monitor/report/style.h"'
expect 1 monitor/rules/checks.cpp '#include "monitor/recorded/table.h"'
expect 1 monitor/rules/checks.cpp '#include "monitor/trajectory/tracker.h"'
expect 1 monitor/trajectory/tracker.cpp '#include "monitor/report/style.h"'
expect 1 monitor/trajectory/tracker.cpp '#include "monitor/gradient_monitor.h"'
expect 1 monitor/trajectory/tracker.cpp '#include "monitor/treatment/treatment.h"'
expect 1 monitor/treatment/treatment.cpp '#include "monitor/report/style.h"'
expect 1 monitor/trajectory/tracker.cpp '#include "monitor/history/row.h"'
expect 1 monitor/history/row.cpp '#include "monitor/report/style.h"'
expect 1 monitor/history/row.cpp '#include "monitor/trajectory/health_tracker.h"'
expect 1 monitor/history/row.cpp '#include "monitor/recorded/table.h"'
expect 1 monitor/report/json.cpp '#include "monitor/rules/rule.h"'
expect 1 monitor/report/json.cpp '#include "monitor/rules/checks.h"'
expect 1 monitor/report/json.cpp '#include "monitor/rules/run_checks.h"'
expect 1 monitor/report/json.cpp '#include "monitor/rules/run_histories.h"'
expect 1 monitor/report/json.cpp '#include "monitor/recorded/table.h"'
expect 1 monitor/report/json.cpp '  const Diagnosis diagnosis = diagnose(network.metrics);'
expect 1 monitor/report/json.cpp '  return gradvitals::diagnose_run(steps);'
expect 1 monitor/report/json.cpp '  out.value(notebook_score(metrics).score);'
expect 1 kernels/ops/gemm.cpp '#include "training/trainer.h"'
expect 1 framework/tape.cpp '#include "training/trainer.h"'
expect 1 monitor/report/json.cpp '#include "training/trainer.h"'
expect 1 training/trainer.cpp '#include "app/options.h"'
expect 1 training/trainer.cpp '#include "kernels/sim/engine.h"'
expect 1 training/trainer.cpp '#include "tests/support/gradcheck.h"'
expect 1 training/trainer.cpp '#include <cuda_runtime.h>'
expect 1 framework/tape.cpp '#include "kernels/sim/engine.h"'
expect 1 app/compare.cpp '#include "tests/support/gradcheck.h"'
expect 1 kernels/ops/cpu/gemm.cpp '#include <cblas.h>'
expect 1 kernels/ops/cpu/gemm.cpp '#include <oneapi/dnnl/dnnl.hpp>'
expect 1 app/info.cpp '#include <cuda_runtime.h>'
expect 1 kernels/runtime/stream.cpp '#include <cuda_runtime_api.h>'
expect 1 tests/kernels/ops/gemm_test.cpp '#include <cublas_v2.h>'
expect 1 benchmarks/reduce.cpp '#include <cub/cub.cuh>'
expect 1 kernels/runtime/stream.cpp '#ifdef __CUDACC__'
expect 1 kernels/ops/cuda/gemm.cuh '#if defined(__CUDA_ARCH__)'
expect 1 app/info.cpp '#if GRADVITALS_HAS_CUDA'
expect 1 app/info.cpp '#ifndef GRADVITALS_SIM'
expect 1 kernels/ops/cuda/gemm.cu '#elif defined(__NVCC__)'
expect 1 kernels/runtime/cuda/gpu.h '# ifdef GPU_NAMESPACE'
expect 1 kernels/sim/engine.h '#if __has_include(<cuda_runtime.h>)'

expect 0 benchmarks/reduce.cpp '#include <cblas.h>'
expect 0 kernels/ops/optimizer.h '#include "kernels/stats/view.h"'
expect 0 kernels/baselines/norms.h '#include "kernels/ops/gemm.h"'
expect 0 monitor/metrics/watch.cpp '#include "kernels/stats/view.h"'
expect 0 monitor/recorded/table.cpp '#include "monitor/metrics/blocks.h"'
expect 0 monitor/rules/checks.cpp '#include "monitor/rules/rule.h"'
expect 0 monitor/trajectory/tracker.cpp '#include "monitor/rules/rule.h"'
expect 0 monitor/history/row.cpp '#include "monitor/trajectory/health_event.h"'
expect 0 monitor/report/json.cpp '#include "monitor/rules/rule_id.h"'
expect 0 monitor/report/json.cpp '#include "monitor/rules/run_diagnosis.h"'
expect 0 monitor/report/json.h '  NotebookScore notebook;  ///< notebook_score() of the metrics.'
expect 0 monitor/report/json.h 'std::string diagnosis_json(const NetworkReport& network);'
expect 0 training/trainer.cpp '#include "framework/tape.h"'
expect 0 training/trainer.cpp '#include "monitor/rules/diagnosis.h"'
expect 0 app/train.cpp '#include "training/trainer.h"'
expect 0 app/judge.cpp '  Diagnosis diagnosis = diagnose(metrics);'
expect 0 app/compare.cpp '#include "monitor/rules.h"'
expect 0 app/compare.cpp '#include "framework/tape.h"'
expect 0 tests/app/compare_test.cpp '#include "framework/tape.h"'
expect 0 kernels/ops/cuda/reduce.cu '#include <cuda_runtime.h>'
expect 0 kernels/baselines/reduce.cu '#include <cub/cub.cuh>'
expect 0 kernels/runtime/host_device.h '#if defined(__CUDACC__)'
expect 0 kernels/ops/cpu/stats.cpp '#if HWY_ONCE'
expect 0 kernels/ops/cpu/stats.cpp '#include "kernels/ops/cpu/simd.h"'
expect 0 monitor/rules/table.cpp '// #include "framework/tape.h" would breach the rule'

plant app/main.cpp ''
rm -r "$folder/monitor"
if bash "$check" "$folder" >/dev/null; then
  echo "FAILED: a tree without monitor passes, although nothing of it was checked"
  failures=$((failures + 1))
fi
plant app/main.cpp ''
rm -r "$folder/monitor/recorded"
if bash "$check" "$folder" >/dev/null; then
  echo "FAILED: a tree without monitor/recorded passes, although nothing of it was checked"
  failures=$((failures + 1))
fi

plant app/main.cpp ''
rm -r "$folder/training"
if bash "$check" "$folder" >/dev/null; then
  echo "FAILED: a tree without training passes, although nothing of it was checked"
  failures=$((failures + 1))
fi

((failures == 0)) && echo "every planted breach was found, and nothing else"
