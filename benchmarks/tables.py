#!/usr/bin/env python3
"""Makes the tables and figures of README.md from results/*.json.

tables.py            writes them
tables.py --check    exit code 1, and which is it, where one is not what the results say
"""
import hashlib
import json
import math
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE / "results"
README = HERE / "README.md"
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"

# Who computes what others are compared with.
OURS = {"tensor_stats": "record", "training_step": "gradvitals", "gemm": "gemm"}
PEERS = ["loop_f64", "loop_f32", "openblas_snrm2", "eigen_norm", "eigen_stable_norm", "numpy.linalg.norm",
         "torch _foreach_norm", "torch get_total_norm", "torch clip_grad_norm_",
         "torch norm, aminmax, count_nonzero, isfinite", "torch.compile of the record"]


def dump(results):
    """JSON with one row of a list a line, so that a change of results can be read."""
    lines = []
    for key, value in results.items():
        if isinstance(value, list) and value:
            rows = ",\n".join(f"    {json.dumps(row)}" for row in value)
            lines.append(f"  {json.dumps(key)}: [\n{rows}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def significant(value, digits=3):
    """As people write it: 1,234 and 0.0123, never 1.23e+03."""
    if value is None:
        return ""
    magnitude = float(f"{value:.{digits}g}")
    decimals = max(0, digits - 1 - (len(str(int(abs(magnitude)))) - 1 if abs(magnitude) >= 1 else -1))
    return f"{magnitude:,.{decimals}f}"


class Timings:
    """Rows of results, found by program, case, contender and threads."""

    def __init__(self, results):
        self.rows = results["timings"]
        self.by_key = {(row["program"], row["case"], row["contender"], row["threads"]): row for row in self.rows}

    def get(self, program, case, contender, threads):
        return self.by_key.get((program, case, contender, threads))

    def ours(self, row):
        return self.get(row["program"], row["case"], OURS[row["program"]], row["threads"])

    def roofline(self, case, threads):
        """The fastest of the loops that only read, on so many threads or fewer: small tensors are read before a
        second thread wakes."""
        reads = [row for row in self.rows
                 if row["contender"].startswith("read_") and row["case"] == case and row["threads"] <= threads]
        return min(reads, key=lambda row: row["median_us"], default=None)

    def cases(self, program):
        return list(dict.fromkeys(row["case"] for row in self.rows if row["program"] == program))


# ---- the table of a run


def aligned(header, rows):
    """Two columns of text to the left, numbers to the right."""
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) if i in (0, 1) else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in cells)


def console_table(results):
    timings = Timings(results)
    rows = []
    cases = list(dict.fromkeys(row["case"] for row in timings.rows))
    for row in sorted(timings.rows, key=lambda row: (cases.index(row["case"]), row["threads"], row["median_us"])):
        ours = timings.ours(row)
        rate = f"{significant(row['gflops'])} GFLOP/s" if row["gflops"] else significant(row["gbps"])
        rows.append([f"{row['case']}, {row['threads']} thread{'s' * (row['threads'] > 1)}", row["contender"],
                     significant(row["median_us"]), rate, significant(row["roofline_percent"]),
                     f"{row['median_us'] / ours['median_us']:.2f}" if ours else ""])
    for row in results["overheads"]:
        rows.append([f"{row['network']}, {row['threads']} thread{'s' * (row['threads'] > 1)}",
                     f"step, watched: {row['what']}", significant(row["unwatched_us"] + row["overhead_us"]), "", "",
                     f"{1 + row['overhead_percent'] / 100:.3f}"])
    return aligned(["case", "contender", "median us", "GB/s", "% of roofline", "ratio to ours"], rows)


# ---- the tables of the README


def markdown(header, rows, text_columns=1):
    """Nothing where there is no row."""
    if not rows:
        return ""
    rule = ["---"] * text_columns + ["--:"] * (len(header) - text_columns)
    return "".join("| " + " | ".join(row) + " |\n" for row in [header, rule, *rows])


def is_sized(case):
    return case.startswith("1x") and not case.startswith("1x268M")


def statistics_table(timings, threads):
    """Microseconds of every contender, without zeros."""
    cases = [case for case in timings.cases("tensor_stats") if case.split("/")[1] == "0" and not is_sized(case)]
    peers = [peer for peer in PEERS if any(timings.get("tensor_stats", case, peer, threads) for case in cases)]
    rows = []
    for case in cases:
        ours, read, copy = (timings.get("tensor_stats", case, "record", threads), timings.roofline(case, threads),
                            timings.get("tensor_stats", case, "copy", threads))
        if not ours or not read:
            continue
        rows.append([case.replace("/0/", ", "), significant(read["median_us"]), significant(read["gbps"]),
                     significant(copy["gbps"]), f"**{significant(ours['median_us'])}**",
                     f"{significant(ours['p10_us'])} to {significant(ours['p90_us'])}", significant(ours["gbps"]),
                     significant(ours["roofline_percent"]),
                     *(significant((timings.get("tensor_stats", case, peer, threads) or {}).get("median_us"))
                       for peer in peers)])
    return markdown(["tensors", "read", "read, GB/s", "copy, GB/s", "record", "record, 10 to 90 %", "record, GB/s",
                     "% of read", *peers], rows)


def zeros_table(timings):
    cases = dict.fromkeys((case.split("/")[0], case.split("/")[2]) for case in timings.cases("tensor_stats")
                          if not is_sized(case))
    rows = []
    for shapes, cache in cases:
        times = [(timings.get("tensor_stats", f"{shapes}/{zeros}/{cache}", "record", 1) or {}).get("median_us")
                 for zeros in (0, 1, 50)]
        if all(times):
            rows.append([f"{shapes}, {cache}", *map(significant, times)])
    return markdown(["tensors", "0 %", "1 %", "50 %"], rows)


def steps_table(timings):
    rows = []
    for case in timings.cases("training_step"):
        for threads in (1, 2):
            ours, torch = (timings.get("training_step", case, who, threads) for who in ("gradvitals", "torch"))
            if ours:
                rows.append([case, str(threads), significant(ours["median_us"]),
                             significant(torch["median_us"]) if torch else ""])
    return markdown(["network", "threads", "gradvitals", "torch"], rows)


def overheads_table(results):
    rows = [[row["network"], str(row["threads"]), row["what"].replace("_", ", "), significant(row["unwatched_us"]),
             significant(row["overhead_us"]),
             f"{significant(row['overhead_p10_us'])} to {significant(row['overhead_p90_us'])}",
             f"{row['overhead_percent']:.1f}"] for row in results["overheads"]]
    return markdown(["network", "threads", "watched", "step alone", "monitor adds", "10 to 90 % of samples", "% of step"],
                    rows)


def products_table(timings):
    """GFLOP/s, 1 thread."""
    contenders = ["gemm", "register_tiled", "openblas"]
    rows = []
    for case in sorted(timings.cases("gemm"), key=lambda case: math.prod(map(int, case.split("/")[0].split("x")))):
        rates = [(timings.get("gemm", case, who, 1) or {}).get("gflops") for who in contenders]
        rows.append([case.replace("/", ", "), *map(significant, rates)])
    return markdown(["product", "gemm, which chooses", "own: register_tiled", "openblas"], rows)


def parts_table(results):
    rows = [[row["network"], str(row["threads"]), row["what"].replace("_", ", "), significant(row["mean_us"])]
            for row in results["monitor_parts"]]
    return markdown(["network", "threads", "part", "us"], rows)


def error_text(row):
    if row["nonfinite"] == "NO":
        return "not seen"
    if row["relative_error"] is None:
        return "seen"
    error = row["relative_error"]
    error = error if isinstance(error, str) else f"{error:.0e}"
    return f"seen, {error}" if row["nonfinite"] == "yes" else error


def accuracy_table(results):
    rows = results["accuracy"]
    contenders = list(dict.fromkeys(row["contender"] for row in rows))
    inputs = list(dict.fromkeys((row["input"], row["dtype"], row["elements"]) for row in rows))
    texts = {(row["input"], row["dtype"], row["elements"], row["contender"]): error_text(row) for row in rows}
    return markdown(["input", "dtype", "elements", *contenders],
                    [[name, dtype, f"{elements:,}", *(texts.get((name, dtype, elements, who), "") for who in contenders)]
                     for name, dtype, elements in inputs])


def machine_lines(results):
    machine = results["machine"]
    peers = ", ".join(f"{name} {machine[key]}" for name, key in (("Eigen", "eigen"), ("numpy", "numpy"), ("torch", "torch"))
                      if machine.get(key))
    caches = ", ".join(f"{name} {size >> 10} KiB" for name, size in machine["caches_bytes"].items())
    text = (f"{machine['cpu']}{', virtual' if machine.get('virtual') else ''}, {machine['threads']} threads, "
            f"{machine['simd']}, {caches}, governor {machine['governor'] or 'unknown'}. {results['date']}, commit {results['commit'][:12]}"
            f"{' and changes' if results['commit'].endswith('-dirty') else ''}, load average at the start "
            f"{machine['load_average_at_start']:.1f}. {machine['compiler']} {machine['flags']}, for the loops and Eigen "
            f"{machine['peer_flags']}. {machine['blas']}, {peers}.\n")
    if not results["full"]:
        text += "Some of the cases only.\n"
    if results["skipped"]:
        text += f"Skipped: {'; '.join(results['skipped'])}.\n"
    if results.get("failed"):
        text += f"Failed, and missing here: {'; '.join(results['failed'])}.\n"
    return text


def section(name, results):
    timings = Timings(results)
    tables = {"Statistics, 1 thread: median us": statistics_table(timings, 1),
              "Statistics, 2 threads: median us": statistics_table(timings, 2),
              "The record with exact zeros, 1 thread: median us": zeros_table(timings),
              "A training step: median us": steps_table(timings),
              "Products, 1 thread: GFLOP/s": products_table(timings),
              "Watching every step: us": overheads_table(results),
              "What the monitor does, alone: mean us": parts_table(results),
              "Relative error of the L2 norm": accuracy_table(results)}
    parts = [f"## CPU: {results['machine']['cpu']}, {results['machine']['threads']} threads\n\n{machine_lines(results)}",
             f"![GB/s over size](results/{name}.svg)\n",
             *(f"### {title}\n\n{table}" for title, table in tables.items() if table)]
    return "\n".join(parts)


# ---- the figure


def figure_data(results):
    """One block of (bytes, GB/s) a contender, 1 thread."""
    timings = Timings(results)
    cases = [case for case in timings.cases("tensor_stats") if is_sized(case)] + ["1x268M_f32/0/cold"]
    blocks = []
    for contender in ("read", "record", "loop_f64", "openblas_snrm2", "eigen_norm"):
        rows = [timings.roofline(case, 1) if contender == "read" else timings.get("tensor_stats", case, contender, 1)
                for case in cases]
        points = [f"{row['median_us'] * row['gbps'] * 1e3:.0f} {row['gbps']}" for row in rows if row]
        if points:
            blocks.append(f'"{contender.replace("_", " ")}"\n' + "\n".join(points))
    return "\n\n\n".join(blocks) + "\n"


def stamp(data):
    """What an SVG says it was made from: another gnuplot draws another SVG of the same."""
    return f"<!-- data: {hashlib.sha256(data.encode()).hexdigest()} -->"


def draw(data, title):
    script = f"""$data << END
{data}END
set terminal svg size 860,480 font 'DejaVu Sans,13' background rgb 'white'
set title {json.dumps(title)}
set logscale xy 2
set xlabel 'one float32 tensor; in cache where one holds it'
set ylabel 'GB/s'
set yrange [8:*]
set xtics ('16 KiB' 2**14, '64 KiB' 2**16, '256 KiB' 2**18, '1 MiB' 2**20, '4 MiB' 2**22, '16 MiB' 2**24, '64 MiB' 2**26, '256 MiB' 2**28, '1 GiB' 2**30)
set key top right
set grid
set linetype 5 linecolor 'gray30'
plot for [i=0:{data.count('"') // 2 - 1}] $data index i with linespoints lw 2 title columnheader(1)
"""
    svg = subprocess.run(["gnuplot"], input=script, check=True, capture_output=True, text=True).stdout
    return svg.rstrip() + f"\n{stamp(data)}\n"


# ---- writing and checking


def all_results():
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"))}


def with_tables(text):
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    sections = "\n".join(section(name, results) for name, results in all_results().items())
    return before + BEGIN + sections + END + after


def update():
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
    for name, results in all_results().items():
        title = f"Statistics and norms of a tensor: {results['machine']['cpu']}, 1 thread"
        (RESULTS / f"{name}.svg").write_text(draw(figure_data(results), title), encoding="utf-8")


def stale():
    """Every file that is not what the results say."""
    text = README.read_text(encoding="utf-8")
    files = [README.name] if with_tables(text) != text else []
    for name, results in all_results().items():
        figure = RESULTS / f"{name}.svg"
        if not figure.exists() or stamp(figure_data(results)) not in figure.read_text(encoding="utf-8"):
            files.append(f"results/{figure.name}")
    return files


def main():
    if sys.argv[1:] == ["--check"]:
        if not all_results():
            sys.exit("tables.py: there are no results")
        if files := stale():
            sys.exit(f"tables.py: not what results/ says: {', '.join(files)}; run benchmarks/tables.py")
    elif sys.argv[1:]:
        sys.exit(f"tables.py: unknown argument {sys.argv[1]!r}\n\n{__doc__}")
    else:
        update()


if __name__ == "__main__":
    main()
