"""Rows of results, and the tables that CPU and GPU have in common: read by tables.py and gpu_tables.py."""
import csv
import io
import json

SCHEMA = "gradvitals.benchmarks/1"

# Who computes what others are compared with; on a GPU, training steps are named for who multiplies.
OURS = {"tensor_stats": ["record"], "training_step": ["gradvitals", "hand-written"], "gemm": ["gemm"]}

# What the few lines ahead of all tables tell of.
SHOWN_OF_CPU = ["notebook_network_f32/0/warm", "5000x1000_f32/0/warm", "5000x4096_f32/0/cold", "gpt2_124m_f32/0/cold",
                "1x268M_f32/0/cold"]
SHOWN_OF_GPU = ["notebook_network_f32/0/cold", "5000x1000_f32/0/cold", "5000x4096_f32/0/cold", "gpt2_124m_f32/0/cold",
                "gpt2_124m_bf16/0/cold", "llama_7b_bf16/0/cold", "1x268M_f32/0/cold"]


def is_cpu(results):
    return results["machine"]["device"] == "CPU"


def simd(machine):
    """Of a CPU. AVX3 is Highway's word for AVX-512."""
    return str(machine.get("simd", "unknown")).replace("AVX3", "AVX-512")


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


LEAST_SAMPLES = 3


def cell(row, key="median_us"):
    """What a row has under a key; empty where there is no row, or one of too few samples to be a median."""
    if row is None or row["samples"] < LEAST_SAMPLES:
        return ""
    return significant(row.get(key))


def spread(row, low="p10_us", high="p90_us"):
    return f"{significant(row[low])} to {significant(row[high])}"


class Timings:
    """Rows of results, found by program, case, contender and threads."""

    def __init__(self, results):
        self.rows = results["timings"]
        self.by_key = {(row["program"], row["case"], row["contender"], row["threads"]): row for row in self.rows}

    def get(self, program, case, contender, threads):
        return self.by_key.get((program, case, contender, threads))

    def ours(self, row):
        found = [self.get(row["program"], row["case"], name, row["threads"]) for name in OURS[row["program"]]]
        return next(filter(None, found), None)

    def roofline(self, case, threads):
        """The fastest of the loops that only read, on so many threads or fewer: small tensors are read before a
        second thread wakes."""
        reads = [row for row in self.rows
                 if row["contender"].startswith("read_") and row["case"] == case and row["threads"] <= threads]
        return min(reads, key=lambda row: row["median_us"], default=None)

    def cases(self, program):
        return list(dict.fromkeys(row["case"] for row in self.rows if row["program"] == program))


def named(case):
    """A case without zeros, as tables name it."""
    return case.replace("/0/", ", ")


def is_sized(case):
    return case.startswith("1x") and not case.startswith("1x268M")


# ---- the table of a run


def aligned(header, rows):
    """Two columns of text to the left, numbers to the right."""
    cells = [header, *rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) if i in (0, 1) else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in cells)


def console_table(results):
    def place(where, threads):
        return f"{where}, {threads} thread{'s' * (threads > 1)}" if is_cpu(results) else where

    timings = Timings(results)
    rows = []
    cases = list(dict.fromkeys(row["case"] for row in timings.rows))
    for row in sorted(timings.rows, key=lambda row: (cases.index(row["case"]), row["threads"], row["median_us"])):
        ours = timings.ours(row)
        rate = f"{significant(row['gflops'])} GFLOP/s" if row["gflops"] else significant(row["gbps"])
        rows.append([place(row["case"], row["threads"]), row["contender"],
                     significant(row["median_us"]), rate, significant(row["roofline_percent"]),
                     f"{row['median_us'] / ours['median_us']:.2f}" if ours else ""])
    for row in results["overheads"]:
        rows.append([place(row["network"], row["threads"]), f"step, {row['what'].replace('_', ' and ')} watched",
                     significant(row["unwatched_us"] + row["overhead_us"]), "", "",
                     f"{1 + row['overhead_percent'] / 100:.3f} of it alone"])
    return aligned(["case", "contender", "median us", "GB/s", "% of read", "ratio to ours"], rows)


CSV_COLUMNS = ("device", "program", "case", "contender", "threads", "samples", "median_us", "p10_us", "p90_us", "gbps",
               "gflops", "percent_of_read", "ratio_to_ours")


def csv_of(columns, rows):
    """What is missing is empty."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([columns, *rows])
    return file.getvalue()


def csv_text(everything):
    """The rows of all results. Of monitor_overhead the times are what watching adds to a step."""
    rows = []
    for results in everything:
        device, timings = results["machine"]["device"], Timings(results)
        for row in timings.rows:
            ours = timings.ours(row)
            rows.append([device, *(row[key] for key in CSV_COLUMNS[1:11]), row["roofline_percent"],
                         f"{row['median_us'] / ours['median_us']:.5g}" if ours else None])
        rows += [[device, "monitor_overhead", row["network"], row["what"], row["threads"], row["samples"],
                  row["overhead_us"], row["overhead_p10_us"], row["overhead_p90_us"], None, None, None, None]
                 for row in results["overheads"]]
    return csv_of(CSV_COLUMNS, rows)


# ---- tables in markdown, each as its header and its rows


def markdown(header, rows, text_columns=1):
    """Nothing where there is no row."""
    if not rows:
        return ""
    rule = ["---"] * text_columns + ["--:"] * (len(header) - text_columns)
    return "".join("| " + " | ".join(row) + " |\n" for row in [header, rule, *rows])


def statistics(timings, cases, threads, peers, record_graph=None):
    """Microseconds of every contender."""
    rows = []
    for case in cases:
        def get(contender):
            return timings.get("tensor_stats", case, contender, threads)

        ours, read, copy = get("record"), timings.roofline(case, threads), get("copy")
        if not ours:
            continue
        rows.append([named(case), cell(read), cell(read, "gbps"), cell(copy, "gbps"),
                     f"**{cell(ours)}**", spread(ours), cell(ours, "gbps"), cell(ours, "roofline_percent"),
                     *([f"**{cell(get(record_graph))}**" if get(record_graph) else ""] if record_graph else []),
                     *(cell(get(peer)) for peer in peers)])
    return (["tensors", "read", "read, GB/s", "copy, GB/s", "gradvitals", "10 to 90 %", "GB/s", "% of read",
             *(["gradvitals, graph"] if record_graph else []), *(peer.replace("_graph", ", graph") for peer in peers)],
            rows)


def zeros(timings):
    cases = dict.fromkeys((case.split("/")[0], case.split("/")[2]) for case in timings.cases("tensor_stats")
                          if not is_sized(case))
    rows = []
    for shapes, cache in cases:
        times = [(timings.get("tensor_stats", f"{shapes}/{share}/{cache}", "record", 1) or {}).get("median_us")
                 for share in (0, 1, 50)]
        if all(times):
            rows.append([f"{shapes}, {cache}", *map(significant, times)])
    return ["tensors", "0 %", "1 %", "50 %"], rows


def overheads(results):
    rows = [[row["network"], str(row["threads"]), row["what"].replace("_", ", "), significant(row["unwatched_us"]),
             significant(row["overhead_us"]), spread(row, "overhead_p10_us", "overhead_p90_us"),
             f"{row['overhead_percent']:.1f}"] for row in results["overheads"]]
    return ["network", "threads", "watched", "step alone", "monitor adds", "10 to 90 % of samples", "% of step"], rows


def monitor_parts(results):
    rows = [[row["network"], str(row["threads"]), row["what"].replace("_", ", "), significant(row["mean_us"])]
            for row in results["monitor_parts"]]
    return ["network", "threads", "part", "us"], rows


def operations(case):
    """What sorts products by size: M, N and K multiplied."""
    product = 1
    for side in case.split("/")[0].split("x"):
        product *= int(side)
    return product


# ---- the figure


def figure_data(timings, cases, contenders):
    """One block of (bytes, GB/s) a contender, 1 thread."""
    blocks = []
    for contender in contenders:
        rows = [timings.roofline(case, 1) if contender == "read" else timings.get("tensor_stats", case, contender, 1)
                for case in cases]
        points = [f"{row['median_us'] * row['gbps'] * 1e3:.0f} {row['gbps']}" for row in rows if row]
        if points:
            name = "gradvitals" if contender == "record" else contender.replace("_", " ")
            blocks.append(f'"{name}"\n' + "\n".join(points))
    return "\n\n\n".join(blocks) + "\n"


# ---- what every section says


def in_short(results):
    """What the figures come to: the statistics beside reading and beside the fastest that gives a norm, steps beside
    torch, and what watching adds, all on one thread."""
    timings = Timings(results)
    shown = SHOWN_OF_CPU if is_cpu(results) else SHOWN_OF_GPU
    if "shapes" in results:
        shown = timings.cases("tensor_stats")
    lines = [text for case in shown if (text := record_in_short(timings, case))]
    for case in timings.cases("training_step"):
        rows = [row for row in timings.rows if row["program"] == "training_step" and row["case"] == case
                and row["threads"] == 1]
        torch = [row for row in rows if row["contender"].startswith("torch")]
        ours = [row for row in rows if row not in torch]
        if ours and torch:
            mine, theirs = (min(rows, key=lambda row: row["median_us"]) for rows in (ours, torch))
            lines.append(f"A step of {case}: {cell(mine)} us ({mine['contender']}), "
                         f"{theirs['contender']} {cell(theirs)}.")
    lines += [text for threads in (1, 2) if (text := product_in_short(timings, threads))]
    overheads = {(row["network"], row["what"]): row for row in results["overheads"] if row["threads"] == 1}
    for network in dict.fromkeys(network for network, _ in overheads):
        parts = [f"{text} {added(overheads[network, what])}" for what, text in
                 (("gradients", "watching the gradients adds"), ("everything_rules", "everything, rules included,"))
                 if (network, what) in overheads]
        if parts:
            lines.append(f"{network.replace('_graph', ' as a graph')}: {'; '.join(parts)}.")
    return "".join(f"- {line}\n" for line in lines)


PRODUCT_SHOWN = "256x1024x1024/NN"
PEERS_OF_PRODUCTS = ("torch", "openblas", "onednn")


def product_in_short(timings, threads):
    """Empty where ours or torch's was not measured."""
    rows = {who: timings.get("gemm", PRODUCT_SHOWN, who, threads) for who in ("gemm", *PEERS_OF_PRODUCTS)}
    if not (rows["gemm"] and rows["torch"]):
        return ""
    others = ", ".join(f"{who} {significant(row['gflops'])}" for who, row in rows.items() if who != "gemm" and row)
    return (f"A product of {PRODUCT_SHOWN.replace('/', ', ')}, on {threads} thread{'s' if threads > 1 else ''}: "
            f"{significant(rows['gemm']['gflops'])} GFLOP/s (gradvitals), {others}.")


def record_in_short(timings, case):
    """Empty where the statistics or reading were not measured."""
    record, read = timings.get("tensor_stats", case, "record", 1), timings.roofline(case, 1)
    others = [row for row in timings.rows if row["case"] == case and row["threads"] == 1
              and row["samples"] >= LEAST_SAMPLES and not row["contender"].startswith(("record", "read_", "copy"))]
    if not (record and read):
        return ""
    text = (f"{named(case)}: the statistics take {cell(record)} us, "
            f"{100 * read['median_us'] / record['median_us']:.0f} % of the speed of reading")
    best = min(others, key=lambda row: row["median_us"], default=None)
    if best:
        text += f"; the fastest norm, {best['contender'].replace('_graph', ', graph')}, {cell(best)} us"
    return f"{text}."


def added(row):
    return (f"{significant(row['overhead_us'])} us ({spread(row, 'overhead_p10_us', 'overhead_p90_us')}), "
            f"{row['overhead_percent']:.1f} % of a step")


def source(results):
    """When, and from which sources."""
    return (f"{results['date']}, commit {results['commit'][:12]}"
            f"{' and changes' if results['commit'].endswith('-dirty') else ''}")


def missing(results):
    text = ""
    if results["skipped"]:
        text += f"Skipped: {'; '.join(results['skipped'])}.\n"
    if results.get("withdrawn"):
        text += f"Taken out by hand, because it was measured wrongly: {'; '.join(results['withdrawn'])}.\n"
    if results.get("failed"):
        text += f"Failed, and missing here: {'; '.join(results['failed'])}.\n"
    return text


def titled(tables):
    """Those that have rows, each under its title."""
    return [f"## {title}\n\n{table}" for title, table in tables.items() if table]


def picture(name):
    """The link to a machine's figure from its page."""
    return f"![GB/s over size](../../benchmarks/results/{name}.svg)\n"
