"""Two files of results beside each other: ./run bench --compare A.json B.json."""
import json

import report
from report import SCHEMA, significant

COLUMNS = ("program", "case", "contender", "threads", "a_us", "a_p10_us", "a_p90_us", "b_us", "b_p10_us", "b_p90_us",
           "ratio", "said")


SAID = ("slower", "faster", "within the spread")


class Unreadable(Exception):
    """A file holds no results."""


# ---- reading


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def checked_row(row, texts, numbers):
    """The row, which has what a comparison reads."""
    if not isinstance(row, dict):
        raise Unreadable("a row is no object")
    for key in texts:
        if not isinstance(row.get(key), str):
            raise Unreadable(f"a row has no text {key!r}: {json.dumps(row)[:100]}")
    for key in numbers:
        if not is_number(row.get(key)):
            raise Unreadable(f"a row has no number {key!r}: {json.dumps(row)[:100]}")
    return row


def read(path):
    """Results; raises Unreadable, naming the file, where it has none."""
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(results, dict) or "schema" not in results:
            raise Unreadable(f"no results of ./run bench: an object with \"schema\": \"{SCHEMA}\" is wanted")
        if results["schema"] != SCHEMA:
            raise Unreadable(f"no results of ./run bench: schema is {json.dumps(results['schema'])}, not \"{SCHEMA}\"")
        if not isinstance(results.get("machine"), dict) or not isinstance(results["machine"].get("device"), str):
            raise Unreadable("does not say of which device it is")
        for key, texts, numbers in (("timings", ("program", "case", "contender"),
                                     ("threads", "samples", "median_us", "p10_us", "p90_us")),
                                    ("overheads", ("network", "what"),
                                     ("threads", "overhead_us", "overhead_p10_us", "overhead_p90_us"))):
            if not isinstance(results.get(key), list):
                raise Unreadable(f"has no list {key!r}")
            for row in results[key]:
                checked_row(row, texts, numbers)
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: no text: {error}") from error
    except ValueError as error:
        raise Unreadable(f"{path}: no JSON: {error}") from error
    except Unreadable as error:
        raise Unreadable(f"{path}: {error}") from error
    return results


# ---- comparing


def times_of(results):
    """(median, p10, p90) by (program, case, contender, threads); what the monitor adds to a step as well."""
    times = {(row["program"], row["case"], row["contender"], row["threads"]):
             (row["median_us"], row["p10_us"], row["p90_us"]) for row in results["timings"]}
    return times | {("monitor_overhead", row["network"], f"{row['what']}", row["threads"]):
                    (row["overhead_us"], row["overhead_p10_us"], row["overhead_p90_us"])
                    for row in results["overheads"]}


def said(first, second):
    """Whether the spreads of the two tell them apart."""
    if second[1] > first[2]:
        return "slower"
    return "faster" if second[2] < first[1] else "within the spread"


def compared(first, second):
    """Rows of COLUMNS, in the order of the first. A quotient with what is not positive says nothing: there, the ratio
    is None."""
    before, after = times_of(first), times_of(second)
    return [(*key, *times, *after[key],
             after[key][0] / times[0] if min(times[0], after[key][0]) > 0 else None, said(times, after[key]))
            for key, times in before.items() if key in after]


def only_in(first, second):
    after = times_of(second)
    return [key for key in times_of(first) if key not in after]


def csv_text(first, second):
    return report.csv_of(COLUMNS, [[*row[:10], None if row[10] is None else f"{row[10]:.5g}", row[11]]
                                   for row in compared(first, second)])


# ---- printing


def named(key):
    program, case, contender, threads = key
    return f"{program} {case}, {contender}, {threads} thread{'s' * (threads > 1)}"


def machine_of(results):
    machine = results["machine"]
    if not report.is_cpu(results):
        return machine["device"]
    return f"{machine.get('cpu', 'a CPU')}, {report.simd(machine)}"


def described(letter, path, results):
    commit = str(results.get("commit", "unknown"))
    return (f"{letter}  {path}: {machine_of(results)}, {results.get('date', 'no date')}, commit {commit[:12]}"
            f"{' and changes' if commit.endswith('-dirty') else ''}")


def by_interest(row):
    """What has become slower, most so first, then what has become faster."""
    change = row[10] or 1
    return SAID.index(row[11]), -change if row[11] == "slower" else change


def text(first, second, paths):
    rows = compared(first, second)
    lines = [described(letter, path, results) for letter, path, results in zip("AB", paths, (first, second))]
    if machine_of(first) != machine_of(second):
        lines.append("The machines differ: the ratios compare them, too.")
    if rows:
        cells = [[named(row[:4]), row[11], "" if row[10] is None else f"{row[10]:.3f}", significant(row[4]),
                  f"{significant(row[5])} to {significant(row[6])}", significant(row[7]),
                  f"{significant(row[8])} to {significant(row[9])}"] for row in sorted(rows, key=by_interest)]
        lines += ["", report.aligned(["case", "B is", "B / A", "A us", "A 10 to 90 %", "B us", "B 10 to 90 %"], cells)]
    lines += ["", summary(rows)]
    for letter, keys in (("A", only_in(first, second)), ("B", only_in(second, first))):
        if keys:
            lines += ["", f"Only in {letter}: {len(keys)}", *(f"  {named(key)}" for key in keys)]
    return "\n".join(lines)


def summary(rows):
    if not rows:
        return "There is no case that both files have."
    slower, faster, within = (sum(row[11] == word for row in rows) for word in SAID)
    return (f"{len(rows)} cases in both: B is slower in {slower} and faster in {faster}, outside of both spreads; in "
            f"{within} it is within the spread.")
