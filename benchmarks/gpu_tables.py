"""The page of a GPU: tables.py writes it."""
import re

import report
from report import Timings, cell, markdown

NORMS = ["cub_reduce_f32", "cub_reduce_f64", "cub_segmented_f32", "cub_segmented_f64", "cublas_nrm2"]
NORMS = [name for norm in NORMS for name in (norm, f"{norm}_graph")]
TORCH = ["torch _foreach_norm", "torch get_total_norm", "torch clip_grad_norm_",
         "torch norm, aminmax, count_nonzero, isfinite"]
TORCH = [name for call in TORCH for name in (call, f"{call}, graph")] + ["torch.compile of the record"]
STEPS = {"hand-written": "hand-written", "hand-written_graph": "hand-written, graph", "cublas": "cuBLAS",
         "cublas_graph": "cuBLAS, graph", "torch": "torch", "torch, graph": "torch, graph",
         "torch.compile": "torch.compile"}
RUNGS = {"naive": "naive", "coalesced": "coalesced", "shared_tiled": "shared_tiled",
         "register_tiled": "register_tiled", "warp_tiled": "warp_tiled", "gemm": "gemm, which chooses",
         "cublas": "cuBLAS"}


def filled(header, rows):
    """Without the columns that have no figure."""
    kept = [i for i in range(len(header)) if i == 0 or any(row[i] for row in rows)]
    return [header[i] for i in kept], [[row[i] for i in kept] for row in rows]


def of_networks(header, rows):
    """Without the threads, and with graphs named as elsewhere."""
    return header[:1] + header[2:], [[row[0].replace("_graph", ", graph"), *row[2:]] for row in rows]


def bold(text):
    return f"**{text}**" if text else ""


def cases_of(timings, cache):
    """Without zeros, and without tensors of growing size."""
    return [case for case in timings.cases("tensor_stats")
            if case.endswith(f"/0/{cache}") and not report.is_sized(case)]


def statistics_table(timings, cache):
    return markdown(*filled(*report.statistics(timings, cases_of(timings, cache), 1, [], record_graph="record_graph")))


def peers_table(timings, cache, peers):
    rows = []
    for case in cases_of(timings, cache):
        found = [cell(timings.get("tensor_stats", case, peer, 1)) for peer in peers]
        if any(found):
            record = cell(timings.get("tensor_stats", case, "record", 1))
            rows.append([report.named(case), bold(record), *found])
    return markdown(*filled(["tensors", "gradvitals", *(peer.replace("_graph", ", graph") for peer in peers)], rows))


def steps_table(timings):
    ours = [who for who in STEPS if not who.startswith("torch")]
    rows = []
    for case in timings.cases("training_step"):
        cells = [cell(timings.get("training_step", case, who, 1)) for who in STEPS]
        rows.append([case, *(bold(text) if who in ours else text for who, text in zip(STEPS, cells))])
    return markdown(*filled(["network", *STEPS.values()], rows))


def products_table(timings):
    rows = []
    for case in sorted(timings.cases("gemm"), key=report.operations):
        found = {who: timings.get("gemm", case, who, 1) for who in RUNGS}
        rates = {who: cell(row, "gflops") for who, row in found.items()}
        rates["gemm"] = bold(rates["gemm"])
        rows.append([case.replace("/", ", "), *rates.values(), cell(found["gemm"], "cublas_percent")])
    return markdown(*filled(["product", *RUNGS.values(), "gemm, % of cuBLAS"], rows))


def machine_lines(results):
    machine = results["machine"]
    torch = f"torch {machine['torch']}" if machine.get("torch") else "no torch"
    if machine.get("triton"):
        torch += f", triton {machine['triton']}"
    if machine.get("torch_tf32") is not None:
        torch += f", TF32 for float32 products {'on' if machine['torch_tf32'] else 'off'}"
    text = (f"{machine['device']}, driver {machine['driver']}, CUDA toolkit {machine['cuda_toolkit']}; "
            f"{machine['cpu']}{', virtual' if machine.get('virtual') else ''}, {machine['threads']} threads. "
            f"{report.source(results)}, load average at the start {machine['load_average_at_start']:.1f}. {torch}.\n")
    return text + report.missing(results)


def page(name, results):
    timings = Timings(results)
    tables = {}
    for cache in ("cold", "warm"):
        tables |= {f"Statistics, {cache}: median us": statistics_table(timings, cache),
                   f"Norms by CUB and cuBLAS, {cache}: median us": peers_table(timings, cache, NORMS),
                   f"torch, {cache}: median us": peers_table(timings, cache, TORCH)}
    tables |= {"Statistics with exact zeros: median us": markdown(*report.zeros(timings)),
               "A training step: median us": steps_table(timings),
               "Products: GFLOP/s": products_table(timings),
               "Watching every step: us": markdown(*of_networks(*report.overheads(results))),
               "What the monitor does, alone: mean us": markdown(*of_networks(*report.monitor_parts(results)))}
    parts = [f"# GPU: {results['machine']['device']}\n\n{machine_lines(results)}"]
    parts.append(report.in_short(results))
    if figure(results):
        parts.append(report.picture(name))
    return "\n".join(parts + report.titled(tables))


def elements(shapes):
    """Of one tensor: 1x64K_f32 has 65536."""
    count, unit = re.match(r"1x(\d+)([KMG]?)", shapes).groups()
    return int(count) << {"": 0, "K": 10, "M": 20, "G": 30}[unit]


def figure(results):
    """One tensor of growing size; nothing where none was measured. Cold, where it was measured so."""
    timings = Timings(results)
    measured = timings.cases("tensor_stats")
    if not any(report.is_sized(case) for case in measured):
        return None
    cases = {}
    for case in measured:
        shapes, share, cache = case.split("/")
        if shapes.startswith("1x") and shapes.endswith("_f32") and share == "0":
            if cache == "cold" or shapes not in cases:
                cases[shapes] = case
    data = report.figure_data(timings, [cases[shapes] for shapes in sorted(cases, key=elements)],
                              ("read", "record", "cub_reduce_f64", "cub_segmented_f64", "cublas_nrm2"))
    return {"data": data, "title": f"Statistics and norms of a tensor: {results['machine']['device']}",
            "xlabel": "one float32 tensor", "least_gbps": 1}
