"""Contract: what benchmarks/tables.py makes of results: pages, the table and the picture that documents open with, and
the check that they are what the results say. Oracle: by hand. suite_test.py runs it."""
import contextlib
import json
import pathlib
import tempfile
import xml.etree.ElementTree

import gpu_tables
import headline
import tables


# ---- pages


def results_of_gpu():
    def row(program, case, contender, us, gbps=None, gflops=None, percent=None, **more):
        return {"program": program, "case": case, "contender": contender, "threads": 1, "samples": 31, "median_us": us,
                "p10_us": us - 1, "p90_us": us + 1, "gbps": gbps, "gflops": gflops, "roofline_percent": percent, **more}

    return {"schema": "gradvitals.benchmarks/1", "date": "2027-01-01T00:00:00Z", "commit": "0123456789abcdef",
            "full": True, "skipped": ["a contender: an error"], "failed": [], "accuracy": [],
            "machine": {"device": "NVIDIA H200", "driver": "580.1", "cuda_toolkit": "13.0", "cpu": "a CPU",
                        "threads": 16, "virtual": True, "load_average_at_start": 0.25, "torch": "2.11.0",
                        "triton": "3.6.0", "torch_tf32": False},
            "timings": [row("tensor_stats", "gpt2_124m_f32/0/cold", "record", 20.0, 2000.0, percent=80.0),
                        row("tensor_stats", "gpt2_124m_f32/0/cold", "record_graph", 19.0, 2100.0, percent=84.0),
                        row("tensor_stats", "gpt2_124m_f32/0/cold", "read_8", 16.0, 2500.0, percent=100.0),
                        row("tensor_stats", "gpt2_124m_f32/0/cold", "cub_reduce_f64_graph", 70.0, 600.0),
                        row("tensor_stats", "gpt2_124m_f32/0/cold", "torch _foreach_norm, graph", 60.0, 700.0),
                        {**row("tensor_stats", "gpt2_124m_f32/0/cold", "torch get_total_norm", 61.0), "samples": 2},
                        row("tensor_stats", "gpt2_124m_f32/1/cold", "record", 21.0, 1900.0),
                        row("tensor_stats", "gpt2_124m_f32/50/cold", "record", 22.0, 1800.0),
                        row("training_step", "relu_network", "hand-written", 50.0),
                        row("training_step", "relu_network", "torch", 150.0),
                        row("gemm", "64x64x64/NN", "gemm", 5.0, gflops=40.0, cublas_percent=81.0),
                        row("gemm", "64x64x64/NN", "cublas", 4.0, gflops=50.0)],
            "overheads": [{"network": "relu_network_graph", "threads": 1, "what": "everything_rules", "samples": 40,
                           "unwatched_us": 50.0, "overhead_us": 5.0, "overhead_p10_us": 2.5, "overhead_p90_us": 10.0,
                           "overhead_percent": 10.0}],
            "monitor_parts": [{"network": "relu_network", "threads": 1, "what": "rules", "mean_us": 3.0}]}


PAGE = """\
# GPU: NVIDIA H200

NVIDIA H200, driver 580.1, CUDA toolkit 13.0; a CPU, virtual, 16 threads. 2027-01-01T00:00:00Z, \
commit 0123456789ab, load average at the start 0.2. torch 2.11.0, triton 3.6.0, TF32 for float32 products off.
Skipped: a contender: an error.

- gpt2_124m_f32, cold: the statistics take 20.0 us, 80 % of the speed of reading; the fastest norm, torch \
_foreach_norm, graph, 60.0 us.
- A step of relu_network: 50.0 us (hand-written), torch 150.
- relu_network as a graph: everything, rules included, 5.00 us (2.50 to 10.0), 10.0 % of a step.

## Statistics, cold: median us

| tensors | read | read, GB/s | gradvitals | 10 to 90 % | GB/s | % of read | gradvitals, graph |
| --- | --: | --: | --: | --: | --: | --: | --: |
| gpt2_124m_f32, cold | 16.0 | 2,500 | **20.0** | 19.0 to 21.0 | 2,000 | 80.0 | **19.0** |

## Norms by CUB and cuBLAS, cold: median us

| tensors | gradvitals | cub_reduce_f64, graph |
| --- | --: | --: |
| gpt2_124m_f32, cold | **20.0** | 70.0 |

## torch, cold: median us

| tensors | gradvitals | torch _foreach_norm, graph |
| --- | --: | --: |
| gpt2_124m_f32, cold | **20.0** | 60.0 |

## Statistics with exact zeros: median us

| tensors | 0 % | 1 % | 50 % |
| --- | --: | --: | --: |
| gpt2_124m_f32, cold | 20.0 | 21.0 | 22.0 |

## A training step: median us

| network | hand-written | torch |
| --- | --: | --: |
| relu_network | **50.0** | 150 |

## Products: GFLOP/s

| product | gemm, which chooses | cuBLAS | gemm, % of cuBLAS |
| --- | --: | --: | --: |
| 64x64x64, NN | **40.0** | 50.0 | 81.0 |

## Watching every step: us

| network | watched | step alone | monitor adds | 10 to 90 % of samples | % of step |
| --- | --: | --: | --: | --: | --: |
| relu_network, graph | everything, rules | 50.0 | 5.00 | 2.50 to 10.0 | 10.0 |

## What the monitor does, alone: mean us

| network | part | us |
| --- | --: | --: |
| relu_network | rules | 3.00 |
"""


def test_tables():
    results = results_of_gpu()
    assert gpu_tables.page("nvidia-h200", results) == PAGE, gpu_tables.page("nvidia-h200", results)
    assert tables.figure_of(results) is None


def test_figure_of_growing_tensors():
    results = results_of_gpu()
    row = results["timings"][0]
    for case, us, gbps in (("1x64K_f32/0/warm", 1.0, 262.144), ("1x64K_f32/0/cold", 2.0, 131.072),
                           ("1x268M_f32/0/cold", 400.0, 2684.35456), ("1x4K_f32/0/cold", 1.0, 16.384)):
        results["timings"].append({**row, "case": case, "median_us": us, "gbps": gbps})
    figure = tables.figure_of(results)
    assert figure["data"] == '"gradvitals"\n16384 16.384\n262144 131.072\n1073741824 2684.35456\n', figure
    link = "![GB/s over size](../../benchmarks/results/nvidia-h200.svg)"
    assert link in gpu_tables.page("nvidia-h200", results)


@contextlib.contextmanager
def copy_of_documents():
    """The results, and all that is made of them, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path in [*(tables.ROOT / tables.RESULTS).iterdir(), *(tables.ROOT / tables.PAGES).iterdir(),
                     tables.ROOT / "README.md", tables.ROOT / "benchmarks" / "README.md"]:
            if path.is_dir():
                continue  # attach/, whose table is another document's.
            copy = root / path.relative_to(tables.ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
        yield root


def test_check_covers_every_document():
    """Pages of results that are gone and GPUs, which come first, included."""
    with copy_of_documents() as root:
        assert tables.stale(root) == [], tables.stale(root)
        for path in ("README.md", "benchmarks/README.md", "docs/benchmarks/speed.svg",
                     "docs/benchmarks/nvidia-h200.md"):
            before = (root / path).read_text(encoding="utf-8")
            (root / path).write_text(before.replace("3.27", "2.27").replace("3,270", "2,270"), encoding="utf-8")
            assert tables.stale(root) == [path], (path, tables.stale(root))
            (root / path).write_text(before, encoding="utf-8")
        gpu = root / tables.RESULTS / "a-gpu.json"
        gpu.write_text(json.dumps({**results_of_gpu(), "overheads": []}), encoding="utf-8")
        wrong = ["docs/benchmarks/a-gpu.md", "docs/benchmarks/README.md", "benchmarks/README.md"]
        assert tables.stale(root) == wrong, tables.stale(root)
        made = tables.documents(root)
        for path in wrong:
            (root / path).write_text(made[path], encoding="utf-8")
        assert tables.stale(root) == [], tables.stale(root)
        assert made[wrong[1]].index("(a-gpu.md)") < made[wrong[1]].index("(amd-epyc"), made[wrong[1]]
        gpu.unlink()
        assert "docs/benchmarks/a-gpu.md" in tables.stale(root), tables.stale(root)


# ---- what documents open with


def test_opening():
    """The fastest norm is one of enough samples, and no pass of several; what was not measured is left out."""
    results = results_of_gpu()
    template = results["timings"][4]
    results["timings"].append({**template, "contender": "too few samples", "median_us": 1.0, "samples": 2})
    row = headline.row_of(results, "gpt2_124m_f32/0/cold")
    assert row.passes is None and row.norm["contender"] == "torch _foreach_norm, graph", row
    results["timings"] += [{**template, "contender": headline.SEVERAL_PASSES, "median_us": 1234.5},
                           {**template, "contender": f"{headline.SEVERAL_PASSES}, graph", "median_us": 30.0}]
    every = {"nvidia-h200": results}
    shown = headline.rows(every)
    assert headline.table(shown).splitlines()[2:] == [
        "| NVIDIA H200 | GPT-2, 124 million, float32 | **20.0 us** | 80 % | 60.0 us (3.0x) torch _foreach_norm, graph "
        "| 30.0 us (1.5x) |"], headline.table(shown)
    assert "../docs/benchmarks/speed.svg" in headline.opening(shown, every)
    assert headline.row_of(results, "gpt2_124m_f32/1/cold") is None and headline.in_words(every) == ""


def test_durations():
    for us, text in ((0.5, "0.500 us"), (999.4, "999 us"), (999.6, "1.00 ms"), (81667.0, "81.7 ms")):
        assert headline.duration(us) == text, (us, headline.duration(us))


def test_opening_of_the_committed_results():
    """Six rows and their bars, each as long as its share of the speed of reading."""
    shown = headline.rows(tables.all_results(tables.ROOT))
    assert len(shown) == len(headline.SHOWN) == 6, shown
    picture = xml.etree.ElementTree.fromstring(headline.picture(shown))
    bars = [rect for rect in picture.iter("{http://www.w3.org/2000/svg}rect") if rect.get("x") == str(headline.LEFT)]
    assert len(bars) == 18, len(bars)
    for row, bar in zip(shown, bars[::3]):
        assert abs(float(bar.get("width")) - headline.SCALE * row.ours["roofline_percent"]) < 0.1, (row, bar.attrib)


TESTS = [test_tables, test_figure_of_growing_tensors, test_check_covers_every_document, test_opening, test_durations,
         test_opening_of_the_committed_results]
