"""Where gradvitals._core finds arrays of NumPy, and which it cannot read."""

from __future__ import annotations

import array
import ctypes

import numpy as np
import pytest
from gradvitals import _core


def address(of: np.ndarray) -> int:
    return of.__array_interface__["data"][0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_numpy_array_is_found_where_it_lies(dtype: str) -> None:
    values = np.zeros((2, 3), dtype)
    assert _core.address_of(values) == (address(values), (2, 3), dtype, "cpu", 0, True)


def test_a_read_only_array_is_read() -> None:
    values = np.ones(4)
    values.flags.writeable = False
    assert _core.address_of(values)[0] == address(values)


def test_bfloat16_of_ml_dtypes_is_read() -> None:
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    values = np.zeros((3, 2), bfloat16)
    assert _core.address_of(values) == (address(values), (3, 2), "bfloat16", "cpu", 0, True)


def test_any_order_of_dimensions_is_dense_and_gaps_are_not() -> None:
    values = np.zeros((4, 5, 6), np.float32)
    assert _core.address_of(values.transpose(1, 2, 0))[5]
    assert _core.address_of(np.asfortranarray(values))[5]
    assert not _core.address_of(values[:, ::2])[5]
    assert not _core.address_of(values[::-1])[5]
    assert not _core.address_of(np.broadcast_to(np.float32(1), (3, 3)))[5]


def test_an_array_without_elements_and_one_of_a_single_number_are_read() -> None:
    assert _core.address_of(np.zeros((0, 3)))[1:] == ((0, 3), "float64", "cpu", 0, True)
    assert _core.address_of(np.float32(1.0))[1:3] == ((), "float32")


def test_what_has_a_buffer_is_read_without_numpy() -> None:
    assert _core.address_of(array.array("d", [1.0, 2.0]))[1:3] == ((2,), "float64")
    assert _core.address_of((ctypes.c_float * 3)())[1:3] == ((3,), "float32")


class Interface:
    """Tells where an array lies by __array_interface__ alone."""

    dtype = "float32"

    def __init__(self, **interface: object) -> None:
        self.__array_interface__ = {"version": 3, "typestr": "<f4", "shape": (3,), **interface}


def test_an_array_interface_may_leave_strides_out() -> None:
    values = np.zeros(3, np.float32)
    found = _core.address_of(Interface(data=(address(values), True)))
    assert found == (address(values), (3,), "float32", "cpu", 0, True)


def test_an_array_interface_without_a_pointer_is_no_array() -> None:
    with pytest.raises(ValueError, match="KeyError: 'data'"):
        _core.address_of(Interface())
    with pytest.raises(ValueError, match="TypeError"):
        _core.address_of(Interface(data=("no pointer", True)))


def test_an_error_that_utf8_cannot_say_is_named_by_its_type() -> None:
    class Unready:
        def block_until_ready(self) -> None:
            raise LookupError("\ud800")

    with pytest.raises(ValueError, match="^LookupError$"):
        _core.address_of(Unready())


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.zeros(2, np.complex64), "complex64"),
        (np.zeros(2, np.int64), "int64"),
        (np.zeros(2, bool), "bool"),
        (np.zeros(2, np.longdouble), "dtype"),
        (np.zeros(2, np.dtype("f4").newbyteorder()), "byte order"),
        (np.array(["a"]), "dtype"),
        (np.array([None]), "dtype"),
        ([1.0], "no array"),
        ("text", "no array"),
    ],
)
def test_what_cannot_be_read_says_why(values: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        _core.address_of(values)


def test_float8_is_named() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with pytest.raises(ValueError, match="float8_e4m3fn"):
        _core.address_of(np.zeros(2, ml_dtypes.float8_e4m3fn))
