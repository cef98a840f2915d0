#!/usr/bin/env python3
"""What it costs to watch a PyTorch model at every step, beside what else people use for it.

attach.py                    all models; writes results/attach/MACHINE.json beside this script, and the table of
                             docs/python.md
attach.py --rounds N         so many steps of each contender (without it, some 20 s a model)
attach.py --models a,c       some of: a, 10-64-64-64-64-1 of ReLU, batch 100; b, 8 layers of 1024, batch 256;
                             c, a GPT of 4 blocks of 256; d, 200 layers of 32 (400 tensors)
attach.py --contenders X,Y   some of them, by their names in the JSON
attach.py --json FILE        writes FILE, and no document

It runs under any Python that has gradvitals and torch; Lightning, wandb and TensorBoard are measured where they are
installed (pip install lightning wandb tensorboard), and the JSON says what was skipped. One process, one thread; every
contender has a copy of the model of its own; each round is one step of each, in random order. What a contender adds is
the median over rounds of its step less the bare step of the same round. Nothing goes over the network.
"""
import argparse
import copy
import datetime
import functools
import importlib.metadata
import itertools
import json
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(name, "1")  # Before anything loads them.
os.environ.update(WANDB_MODE="offline", WANDB_SILENT="true", CUDA_VISIBLE_DEVICES="")

sys.dont_write_bytecode = True  # Nothing of a run is left among the sources.
import attach_tables  # noqa: E402
import report  # noqa: E402
from runs import commit, cpu_info, load_average, quantile, rounded, say  # noqa: E402

import torch  # noqa: E402
from torch import nn  # noqa: E402

import gradvitals  # noqa: E402

SECONDS_OF_A_MODEL = 20
LEAST_ROUNDS, MOST_ROUNDS = 15, 400
WARM_UP = 3
LEARNING_RATE = 1e-3


# ---- models


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        y = self.norm1(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.feed(self.norm2(x))


def mlp(*widths):
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def regression(inputs, batch):
    x, y = torch.randn(batch, inputs), torch.rand(batch, 1)
    return lambda model: ((model(x) - y) ** 2).mean()


def next_token(vocabulary, batch, length):
    tokens = torch.randint(0, vocabulary, (batch, length))
    return lambda model: nn.functional.cross_entropy(model(tokens).flatten(0, 1), tokens.flatten())


def gpt():
    return nn.Sequential(nn.Embedding(1000, 256), *(Block(256, 4) for _ in range(4)), nn.Linear(256, 1000))


# Name, model, loss.
MODELS = {
    "a": ("10-64x4-1, batch 100", lambda: mlp(10, 64, 64, 64, 64, 1), lambda: regression(10, 100)),
    "b": ("8 x 1024, batch 256", lambda: mlp(*[1024] * 8, 1), lambda: regression(1024, 256)),
    "c": ("GPT, 4 x 256", gpt, lambda: next_token(1000, 2, 128)),
    "d": ("200 layers of 32", lambda: mlp(*[32] * 200, 1), lambda: regression(32, 64)),
}


# ---- contenders: each is set up with a model and its optimizer, and gives what is done between backward and step, what
# is done behind the step, and what is undone at the end; None for nothing


def bare(model, optimizer):
    return None, None, None


def ours(**options):
    def set_up(model, optimizer):
        monitor = gradvitals.watch(model, optimizer, on_alert=lambda event: None, **options)
        return None, None, monitor.close

    return set_up


def loop_of_norms(model, optimizer):
    parameters = list(model.parameters())
    return lambda loss: [p.grad.norm().item() for p in parameters], None, None


def foreach_norm(model, optimizer):
    parameters = list(model.parameters())
    return lambda loss: torch.stack(torch._foreach_norm([p.grad for p in parameters])).tolist(), None, None


def clip(model, optimizer):
    parameters = list(model.parameters())
    return lambda loss: nn.utils.clip_grad_norm_(parameters, 1.0), None, None


def lightning_grad_norm(model, optimizer):
    from lightning.pytorch.utilities import grad_norm

    return lambda loss: grad_norm(model, 2), None, None


@functools.cache
def wandb_run():
    """One for all: what wandb.watch hooks into is the run of the process."""
    import wandb

    return wandb.init(project="attach", mode="offline", settings=wandb.Settings(silent=True, x_disable_stats=True,
                                                                                console="off"))


def wandb_log(model, optimizer):
    run = wandb_run()
    return None, lambda loss: run.log({"loss": loss.item()}), None


def wandb_watch(model, optimizer):
    """Histograms go with the next log(), of which each step has one."""
    run = wandb_run()
    run.watch(model, log="gradients", log_freq=1)
    return None, lambda loss: run.log({"loss": loss.item()}), lambda: run.unwatch(model)


def tensorboard(model, optimizer):
    from torch.utils.tensorboard import SummaryWriter

    writer, steps = SummaryWriter(tempfile.mkdtemp(dir=".")), itertools.count()
    parameters = list(model.named_parameters())

    def write(loss):
        step = next(steps)
        for name, parameter in parameters:
            writer.add_histogram(name, parameter.grad, step)

    return write, None, writer.close


CONTENDERS = {
    "bare": bare,
    "gradients": ours(weights=False),
    "gradients and weights": ours(),
    "layers every 100": ours(weights=False, layers_every=100),
    "norm().item() loop": loop_of_norms,
    "_foreach_norm, tolist": foreach_norm,
    "clip_grad_norm_": clip,
    "Lightning grad_norm": lightning_grad_norm,
    "wandb.log of a scalar": wandb_log,
    "wandb.watch, log_freq=1": wandb_watch,
    "TensorBoard histograms": tensorboard,
}
PACKAGES = ("gradvitals", "torch", "numpy", "lightning", "wandb", "tensorboard")


# ---- measuring


class Runner:
    """One contender's training."""

    def __init__(self, set_up, model, loss):
        self.model, self.loss = copy.deepcopy(model), loss
        self.optimizer = torch.optim.SGD(self.model.parameters(), LEARNING_RATE)
        self.before, self.behind, self.close = set_up(self.model, self.optimizer)

    def step_us(self):
        begin = time.perf_counter_ns()
        self.optimizer.zero_grad()
        loss = self.loss(self.model)
        loss.backward()
        if self.before:
            self.before(loss)
        self.optimizer.step()
        if self.behind:
            self.behind(loss)
        return (time.perf_counter_ns() - begin) / 1e3


def runners_of(names, model, loss, skipped):
    runners = {}
    for name in names:
        try:
            runners[name] = Runner(CONTENDERS[name], model, loss)
        except ImportError as error:
            text = f"{name}: {error}"
            if text not in skipped:
                say(f"skipped: {text}")
                skipped.append(text)
    return runners


def measure(runners, rounds):
    """Times of each, round by round, without those of the warm-up. Without `rounds`, as many as there is time for."""
    times, order = {name: [] for name in runners}, list(runners)
    begin = time.perf_counter()
    total = rounds or MOST_ROUNDS
    while (done := len(times["bare"])) < total + WARM_UP:
        if not rounds and done >= LEAST_ROUNDS + WARM_UP and time.perf_counter() - begin > SECONDS_OF_A_MODEL:
            break
        random.shuffle(order)
        for name in order:
            times[name].append(runners[name].step_us())
    return {name: values[WARM_UP:] for name, values in times.items()}


def row(model, name, times, bare_times):
    added = [mine - alone for mine, alone in zip(times, bare_times)]
    step = statistics.median(bare_times)

    def percent(value):
        return rounded(100 * value / step)

    return {"model": model, "contender": name, "samples": len(times), "median_us": rounded(statistics.median(times)),
            "added_us": rounded(statistics.median(added)), "added_percent": percent(statistics.median(added)),
            "p25_percent": percent(quantile(added, 0.25)), "p75_percent": percent(quantile(added, 0.75))}


def rows_of(key, names, rounds, skipped):
    title, make_model, make_loss = MODELS[key]
    say(f"{key}: {title}")
    torch.manual_seed(0)
    runners = runners_of(names, make_model(), make_loss(), skipped)
    try:
        times = measure(runners, rounds)
    finally:
        for runner in runners.values():
            if runner.close:
                runner.close()
    parameters = list(runners["bare"].model.parameters())
    model = {"key": key, "title": title, "tensors": len(parameters), "elements": sum(p.numel() for p in parameters),
             "step_us": rounded(statistics.median(times["bare"]))}
    return model, [row(key, name, of_one, times["bare"]) for name, of_one in times.items() if name != "bare"]


def versions():
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def chosen(text, known, what):
    names = text.split(",") if text else list(known)
    if unknown := [name for name in names if name not in known]:
        sys.exit(f"attach.py: there is no {what} {', '.join(unknown)}; there are: {', '.join(known)}")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--models")
    parser.add_argument("--contenders")
    parser.add_argument("--json", type=lambda text: pathlib.Path(STARTED_IN, text))
    arguments = parser.parse_args()
    if arguments.rounds is not None and arguments.rounds < 1:
        sys.exit("attach.py: --rounds is at least 1")
    models = chosen(arguments.models, MODELS, "model")
    # "bare" is what the others are compared with.
    names = list(dict.fromkeys(["bare", *chosen(arguments.contenders, CONTENDERS, "contender")]))

    torch.set_num_threads(1)
    random.seed(0)
    now = datetime.datetime.now(datetime.timezone.utc)
    machine = {"device": "CPU", "cpu": cpu_info("model name", "Model") or os.uname().machine, "threads": 1,
               "load_average_at_start": load_average(), "python": sys.version.split()[0], **versions()}
    results = {"schema": attach_tables.SCHEMA, "date": f"{now:%Y-%m-%dT%H:%M:%SZ}", "commit": commit(),
               "machine": machine, "skipped": [], "models": [], "rows": []}
    for key in models:
        model, rows = rows_of(key, names, arguments.rounds, results["skipped"])
        results["models"].append(model)
        results["rows"] += rows
    print(attach_tables.table(results))
    path = arguments.json or attach_tables.path_of(results)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report.dump(results), encoding="utf-8")
    say(f"wrote {path}")
    if not arguments.json:
        attach_tables.update()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gradvitals-attach-", ignore_cleanup_errors=True) as folder:
        # Where every contender that writes does so: wandb and TensorBoard make folders here.
        STARTED_IN = os.getcwd()
        os.chdir(folder)
        try:
            main()
        finally:
            os.chdir(STARTED_IN)
