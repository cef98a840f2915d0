#!/usr/bin/env bash
# gpu_check_test.sh GPU_CHECK: what it says and returns where it checks nothing, and what becomes of checks
# whose programs only pretend.
set -euo pipefail

script=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

expect() {  # expect STATUS TEXT ARGUMENT...: and the folder for results stays as it was.
  local wanted=$1 text=$2 status=0 output
  shift 2
  output=$("$script" "$@" 2>&1) || status=$?
  if ((status != wanted)) || [[ $output != *"$text"* || $output == *$'\n'* && $wanted != 0 || -e $folder/out ]]; then
    fail "gpu_check $* gives $status, not $wanted with one line of '$text': $output"
  fi
}

expect 0 'usage: scripts/gpu_check' --help
expect 2 "unknown argument '--device'" --device sim
expect 2 "--out needs a value" --out
expect 2 "--jobs needs a number" --jobs 0
expect 2 "--jobs needs a number" --jobs some
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

((failures)) || echo "no GPU is said, and nothing is written"

# ---- programs that pretend

executable() {  # executable FILE: what stdin says.
  cat >"$1"
  chmod +x "$1"
}

# $folder/broken has the number of the comparison that fails; where $folder/pids is, none ends by itself.
executable "$folder/bin/gradvitals" <<TEXT
#!/usr/bin/env bash
if [[ \$1 == info ]]; then
  printf '  cuda      ready: a GPU\n  CUDA      13.0\n'
  exit
fi
[[ ! -e $folder/pids ]] || {
  echo \$\$ >>"$folder/pids"
  exec sleep 100
}
echo the same
exec 9<"$folder/count"
flock 9
echo >>"$folder/count"
[[ \$(wc -l <"$folder/count") != "\$(cat "$folder/broken")" ]]
TEXT
for suite in kernels framework monitor training golden baselines; do
  executable "$folder/bin/${suite}_test" <<TEXT
#!/usr/bin/env bash
echo "$suite begins"
[[ $suite != kernels ]] || sleep 1
echo "$suite ends"
for argument; do
  [[ \$argument != --gtest_output=json:* ]] || cat >"\${argument#*json:}" <<'JSON'
{"testsuites": [{"testsuite": [{"name": "a", "status": "RUN", "result": "COMPLETED"}]}]}
JSON
done
[[ $suite != golden ]] || kill -KILL \$PPID
[[ $suite != monitor ]]
TEXT
done
echo 0 >"$folder/broken"
echo a-commit >"$folder/commit"

checked() {  # checked STATUS ARGUMENT...: what stderr says.
  local wanted=$1 status=0
  shift
  rm -rf "$folder/out" "$folder/count"
  touch "$folder/count"
  "$script" --binaries "$folder" --out "$folder/out" "$@" 2>"$folder/said" || status=$?
  ((status == wanted)) || fail "gpu_check $* gives $status, not $wanted: $(<"$folder/said")"
}

has() {  # has FILE TEXT: each of the TEXT's lines, in this order.
  local line number=0 found
  while read -r line; do
    found=$(tail -n "+$((number + 1))" "$folder/$1" | grep -nF -m 1 -- "$line" | cut -d: -f1) || true
    [[ $found ]] || {
      fail "$1 has no '$line' behind line $number: $(<"$folder/$1")"
      return
    }
    number=$((number + found))
  done <<<"$2"
}

# What is slow stands first all the same, and ends last; what failed, was killed or could not run is said.
checked 1 --only contract --jobs 4
has out/gpu_check.log '==== contract.kernels_test: contract_suite kernels_test
kernels begins
kernels ends
1 cases passed, 0 skipped
==== contract.framework_test: contract_suite framework_test
framework ends
==== contract.monitor_test
==== contract.golden_test
==== contract.baselines_test
==== benchmarks: benchmarks
left out by --only contract'
has said 'contract.framework_test ... passed
contract.kernels_test ... passed'
has said 'contract.monitor_test ... failed'
has out/gpu_check.json '"name": "contract.kernels_test"
"status": "passed"
"name": "contract.framework_test"
"status": "passed"
"name": "contract.monitor_test"
"status": "failed"
"name": "contract.golden_test"
"status": "failed"
"detail": "it ended without a result"
"name": "contract.baselines_test"
"status": "passed"
"name": "contract.cublas"
"name": "benchmarks"
"status": "skipped"'
[[ ! -e $folder/out/.checks && ! -e $folder/out/.results.tsv ]] || fail "the checks' own files are left"

# Of 100 repetitions, eight at a time, one that fails is enough.
checked 0 --only repeated
has out/gpu_check.json '100 runs are bitwise equal'
(($(wc -l <"$folder/count") == 100)) || fail "$(wc -l <"$folder/count") repetitions, not 100"
echo 60 >"$folder/broken"
checked 1 --only repeated
has out/gpu_check.json '100 runs are not bitwise equal'
has out/gpu_check.log 'failed'

# One at a time, a check begins when the one before has ended.
checked 1 --only contract --jobs 1
has said 'contract.kernels_test ... passed
contract.framework_test ... passed'

# The benchmarks are programs of the same folder.
mkdir -p "$folder"/bin/benchmarks "$folder"/benchmarks
for program in tensor_stats training_step gemm monitor_overhead; do
  { echo '#!/usr/bin/env python3' && cat "$(dirname "$0")/../benchmarks/pretended_program.py"; } |
    executable "$folder/bin/benchmarks/$program"
done
executable "$folder/bin/tensor_shapes" <<<$'#!/bin/sh\necho "[10, 20]"'
echo '{}' >"$folder/benchmarks/build_info.json"
checked 0 --only benchmarks
has out/benchmarks.json '"device": "NVIDIA Pretended 80GB"
"contender": "record"'
has out/gpu_check.log 'record_graph'
rm "$folder/bin/benchmarks/gemm"
checked 1 --only benchmarks
has out/benchmarks.json '"contender": "record"'

# What it was interrupted in does not run on, whatever it started.
for signal in INT TERM; do
  rm -rf "$folder/out"
  : >"$folder/pids"
  env --default-signal=INT "$script" --binaries "$folder" --out "$folder/out" --only repeated 2>/dev/null &
  for ((i = 0; i < 100; ++i)); do
    (($(wc -l <"$folder/pids") < 8)) || break
    sleep 0.1
  done
  ((i < 100)) || fail "no eight repetitions run"
  kill -s "$signal" $!
  status=0
  wait $! || status=$?
  ((status > 128)) || fail "$signal gives $status"
  while read -r pid; do
    [[ -e /proc/$pid ]] || continue
    [[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") != 'sleep 100 ' ]] || fail "a repetition outlives $signal"
  done <"$folder/pids"
  [[ -e $folder/out/gpu_check.log && ! -e $folder/out/.checks ]] || fail "$signal leaves no log, or the checks' files"
done

if ((failures)); then exit 1; fi
echo "checks end in any order, and are told in theirs"
