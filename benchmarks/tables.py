#!/usr/bin/env python3
"""Makes all figures of speed that documents show, in words, tables and pictures, from results/*.json.

tables.py            writes them
tables.py --check    exit code 1, and which is it, where one is not what the results say

A page in docs/benchmarks/ for each machine, the list of them, the opening of benchmarks/README.md, and the
sentence on speed in README.md.
"""
import hashlib
import json
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True  # Nothing of a run is left among the sources.
import gpu_tables  # noqa: E402
import headline  # noqa: E402
import report  # noqa: E402
from report import Timings, markdown, significant  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = "benchmarks/results"  # As everything, from the root of the repository.
PAGES = "docs/benchmarks"
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"

PEERS = ["loop_f64", "loop_f32", "openblas_snrm2", "eigen_norm", "eigen_stable_norm", "numpy.linalg.norm",
         "torch _foreach_norm", "torch get_total_norm", "torch clip_grad_norm_",
         "torch norm, aminmax, count_nonzero, isfinite", "torch.compile of the record"]


# ---- the tables of a CPU


def statistics_table(timings, threads):
    """Without zeros."""
    cases = [case for case in timings.cases("tensor_stats") if case.split("/")[1] == "0" and not report.is_sized(case)]
    peers = [peer for peer in PEERS if any(timings.get("tensor_stats", case, peer, threads) for case in cases)]
    return markdown(*report.statistics(timings, cases, threads, peers))


def steps_table(timings, torch_version):
    rows = []
    for case in timings.cases("training_step"):
        for threads in (1, 2):
            ours, torch = (timings.get("training_step", case, who, threads) for who in ("gradvitals", "torch"))
            if ours:
                rows.append([case, str(threads), significant(ours["median_us"]),
                             significant(torch["median_us"]) if torch else ""])
    return markdown(["network", "threads", "gradvitals", f"torch {torch_version}".strip()], rows)


OUR_PRODUCTS = {"gemm": "gemm, which chooses", "register_tiled": "own: register_tiled", "packed": "own: packed"}
PEERS_OF_PRODUCTS = {"openblas": "openblas", "onednn": "onednn", "torch": "torch"}


def rate(timings, case, who, threads=1):
    """GFLOP/s; None where it was not measured."""
    return (timings.get("gemm", case, who, threads) or {}).get("gflops")


def best_peer(timings, case, threads=1):
    """Its name and GFLOP/s; nothing where none was measured."""
    found = {who: rate(timings, case, who, threads) for who in PEERS_OF_PRODUCTS}
    return max(((who, gflops) for who, gflops in found.items() if gflops), key=lambda named: named[1], default=None)


def products_table(timings, threads):
    """GFLOP/s, of the contenders that were measured on so many threads."""
    everyone = OUR_PRODUCTS | PEERS_OF_PRODUCTS
    cases = [case for case in sorted(timings.cases("gemm"), key=report.operations) if rate(timings, case, "gemm", threads)]
    shown = [who for who in everyone if any(rate(timings, case, who, threads) for case in cases)]
    rows = []
    for case in cases:
        rates = [rate(timings, case, who, threads) for who in shown]
        best = best_peer(timings, case, threads)
        share = f"{100 * rate(timings, case, 'gemm', threads) / best[1]:.0f}" if best else ""
        rows.append([case.replace("/", ", "), *map(significant, rates), share])
    return markdown(["product", *(everyone[who] for who in shown), "gemm, % of the best of others"], rows)


LADDER = "1024x1024x1024/NN"
RUNGS = ("naive", "blocked", "register_tiled", "packed")


def ladder_table(timings):
    """From the first rung to the fastest peer, 1 thread; nothing where the first was not measured."""
    rungs = {who: rate(timings, LADDER, who) for who in RUNGS}
    if not rungs["naive"]:
        return ""
    climbed = [(who, gflops) for who, gflops in rungs.items() if gflops]
    before = [None, *(gflops for _, gflops in climbed)]
    rows = [[who, significant(gflops), significant(gflops / below, 2) if below else ""]
            for (who, gflops), below in zip(climbed, before)]
    if best := best_peer(timings, LADDER):
        rows.append([f"beside it: {best[0]}", significant(best[1]), ""])
    return markdown(["rung", "GFLOP/s", "times the one before"], rows)


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
    return markdown(["input", "dtype", "elements",
                     *("gradvitals" if who == "record" else who for who in contenders)],
                    [[name, dtype, f"{elements:,}",
                      *(texts.get((name, dtype, elements, who), "") for who in contenders)]
                     for name, dtype, elements in inputs])


def processor(results):
    """With what tells CPUs of one name apart."""
    return f"{results['machine']['cpu']}, {report.simd(results['machine'])}"


def machine_lines(results):
    machine = results["machine"]
    peers = [f"{name} {machine[key]}" for name, key in
             (("oneDNN", "onednn"), ("Eigen", "eigen"), ("numpy", "numpy"), ("torch", "torch")) if machine.get(key)]
    peers = ", ".join([machine["blas"]] * bool(machine["blas"]) + peers)
    ours = (f" Our products: {machine['gemm']}." if machine.get("gemm") else
            " Large products were OpenBLAS's then: \"gemm\" and the steps of relu_1024x8 are not of today's kernels.")
    caches = ", ".join(f"{name} {size >> 10} KiB" for name, size in machine["caches_bytes"].items())
    text = (f"{processor(results)}{', virtual' if machine.get('virtual') else ''}, {machine['threads']} threads, "
            f"{caches}, governor {machine['governor'] or 'unknown'}. {report.source(results)}, load average at the start "
            f"{machine['load_average_at_start']:.1f}. {machine['compiler']} {machine['flags']}, for the loops and Eigen "
            f"{machine['peer_flags']}.{ours} {peers or 'No library to compare with'}.\n")
    if not results["full"]:
        text += "Some of the cases only.\n"
    return text + report.missing(results)


def cpu_page(name, results):
    timings = Timings(results)
    tables = {"Statistics, 1 thread: median us": statistics_table(timings, 1),
              "Statistics, 2 threads: median us": statistics_table(timings, 2),
              "Statistics with exact zeros, 1 thread: median us": markdown(*report.zeros(timings)),
              "A training step: median us": steps_table(timings, results["machine"].get("torch", "")),
              "Products, 1 thread: GFLOP/s": products_table(timings, 1),
              "Products, 2 threads: GFLOP/s": products_table(timings, 2),
              f"From a naive product to ours, {LADDER.replace('/', ', ')}, 1 thread": ladder_table(timings),
              "Watching every step: us": markdown(*report.overheads(results)),
              "What the monitor does, alone: mean us": markdown(*report.monitor_parts(results)),
              "Relative error of the L2 norm": accuracy_table(results)}
    parts = [f"# CPU: {processor(results)}, {results['machine']['threads']} threads\n\n{machine_lines(results)}",
             report.in_short(results), report.picture(name), *report.titled(tables)]
    return "\n".join(parts)


# ---- the figure


def cpu_figure(results):
    """One tensor of growing size, 1 thread."""
    timings = Timings(results)
    cases = [case for case in timings.cases("tensor_stats") if report.is_sized(case)] + ["1x268M_f32/0/cold"]
    return {"data": report.figure_data(timings, cases, ("read", "record", "loop_f64", "openblas_snrm2", "eigen_norm")),
            "title": f"Statistics and norms of a tensor: {processor(results)}, 1 thread",
            "xlabel": "one float32 tensor; in cache where one holds it", "least_gbps": 8}


def figure_of(results):
    """What is drawn of results; nothing of a GPU's that have no tensor of growing size."""
    return cpu_figure(results) if report.is_cpu(results) else gpu_tables.figure(results)


def stamp(data):
    """What an SVG says it was made from: another gnuplot draws another SVG of the same."""
    return f"<!-- data: {hashlib.sha256(data.encode()).hexdigest()} -->"


def draw(data, title, xlabel, least_gbps):
    script = f"""$data << END
{data}END
set terminal svg size 860,480 font 'DejaVu Sans,13' background rgb 'white'
set title {json.dumps(title)}
set logscale xy 2
set xlabel '{xlabel}'
set ylabel 'GB/s'
set yrange [{least_gbps}:*]
set xtics ('16 KiB' 2**14, '64 KiB' 2**16, '256 KiB' 2**18, '1 MiB' 2**20, '4 MiB' 2**22, '16 MiB' 2**24, '64 MiB' 2**26, '256 MiB' 2**28, '1 GiB' 2**30)
set key top right
set grid
set linetype 5 linecolor 'gray30'
plot for [i=0:{data.count('"') // 2 - 1}] $data index i with linespoints lw 2 title columnheader(1)
"""
    svg = subprocess.run(["gnuplot"], input=script, check=True, capture_output=True, text=True).stdout
    return svg.rstrip() + f"\n{stamp(data)}\n"


# ---- writing and checking


def all_results(root):
    """Those of CPUs come first."""
    found = [(path.stem, json.loads(path.read_text(encoding="utf-8")))
             for path in sorted((root / RESULTS).glob("*.json"))]
    return dict(sorted(found, key=lambda named: not report.is_cpu(named[1])))


def page(name, results):
    made = cpu_page(name, results) if report.is_cpu(results) else gpu_tables.page(name, results)
    title, rest = made.split("\n", 1)
    return f"{title}\n\n[What the names mean, and how the figures come about](README.md).\n{rest}"


def list_of_pages(results):
    """GPUs first: most people ask for them."""
    titles = {name: page(name, of_one).split("\n", 1)[0].removeprefix("# ") for name, of_one in results.items()}
    return "".join(f"- [{title}]({name}.md): {report.source(results[name])}\n"
                   for name, title in sorted(titles.items(), key=lambda named: report.is_cpu(results[named[0]])))


def filled_in(text, figures):
    """What stands between the two marks is renewed."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + figures + END + rest.split(END)[1]


def documents(root):
    """Text by path, as the results have it."""
    results = all_results(root)
    made = {f"{PAGES}/{name}.md": page(name, of_one) for name, of_one in results.items()}
    rows = headline.rows(results)
    for path, figures in ((f"{PAGES}/README.md", list_of_pages(results)),
                          ("benchmarks/README.md", headline.opening(rows, results)),
                          ("README.md", headline.in_words(results))):
        made[path] = filled_in((root / path).read_text(encoding="utf-8"), figures)
    return {**made, headline.PICTURE: headline.picture(rows)}


def update(root=ROOT):
    for path, text in documents(root).items():
        (root / path).write_text(text, encoding="utf-8")
    for name, results in all_results(root).items():
        if figure := figure_of(results):
            (root / RESULTS / f"{name}.svg").write_text(draw(**figure), encoding="utf-8")


def stale(root=ROOT):
    """Every file that is not what the results say, pages without results among them."""
    def text_of(path):
        return (root / path).read_text(encoding="utf-8") if (root / path).exists() else None

    made = documents(root)
    files = [path for path, text in made.items() if text_of(path) != text]
    files += [path for path in (f"{PAGES}/{found.name}" for found in sorted((root / PAGES).glob("*.md")))
              if path not in made]
    for name, results in all_results(root).items():
        path = f"{RESULTS}/{name}.svg"
        if (figure := figure_of(results)) and stamp(figure["data"]) not in (text_of(path) or ""):
            files.append(path)
    return files


def main():
    if sys.argv[1:] == ["--check"]:
        if not all_results(ROOT):
            sys.exit("tables.py: there are no results")
        if files := stale():
            sys.exit(f"tables.py: not what {RESULTS} says: {', '.join(files)}; run benchmarks/tables.py")
    elif sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__)
    elif sys.argv[1:]:
        sys.exit(f"tables.py: unknown argument {sys.argv[1]!r}\n\n{__doc__}")
    else:
        update()


if __name__ == "__main__":
    main()
