#!/usr/bin/env bash
# gpu_check_test.sh GPU_CHECK: what it says and returns where it checks nothing.
set -euo pipefail

script=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

expect() {  # expect STATUS TEXT ARGUMENT...: and the folder for results stays as it was.
  local wanted=$1 text=$2 status=0 output
  shift 2
  output=$("$script" "$@" 2>&1) || status=$?
  if ((status != wanted)) || [[ $output != *"$text"* || $output == *$'\n'* && $wanted != 0 || -e $folder/out ]]; then
    echo "FAILED: gpu_check $* gives $status, not $wanted with one line of '$text': $output"
    failures=$((failures + 1))
  fi
}

expect 0 'usage: scripts/gpu_check' --help
expect 2 "unknown argument '--device'" --device sim
expect 2 "--out needs a value" --out
expect 2 "--build-only goes with" --build-only "$folder/out" --out "$folder/out"
expect 2 "no programs in $folder" --binaries "$folder" --out "$folder/out"

# A program that finds a GPU or not, and a driver that lists one or not.
mkdir -p "$folder/bin" "$folder/path"
program() { printf '#!/bin/sh\necho "  cuda      %s"\n' "$1" >"$folder/bin/gradvitals"; }
driver() { printf '#!/bin/sh\necho "%s"\n' "$1" >"$folder/path/nvidia-smi"; }
program 'ready: a GPU'
driver 'No devices were found'
chmod +x "$folder/bin/gradvitals" "$folder/path/nvidia-smi"
PATH=$folder/path:$PATH
expect 2 "no GPU: nvidia-smi lists none" --binaries "$folder" --out "$folder/out"
driver 'GPU 0: a GPU'
program 'not usable: the CUDA driver is too old'
expect 2 "not usable: the CUDA driver is too old" --binaries "$folder" --out "$folder/out"

((failures == 0)) && echo "no GPU is said, and nothing is written"
