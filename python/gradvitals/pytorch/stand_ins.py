"""What is read in place of a tensor that cannot be read as it lies."""

from __future__ import annotations

from collections.abc import Callable

import torch

_READ = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
Reader = Callable[[torch.Tensor], torch.Tensor]


def reader_of(tensor: torch.Tensor, *, densify: bool) -> Reader | None:
    """What makes a contiguous tensor of a dtype that is read; None where nothing does, or only with
    `densify`."""
    if tensor.is_meta:
        return None
    if hasattr(tensor, "to_local"):  # A DTensor: this process's part.
        return lambda t: t.to_local().detach().contiguous()
    if tensor.layout is not torch.strided:
        return _dense if densify else None
    if tensor.is_complex():
        return _real_pairs if densify else None
    if tensor.dtype not in _READ:
        is_small_float = tensor.is_floating_point() and not tensor.is_quantized
        return _widened if densify and is_small_float else None
    if tensor.is_contiguous():
        return None  # It lies as it should: why it cannot be read is another matter.
    return lambda t: t.detach().contiguous()


def _dense(tensor: torch.Tensor) -> torch.Tensor:
    dense = tensor.detach().to_dense() if tensor.layout is not torch.strided else tensor.detach()
    return dense.contiguous()


def _real_pairs(tensor: torch.Tensor) -> torch.Tensor:
    return torch.view_as_real(tensor.detach().resolve_conj()).contiguous()


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().float().contiguous()


def reason_of(tensor: torch.Tensor, fallback: str) -> str:
    """Why it is left out, and the way out where there is one."""
    if tensor.layout is not torch.strided:
        return f"{str(tensor.layout).removeprefix('torch.')}; densify=True reads a dense copy"
    if tensor.is_complex():
        return "complex; densify=True reads real and imaginary parts"
    if tensor.is_floating_point() and tensor.dtype not in _READ:
        return f"{str(tensor.dtype).removeprefix('torch.')}; densify=True reads a float32 copy"
    return fallback
