#!/usr/bin/env bash
# devices_agree_test.sh PYTHON DEVICES_AGREE GRADVITALS: cpu and sim agree as compare writes them; and
# with one field changed they do not, or it is said that the input is none.
set -euo pipefail

python=$1 script=$2 gradvitals=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

expect() {  # expect STATUS WHAT ARGUMENT...
  local wanted=$1 what=$2 status=0 output
  shift 2
  output=$("$python" "$script" "$@" 2>&1) || status=$?
  ((status == wanted)) || {
    echo "FAILED: $what gives $status, not $wanted: $output"
    failures=$((failures + 1))
  }
}

# with CHANGE: the sim file, after a change to one network.
with() {
  "$python" -c "
import json, sys
document = json.load(open(sys.argv[1]))
network = document['networks'][int(sys.argv[3])]
gradient = next(t for t in network['tensors'] if t['role'] == 'gradient')
exec(sys.argv[4])
json.dump(document, open(sys.argv[2], 'w'))
" "$sim" "$folder/changed.json" "$1" "$2"
}

for head in sigmoid linear; do
  cpu=$folder/cpu-$head.json sim=$folder/sim-$head.json
  "$gradvitals" compare --head "$head" --device cpu --json "$cpu" >/dev/null
  "$gradvitals" compare --head "$head" --device sim --json "$sim" >/dev/null
  expect 0 "$head: cpu and sim" "$head" "$cpu" "$sim"

  limits=(1e-4 1e-4 1e-3)
  [[ $head == linear ]] || limits[2]=1e-2
  for network in 0 1 2; do
    with "$network" "gradient['l2_norm'] *= 1 + 2 * ${limits[network]}"
    expect 1 "$head, network $network: a norm beyond the limit" "$head" "$cpu" "$folder/changed.json"
    with "$network" "gradient['l2_norm'] *= 1 + 0.5 * ${limits[network]}"
    expect 0 "$head, network $network: a norm within the limit" "$head" "$cpu" "$folder/changed.json"
  done
done

with 0 "network['verdict'] = 'dead'"
expect 1 "another verdict" "$head" "$cpu" "$folder/changed.json"
for value in None "float('nan')" "float('inf')" 0.0 1e-31; do
  with 1 "gradient['l2_norm'] = $value"
  expect 1 "a norm of $value" "$head" "$cpu" "$folder/changed.json"
done
with 0 "gradient['name'] = 'other'"
expect 1 "a gradient of another name" "$head" "$cpu" "$folder/changed.json"
with 0 "network['tensors'].remove(gradient)"
expect 1 "a gradient less" "$head" "$cpu" "$folder/changed.json"
with 0 "network['tensors'] = []"
expect 2 "no gradients" "$head" "$cpu" "$folder/changed.json"
with 0 "document['networks'].remove(network)"
expect 2 "a network less" "$head" "$cpu" "$folder/changed.json"
with 0 "del network['verdict']"
expect 2 "no verdict" "$head" "$cpu" "$folder/changed.json"
expect 2 "a device twice" "$head" "$cpu" "$cpu"
expect 2 "one file" "$head" "$cpu"
expect 2 "an unknown head" tanh "$cpu" "$sim"
expect 2 "a missing file" "$head" "$cpu" "$folder/none.json"
echo '{' >"$folder/changed.json"
expect 2 "no JSON" "$head" "$cpu" "$folder/changed.json"

# Norms below 1e-30 count as zero on both sides.
with 0 "gradient['l2_norm'] = 1e-31"
cp "$folder/changed.json" "$folder/tiny.json"
sed -i 's/"device": "sim"/"device": "cuda"/g' "$folder/tiny.json"
with 0 "gradient['l2_norm'] = 0.0"
expect 0 "1e-31 and 0" "$head" "$folder/tiny.json" "$folder/changed.json"

((failures == 0)) && echo "cpu and sim agree, and every change was found"
