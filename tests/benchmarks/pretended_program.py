"""A Google Benchmark program with cases for cuda that measures nothing; it is what its file is called. With
GRADVITALS_BENCH_SHAPES it has those tensors alone, on cpu as well, and a nanosecond for each element. Environment:
PRETENDED_CRASH and PRETENDED_ERROR, parts of a case's name: it ends, or the case fails, where that is among those that
run; PRETENDED_SLEEP, seconds before it runs any."""
import json
import os
import pathlib
import re
import sys
import time


def run_of(us, **counters):
    return {"real_time": us, "time_unit": "us", **counters}


def read(us, count, per_element=4):
    return run_of(us, bytes_per_second=count * per_element / us * 1e6)


def watched(us):
    return run_of(us, samples=40.0, unwatched_us=us, overhead_us=us / 10, overhead_p10_us=us / 20,
                  overhead_p90_us=us / 5, overhead_percent=10.0)


def product(gflops, **share):
    return run_of(5.0, **{"GFLOP/s": gflops}, **share)


CASES = {
    "tensor_stats": {
        "record/3x1000_f32/0/cold": read(2.0, 3000), "record_graph/3x1000_f32/0/cold": read(1.9, 3000),
        "read_4/3x1000_f32/0/cold": read(1.5, 3000), "read_8/3x1000_f32/0/cold": read(1.0, 3000),
        "copy/3x1000_f32/0/cold": read(2.5, 6000), "cub_reduce_f64/3x1000_f32/0/cold": read(9.0, 3000),
        "cub_reduce_f64_graph/3x1000_f32/0/cold": read(7.0, 3000), "record/3x1000_f32/0/warm": read(1.0, 3000),
        "read_4/3x1000_f32/0/warm": read(0.5, 3000), "record/3x1000_f32/1/cold": read(2.1, 3000),
        "record/3x1000_f32/50/cold": read(2.2, 3000), "record/big_bf16/0/cold": read(4.0, 1000, 2),
        "read_4/big_bf16/0/cold": read(2.0, 1000, 2), "record/1x4K_f32/0/cold": read(4.0, 4096)},
    "training_step": {f"relu_network/{who}/keep_z:{keep_z}": run_of(us + keep_z)
                      for who, us in (("hand-written", 50.0), ("hand-written_graph", 30.0), ("cublas", 60.0))
                      for keep_z in (0, 1)},
    "gemm": {"64x64x64/NN/naive": product(10.0, **{"% of cuBLAS": 20.0}),
             "64x64x64/NN/gemm": product(40.0, **{"% of cuBLAS": 81.0}), "64x64x64/NN/cublas": product(50.0)},
    "monitor_overhead": {"gradients/relu_network": watched(50.0), "gradients_rules/relu_network": watched(60.0),
                         "statistics_gradients/relu_network": run_of(3.0)},
}
TAILS = {"tensor_stats": "iterations:3/manual_time", "training_step": "real_time", "gemm": "iterations:3/manual_time",
         "monitor_overhead": "manual_time"}


def own_cases(path):
    cases = {}
    with open(path, encoding="utf-8") as file:
        for name, dtype, *counts in (line.split() for line in file):
            count, size = sum(map(int, counts)), {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}[dtype]
            for who, us in (("record", count / 1e3), ("read_4", count / 2e3)):
                place = f"{who}/{name}_{dtype.lower()}/0/cold"
                cases |= {f"cpu/{place}/{threads}/real_time": read(us, count, size) for threads in (1, 2)}
                cases[f"cuda/{place}/{TAILS['tensor_stats']}"] = read(us / 10, count, size)
    return cases


def main():
    program = pathlib.Path(sys.argv[0]).name
    options = dict(argument.removeprefix("--benchmark_").split("=", 1) for argument in sys.argv[1:])
    if own := os.environ.get("GRADVITALS_BENCH_SHAPES"):
        cases = own_cases(own)
    else:
        cases = {f"cuda/{name}/{TAILS[program]}": run for name, run in CASES[program].items()}
    cases = {name: run for name, run in cases.items() if re.search(options["filter"], name)}
    if os.environ.get("PRETENDED_CASES") == "no":
        cases = {name: run for name, run in cases.items() if name.startswith("cpu/")}
    if "list_tests" in options:
        print(f"{program}: the cases of no device are skipped: a test", file=sys.stderr)
        print("\n".join(cases))
        return
    time.sleep(float(os.environ.get("PRETENDED_SLEEP", 0)))
    crash, error = os.environ.get("PRETENDED_CRASH"), os.environ.get("PRETENDED_ERROR")
    if crash and any(crash in name for name in cases):
        sys.exit(f"{crash} cannot be had")
    runs = []
    for repetition in range(int(options.get("repetitions", 1))):
        for name, run in reversed(cases.items()):  # Interleaved, and in another order.
            wrong = {"error_occurred": True, "error_message": "wrong"} if error and error in name else {}
            runs.append({"name": name, "run_name": name, "run_type": "iteration", **run, **wrong})
    runs.append({"name": "x_mean", "run_name": "x", "run_type": "aggregate"})
    with open(options["out"], "w", encoding="utf-8") as file:
        json.dump({"context": {"gpu": "NVIDIA Pretended 80GB", "cuda_toolkit": "13.0", "caches": [], "simd": "AVX3",
                               "gemm": "three loops", "blas": ""}, "benchmarks": runs}, file)


main()
