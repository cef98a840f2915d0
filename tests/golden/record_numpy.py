#!/usr/bin/env python3
"""Writes tests/data/golden/numpy: files as NumPy writes them, which tests read back.

Values are 0, 1, 2, ... in row-major order, so that a test knows them without another file.
Recorded with NumPy 2.4.6: python3 tests/golden/record_numpy.py tests/data/golden/numpy
"""
import sys
from pathlib import Path

import numpy as np


def counting(shape, dtype, order="C"):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype, order=order)


def arrays():
    return {
        "block.0/weight": counting((3, 2), "<f4"),
        "bias": counting((2,), "<f8"),
        "half": counting((2, 2), "<f2"),
        "fortran": counting((2, 3, 4), "<f4", order="F"),
        "big_endian": counting((5,), ">f4"),
        "big_endian_fortran": counting((2, 3), ">f8", order="F"),
        "scalar": np.float32(7),
        "none": np.zeros((0, 4), "<f4"),
        "step": np.int64(12),
        "mask": np.array([True, False]),
        "words": np.array(["a", "bc"]),
        "objects": np.array([None, {}], dtype=object),
        "records": np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]),
    }


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "stored.npz", **arrays())
    np.savez_compressed(folder / "deflated.npz", **arrays())
    np.save(folder / "fortran.npy", counting((2, 3, 4), "<f8", order="F"))
    np.save(folder / "int64.npy", counting((3,), "<i8"))
    np.save(folder / "dictionary.npy", {"w": counting((2,), "<f4")})
    np.save(folder / "records.npy", arrays()["records"])
    np.save(folder / "bfloat16.npy", np.zeros(3, "V2"))
    for version in ((1, 0), (2, 0), (3, 0)):
        with open(folder / f"version{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, counting((2, 3), "<f4"), version=version)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
