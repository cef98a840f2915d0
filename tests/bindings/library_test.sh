#!/usr/bin/env bash
# library_test.sh LIBRARY STRIP SIZE CUDA: libgradvitals exports the C interface alone, loads
# nothing that multiplies, and where SIZE is "stripped" and it holds no kernels for a GPU, takes 1
# MB at most.
set -uo pipefail
library=$1 strip=$2 size=$3 cuda=$4
failures=0
fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

exported=$(nm -D --defined-only "$library" | awk '{print $3}' | grep -v '^gradvitals_')
[[ -z $exported ]] || fail "it exports what is no part of the C interface: $exported"
count=$(nm -D --defined-only "$library" | grep -c ' T gradvitals_')
declared=$(grep -c '^GRADVITALS_API ' "$(dirname -- "$0")/../../bindings/c/gradvitals.h")
[[ $count == "$declared" ]] || fail "it exports $count functions, and gradvitals.h declares $declared"

loaded=$(ldd "$library" | grep -iE 'blas|dnnl|mkl|gfortran|gomp|boost')
[[ -z $loaded ]] || fail "it loads $loaded"

if [[ $size == stripped && ! $cuda =~ ^(1|ON|TRUE)$ ]]; then
  stripped=$(mktemp)
  trap 'rm -f "$stripped"' EXIT
  "$strip" -o "$stripped" "$library"
  bytes=$(stat -c %s "$stripped")
  ((bytes > 100000 && bytes <= 1048576)) || fail "stripped, it takes $bytes bytes"
fi
((failures == 0)) && echo "$library: the C interface alone"
exit "$failures"
