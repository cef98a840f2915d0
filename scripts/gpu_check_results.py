#!/usr/bin/env python3
"""Reads and writes the JSON of scripts/gpu_check.

gpu_check_results.py tests FILE          did any case of a GoogleTest run run? (its exit code told the rest)
gpu_check_results.py summary TSV FILE KEY=VALUE...   the checks (name, status, seconds, detail) and keys as FILE

Prints one line. Exit code: 0 passed, 1 failed, 77 nothing ran.
"""
import json
import sys

SKIPPED = 77


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def tests(path):
    cases = [case for suite in read(path).get("testsuites", []) for case in suite["testsuite"]]
    cases = [case for case in cases if case["status"] == "RUN"]
    failed = [case["name"] for case in cases if "failures" in case]
    skipped = [case for case in cases if case["result"] == "SKIPPED"]
    if failed:
        print(f"{len(failed)} of {len(cases)} cases failed, first {failed[0]}")
        return 1
    if len(skipped) == len(cases):
        print(f"{len(cases)} cases, all of them skipped" if cases else "no case is for cuda")
        return SKIPPED
    print(f"{len(cases) - len(skipped)} cases passed, {len(skipped)} skipped")
    return 0


def summary(results, path, *pairs):
    checks = []
    with open(results, encoding="utf-8") as file:
        for line in file:
            name, status, seconds, detail = line.rstrip("\n").split("\t")
            checks.append({"name": name, "status": status, "seconds": int(seconds), "detail": detail})
    document = {"schema": "gradvitals.gpu_check/1", **dict(pair.split("=", 1) for pair in pairs), "checks": checks}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")
    counts = {status: sum(check["status"] == status for check in checks) for status in ("passed", "failed", "skipped")}
    print(", ".join(f"{count} {status}" for status, count in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit({"tests": tests, "summary": summary}[sys.argv[1]](*sys.argv[2:]))
