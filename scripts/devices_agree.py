#!/usr/bin/env python3
"""devices_agree.py sigmoid|linear FILE FILE...: whether devices agree on the three networks.

Each FILE is what `gradvitals compare --head HEAD --device DEVICE --json FILE` wrote, for two devices or
more. Verdicts must be equal and gradient norms close, in every pair of devices. One line per pair and
network; exit code 0 where all agree, 1 where they do not, 2 where that cannot be told.
"""
import itertools
import json
import math
import sys

# Relative. Float32 sums in two orders already move the third network's norms by 1e-3 where its sigmoid
# head is saturated.
LIMITS = {
    "sigmoid": {"Sigmoid Network": 1e-4, "ReLU Network": 1e-4, "Exploding Network": 1e-2},
    "linear": {"Sigmoid Network": 1e-4, "ReLU Network": 1e-4, "Exploding Network": 1e-3},
}
ZERO = 1e-30  # Norms below it count as zero.


class Unusable(Exception):
    """Input that says nothing about agreement."""


def read_networks(path, limits):
    """The device of a comparison, and {network's name: network}."""
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
        if document["schema"] != "gradvitals.comparison/1":
            raise Unusable(f"{path}: schema {document['schema']!r}")
        networks = {network["name"]: network for network in document["networks"]}
        devices = {network["device"] for network in networks.values()}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{path}: {type(error).__name__}: {error}") from error
    if set(networks) != set(limits) or len(document["networks"]) != len(limits):
        raise Unusable(f"{path}: networks {sorted(networks)}, not {sorted(limits)}")
    if len(devices) != 1:
        raise Unusable(f"{path}: devices {sorted(devices)}")
    return devices.pop(), networks


def gradient_norms(network):
    norms = {t["name"]: t["l2_norm"] for t in network["tensors"] if t["role"] == "gradient"}
    if not norms:
        raise Unusable(f"{network['name']} on {network['device']} has no gradient")
    return norms


def relative_difference(a, b):
    """Infinite where a norm is no finite number: the three networks have none of those."""
    if a is None or b is None or not (math.isfinite(a) and math.isfinite(b)):
        return math.inf
    if abs(a) < ZERO and abs(b) < ZERO:
        return 0.0
    return abs(a - b) / max(abs(a), abs(b))


def disagreement(one, other, limit):
    """(the largest relative difference, what is wrong or None)"""
    norms, other_norms = gradient_norms(one), gradient_norms(other)
    if list(norms) != list(other_norms):
        return math.inf, "the gradients have other names"
    difference, tensor = max((relative_difference(norms[name], other_norms[name]), name) for name in norms)
    if one["verdict"] != other["verdict"]:
        return difference, f"verdicts {one['verdict']} and {other['verdict']}"
    if difference > limit:
        return difference, f"norms of {tensor}: {norms[tensor]} and {other_norms[tensor]}"
    return difference, None


def main(arguments):
    if len(arguments) < 3 or arguments[0] not in LIMITS:
        print(__doc__, file=sys.stderr)
        return 2
    limits = LIMITS[arguments[0]]
    agree = True
    try:
        read = [read_networks(path, limits) for path in arguments[1:]]
        if len({device for device, _ in read}) != len(read):
            raise Unusable("two files are of the same device")
        for (device, networks), (other_device, others) in itertools.combinations(read, 2):
            for name, limit in limits.items():
                difference, wrong = disagreement(networks[name], others[name], limit)
                agree = agree and wrong is None
                print(f"{device:5}{other_device:6}{name:19}{difference:10.1e}, limit {limit:.0e}: {wrong or 'agree'}")
    except Unusable as error:
        print(f"devices_agree.py: {error}", file=sys.stderr)
        return 2
    except (KeyError, TypeError) as error:
        print(f"devices_agree.py: not what compare writes: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
