"""What peers.py measures of torch, on whatever device. `torch` is None where it is not installed."""
import math
import sys

from peer_timing import Missing, WrongResult, skip
from peers_venv import HOW_TO_INSTALL

try:
    import torch
except ImportError:
    torch = None
    skip(f"torch: {sys.executable} has no torch; {HOW_TO_INSTALL}")

DTYPES = {"f64": "float64", "f32": "float32", "bf16": "bfloat16", "f16": "float16"}  # As cases name them, and torch.


# ---- statistics of many tensors


def torch_norms(tensors, **options):
    """Contenders, each with what it should give: the norm of each tensor, or of all together. Options are those of
    torch.nn.utils's norms."""
    parameters = [torch.nn.Parameter(tensor) for tensor in tensors]
    for parameter, tensor in zip(parameters, tensors):
        parameter.grad = tensor

    def several_passes():
        return [record_of(tensor) for tensor in tensors]

    contenders = {
        "torch _foreach_norm": (lambda: torch._foreach_norm(tensors), "each"),
        # Nothing is cut off, so that every call sees the same gradients.
        "torch clip_grad_norm_": (lambda: torch.nn.utils.clip_grad_norm_(parameters, 1e30, **options), "all"),
        "torch norm, aminmax, count_nonzero, isfinite": (several_passes, "record"),
    }
    if hasattr(torch.nn.utils, "get_total_norm"):
        contenders["torch get_total_norm"] = (lambda: torch.nn.utils.get_total_norm(tensors, **options), "all")
    else:
        skip(f"torch get_total_norm: torch {torch.__version__} has none")
    return contenders


def record_of(tensor):
    """Four passes, each the fastest that torch has."""
    return torch.norm(tensor), torch.aminmax(tensor), torch.count_nonzero(tensor), torch.isfinite(tensor).all()


COMPILED = "torch.compile of the record"


def compiled_anew(what, **options):
    """What was compiled for another case's shapes is no good here."""
    if not hasattr(torch, "compile"):
        raise Missing(f"torch {torch.__version__} has none")
    torch.compiler.reset()
    return torch.compile(what, **options)


def compiled_record(tensors):
    """All tensors in one function."""
    records = compiled_anew(lambda: [record_of(tensor) for tensor in tensors])
    records()
    return records


def check(name, got, expected, tolerance=0.1):
    """Whether it is the right computation: how right it is, accuracy says. Norms in float32 lose digits as tensors
    grow: torch 1.13 is 1 % off at 1e8 elements."""
    for one, other in zip(got, expected, strict=True):
        if not abs(one - other) <= tolerance * other:
            raise WrongResult(f"{name} gives {one}, not {other}")


def checked(name, call, kind, norms):
    """The call, whose result is what it should be."""
    result = call()
    if kind == "all":
        check(name, [float(result)], [math.sqrt(math.fsum(norm * norm for norm in norms))])
    else:
        check(name, [float(norm[0] if kind == "record" else norm) for norm in result], norms)
    return call


# ---- products


class Product:
    """c (M,N) = op(a) op(b) in float32, into memory that is there; a layout of TN means that a is stored as (K,M)."""

    def __init__(self, m, n, k, layout):
        def factor(rows, columns, letter):
            stored = torch.rand((columns, rows) if letter == "T" else (rows, columns)) * 2 - 1
            return stored.t() if letter == "T" else stored

        self.a, self.b, self.c = factor(m, k, layout[0]), factor(k, n, layout[1]), torch.empty(m, n)

    def run(self):
        torch.mm(self.a, self.b, out=self.c)

    def checked(self):
        """The run, whose result is what it should be: the tolerance is that of benchmarks/gemm_cases.h."""
        self.run()
        error = (self.c - self.a.double() @ self.b.double()).abs().max().item()
        if not error <= 2 ** -23 * (self.a.shape[1] + 4):
            raise WrongResult(f"torch.mm is off by {error}")
        return self.run


# ---- training steps


def network(widths, activation, head):
    layers = []
    for i, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        layers += [torch.nn.Linear(inputs, outputs), (head if i + 2 == len(widths) else activation)()]
    return torch.nn.Sequential(*layers)


def made(name):
    """A network, and the rows of its batch."""
    seed = [10, 64, 64, 64, 64, 1]
    if name == "relu_1024x8":
        return network([1024] * 9, torch.nn.ReLU, torch.nn.ReLU), 256
    return network(seed, {"sigmoid_network": torch.nn.Sigmoid, "relu_network": torch.nn.ReLU}[name],
                   torch.nn.Sigmoid), 100


NETWORKS = ("sigmoid_network", "relu_network", "relu_1024x8")


class Step:
    """Forward and backward of a network of its own."""

    def __init__(self, name, device="cpu"):
        self.model, batch = made(name)
        self.model.to(device)
        self.forward = self.model
        self.x = torch.randn(batch, self.model[0].in_features, device=device)
        self.y = torch.rand(batch, self.model[-2].out_features, device=device)
        self.loss = torch.nn.MSELoss()

    def clear(self):
        for parameter in self.model.parameters():
            parameter.grad = None

    def differentiate(self):
        self.loss(self.forward(self.x), self.y).backward()

    def run(self):
        self.clear()
        self.differentiate()

    def checked(self, run):
        """The run, which leaves gradients that are finite."""
        run()
        if not all(torch.isfinite(parameter.grad).all() for parameter in self.model.parameters()):
            raise WrongResult("a gradient of torch is not finite")
        return run
