"""How fast, against whom, on what: the table, the picture and the words that documents open with. tables.py writes
them."""
import dataclasses
import html

import report
from report import LEAST_SAMPLES, Timings

# What is shown, of these results where they are there: few cases, and those that others win among them.
SHOWN = (("nvidia-h200", "gpt2_124m_f32/0/cold"), ("nvidia-h200", "gpt2_1_5b_bf16/0/cold"),
         ("nvidia-h200", "llama_7b_bf16/0/cold"), ("nvidia-h200", "5000x1000_f32/0/cold"),
         ("amd-epyc-avx3-2-threads", "gpt2_124m_f32/0/cold"), ("amd-epyc-avx2-2-threads", "gpt2_124m_f32/0/cold"))
IN_WORDS = ("nvidia-h200", "llama_7b_bf16/0/cold")  # What README.md says first.
NETWORKS = {"relu_1024x8": "eight layers of 1024, batch 256",  # Whose steps are watched there.
            "relu_network": "the notebook's, batch 100"}

TENSORS = {"gpt2_124m": "GPT-2, 124 million", "gpt2_1_5b": "GPT-2, 1.5 billion", "llama_7b": "Llama 2, 6.7 billion",
           "5000x1000": "5000 tensors of 1000"}
DTYPES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}
# Of torch, what comes nearest to the statistics: its fastest way to each of some of them.
SEVERAL_PASSES = "torch norm, aminmax, count_nonzero, isfinite"
PICTURE = "docs/benchmarks/speed.svg"


@dataclasses.dataclass
class Row:
    """A case on a machine, all on one thread where it is a CPU."""
    machine: str
    tensors: str
    read: dict
    ours: dict
    norm: dict  # The fastest of others.
    passes: dict  # torch's several; of too few samples, it is missing.

    def share(self, row):
        """Of the speed of reading, in percent; None where there is no row."""
        return 100 * self.read["median_us"] / row["median_us"] if row else None


def machine_of(results):
    machine = results["machine"]
    return (f"{machine['cpu']}, {report.simd(machine)}, 1 thread" if report.is_cpu(results) else machine["device"])


def tensors_of(case):
    shapes, dtype = case.split("/")[0].rsplit("_", 1)
    return f"{TENSORS[shapes]}, {DTYPES[dtype]}"


def fastest(rows):
    return min(rows, key=lambda row: row["median_us"], default=None)


def row_of(results, case):
    """None where the case, or a norm beside it, was not measured."""
    timings = Timings(results)
    ours, read = timings.get("tensor_stats", case, "record", 1), timings.roofline(case, 1)
    others = [row for row in timings.rows if row["program"] == "tensor_stats" and row["case"] == case
              and row["threads"] == 1 and row["samples"] >= LEAST_SAMPLES
              and not row["contender"].startswith(("record", "read_", "copy"))]
    passes = [row for row in others if row["contender"].startswith(SEVERAL_PASSES)]
    norm = fastest(row for row in others if row not in passes)
    if not (ours and read and norm):
        return None
    return Row(machine_of(results), tensors_of(case), read, ours, norm, fastest(passes))


def rows(all_results):
    return [row for name, case in SHOWN if name in all_results and (row := row_of(all_results[name], case))]


# ---- the table


def duration(us):
    """In the unit that people would take."""
    return f"{report.significant(us)} us" if us < 999.5 else f"{report.significant(us / 1e3)} ms"


def who(row):
    return row["contender"].replace("_graph", ", graph")


def beside(other, ours):
    """Its time, and how many times as long as ours that is."""
    if not other:
        return ""
    return f"{duration(other['median_us'])} ({report.significant(other['median_us'] / ours['median_us'], 2)}x)"


def table(shown):
    return report.markdown(
        ["on", "gradients", "gradvitals, all statistics", "speed of reading", "fastest norm of others",
         "torch, part of the statistics"],
        [[row.machine, row.tensors, f"**{duration(row.ours['median_us'])}**", f"{row.share(row.ours):.0f} %",
          f"{beside(row.norm, row.ours)} {who(row.norm)}", beside(row.passes, row.ours)] for row in shown],
        text_columns=2)


def added(row):
    return (f"{duration(row['overhead_us'])} ({report.spread(row, 'overhead_p10_us', 'overhead_p90_us')} us), "
            f"{row['overhead_percent']:.1f} %")


def watching(results):
    """What the monitor adds to a step of each network that is shown; on one thread, without graphs."""
    overheads = {(row["network"], row["what"]): row for row in results["overheads"] if row["threads"] == 1}
    lines = []
    for network, about in NETWORKS.items():
        gradients, everything = (overheads.get((network, what)) for what in ("gradients", "everything_rules"))
        if gradients and everything:
            step = duration(gradients["unwatched_us"])
            lines.append(f"- {machine_of(results)}, {network} ({about}), {step} a step: gradients {added(gradients)}; "
                         f"everything, rules included, {added(everything)}.\n")
    return lines


def opening(shown, all_results):
    """What benchmarks/README.md opens with."""
    ordered = sorted(all_results.values(), key=report.is_cpu)
    lines = [line for results in ordered for line in watching(results)]
    heading = "\nWhat watching adds to every training step (10 to 90 % of samples):\n\n"
    watched = heading + "".join(lines) if lines else ""
    sources = "; ".join(f"{machine_of(results)}: {report.source(results)}" for results in ordered)
    return (f"{table(shown)}\n![How fast, beside others](../{PICTURE})\n\n"
            f"Measured on {sources}.\n{watched}")


def in_words(all_results):
    """The sentence on speed in README.md: one machine, and one case on it."""
    name, case = IN_WORDS
    results = all_results.get(name)
    row = results and row_of(results, case)
    if not row:
        return ""
    text = (f"On an {row.machine} the statistics of all gradients of {row.tensors}, take\n"
            f"**{duration(row.ours['median_us'])}**, {row.share(row.ours):.0f} % of the speed of reading them; the "
            f"fastest norm of others ({who(row.norm)})\ntakes {duration(row.norm['median_us'])}")
    if row.passes:
        text += (f", and torch's norm, aminmax, count_nonzero and isfinite of every tensor "
                 f"{duration(row.passes['median_us'])}")
    return f"{text}.\n\n![How fast, beside others]({PICTURE})\n"


# ---- the picture

BARS = (("gradvitals: all statistics", "#2f81f7", lambda row: row.ours),
        ("the fastest norm of others", "#a8792b", lambda row: row.norm),
        ("torch: part of the statistics", "#8b6fd4", lambda row: row.passes))
TEXT, LINES = "#7a7a7a", "#808080"  # As well to be seen on white as on black.
WIDTH, LEFT, TOP, BAR, GAP = 920, 300, 74, 17, 20
SCALE = 4.5  # For a percent.


def text_at(x, y, text, more=""):
    return f'<text x="{x:g}" y="{y:g}" {more}>{html.escape(text)}</text>'


def bars_of(row, top):
    """The machine and its tensors, and a bar for each contender with its time."""
    parts = [text_at(LEFT - 12, top + BAR + 1, row.tensors, 'text-anchor="end"'),
             text_at(LEFT - 12, top + 2 * BAR + 2, row.machine, 'text-anchor="end" font-size="12"')]
    for i, (_, colour, pick) in enumerate(BARS):
        if not (timing := pick(row)):
            continue
        share, y = row.share(timing), top + i * BAR
        label = duration(timing["median_us"]) + (f"  {who(timing)}" if pick(row) is row.norm else "")
        parts += [f'<rect x="{LEFT}" y="{y}" width="{max(share * SCALE, 1):.1f}" height="{BAR - 3}" fill="{colour}"/>',
                  text_at(LEFT + round(share * SCALE, 1) + 6, y + BAR - 5, label, 'font-size="12"')]
    return parts


def picture(shown):
    """SVG: how near each comes to the speed of reading. Everything is spelt out, so that the same results give the same
    bytes anywhere."""
    height = TOP + len(shown) * (3 * BAR + GAP) + 34
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
             f'height="{height}" font-family="DejaVu Sans, Verdana, sans-serif" font-size="13.5" fill="{TEXT}">',
             "<title>Speed beside reading the same memory alone, in percent</title>",
             text_at(20, 20, "Speed, in % of reading the same memory alone (longer is faster)", 'font-weight="bold"')]
    x = 20
    for name, colour, _ in BARS:
        parts += [f'<rect x="{x}" y="36" width="14" height="14" fill="{colour}"/>', text_at(x + 20, 48, name)]
        x += 260
    bottom = height - 30
    for percent in range(0, 101, 25):
        at = LEFT + percent * SCALE
        parts += [f'<line x1="{at:g}" y1="{TOP - 8}" x2="{at:g}" y2="{bottom}" stroke="{LINES}" '
                  'stroke-opacity="0.35"/>',
                  text_at(at, bottom + 18, f"{percent} %", 'text-anchor="middle" font-size="12"')]
    for i, row in enumerate(shown):
        parts += bars_of(row, TOP + i * (3 * BAR + GAP))
    return "\n".join([*parts, "</svg>"]) + "\n"
