#!/usr/bin/env bash
# run_test.sh RUN GRADVITALS: which verbs ./run knows, told before anything is installed or built.
set -euo pipefail

run=$1 program=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# Alone in a folder it has nothing to build, and what it leaves there would show.
cp "$run" "$folder/run"

expect() {  # expect STATUS TEXT ARGUMENT...
  local wanted=$1 text=$2 status=0 output
  shift 2
  output=$(env -u GRADVITALS_PRESET GRADVITALS_PACKAGES=skip "$folder/run" "$@" 2>&1) || status=$?
  if ((status != wanted)) || [[ $output != *"$text"* ]]; then
    fail "./run $* gives $status, not $wanted with '$text': $output"
  fi
}

for help in '' help -h --help; do
  # shellcheck disable=SC2086
  expect 0 'usage: ./run VERB' $help
done
expect 2 "there is no verb 'tets'" tets
expect 2 "there is no verb '--tets'" --tets
[[ $(ls "$folder") == run ]] || fail "it left something behind: $(ls "$folder")"

# What is wrong with a benchmark's arguments is said before anything is built: there is no such preset.
expect_of_bench() {  # expect_of_bench STATUS TEXT ARGUMENT...
  local wanted=$1 text=$2 status=0 output
  shift 2
  output=$(GRADVITALS_PRESET=none GRADVITALS_PACKAGES=skip "$run" bench "$@" 2>&1) || status=$?
  if ((status != wanted)) || [[ $output != *"$text"* ]]; then
    fail "./run bench $* gives $status, not $wanted with '$text': $output"
  fi
}
if command -v python3 >/dev/null; then
  results=$(dirname "$run")/benchmarks/results
  expect_of_bench 0 '--compare A.json B.json' --help
  expect_of_bench 0 'cases in both: B is slower in 0' --compare "$results"/nvidia-h200.json "$results"/nvidia-h200.json
  expect_of_bench 2 '--shapes /nonexistent: No such file' --shapes /nonexistent
  expect_of_bench 2 'unrecognized arguments: --bogus' --bogus
  expect_of_bench 2 '--compare measures nothing' --compare a b --peers
  expect_of_bench 2 'unrecognized arguments: --bogus' --peers --bogus
fi

# ./run bench --peers installs before it builds: in a folder of its own, with a python3 that cannot.
mkdir -p "$folder/benchmarks" "$folder/bin" "$folder/build/default"
echo 'libpeer-dev  # a peer' >"$folder/benchmarks/packages.txt"
cat >"$folder/bin/python3" <<'TEXT'
#!/bin/sh
echo "$*" >>"$0.log"
case $1 in */peers_venv.py) echo "no environment can be made" >&2 && exit 1 ;; esac
TEXT
chmod +x "$folder/bin/python3"
PATH=$folder/bin:$PATH expect 1 'no environment can be made' bench --full --peers
[[ $(cat "$folder/bin/python3.log") == "$folder/benchmarks/suite.py $folder/build/default --full --peers --check-arguments
$folder/benchmarks/peers_venv.py" ]] || fail "--peers calls $(cat "$folder/bin/python3.log")"
sed -i 's/exit 1/exit 0/' "$folder/bin/python3"
for arguments in '--peers' 'gemm --peers --benchmark_filter=x' '--peers gemm'; do
  # A build that was configured is configured anew, so that it finds what was installed.
  touch "$folder/build/default/"{build.ninja,configure.log}
  # shellcheck disable=SC2086
  PATH=$folder/bin:$PATH expect 2 'configuring build/default' bench $arguments
done
rm -r "${folder:?}"/{benchmarks,bin,build}

commands=$("$program" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[[ $commands == *compare*info* ]] || fail "the program lists no commands: $commands"
for command in $commands; do
  [[ $("$folder/run" help) == *" $command"[,\ $'\n']* ]] || fail "./run help does not name $command"
  expect 2 'configuring build/default' "$command"
done

((failures == 0))
