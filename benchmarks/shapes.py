"""The shapes that --shapes names: tensors of a safetensors file, or lines of a text file."""
import dataclasses
import json
import math
import os
import re
import struct

TYPES = {"F64": ("f64", 8), "F32": ("f32", 4), "F16": ("f16", 2), "BF16": ("bf16", 2)}  # As cases name them; bytes.
WORDS = {"float64": "F64", "double": "F64", "f64": "F64", "float32": "F32", "float": "F32", "f32": "F32",
         "float16": "F16", "half": "F16", "f16": "F16", "bfloat16": "BF16", "bf16": "BF16"}
MOST_HEADER_BYTES = 100_000_000  # As the format's own reader has it.
MOST_ELEMENTS = 1 << 48  # Beyond any machine, and sums of them stay far from overflow.


class BadShapes(Exception):
    """What --shapes names cannot be measured."""


@dataclasses.dataclass
class Case:
    """The tensors of one type."""
    name: str
    dtype: str  # A key of TYPES.
    counts: list  # Elements of each tensor.

    @property
    def shapes(self):
        """What a case of tensor_stats is called, up to its zeros."""
        return f"{self.name}_{TYPES[self.dtype][0]}"

    @property
    def bytes(self):
        return sum(self.counts) * TYPES[self.dtype][1]

    def described(self):
        many = len(self.counts)
        return (f"{self.shapes}: {many:,} tensor{'s' * (many != 1)}, {sum(self.counts):,} elements, "
                f"{in_units(self.bytes)}")


def in_units(count):
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"


# ---- safetensors: the header alone


def without_duplicates(pairs):
    found = {}
    for key, value in pairs:
        if key in found:
            raise BadShapes(f"{key!r} is in the header twice")
        found[key] = value
    return found


def header_of(file):
    size = os.fstat(file.fileno()).st_size
    prefix = file.read(8)
    if len(prefix) < 8:
        raise BadShapes(f"no safetensors file: it has {size} bytes, and the length of its header alone takes 8")
    (length,) = struct.unpack("<Q", prefix)
    if length > MOST_HEADER_BYTES or length > size - 8:
        raise BadShapes(f"no safetensors file, or cut off: a header of {length:,} bytes in a file of {size:,}")
    try:
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=without_duplicates)
    except (ValueError, RecursionError) as error:
        raise BadShapes(f"no safetensors file: its header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise BadShapes("no safetensors file: its header is no object")
    return header


def tensors_of_header(header, note):
    """(type, shape) of each tensor that has elements; `note` is told of the others."""
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype, shape = (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else (None, None)
        if not isinstance(dtype, str) or not isinstance(shape, list) or not all(
                isinstance(side, int) and not isinstance(side, bool) and side >= 0 for side in shape):
            raise BadShapes(f"no safetensors file: tensor {name!r} has no dtype and shape")
        if dtype not in TYPES:
            note(f"{name!r} is left out: its type is {dtype}, not one of {', '.join(TYPES)}")
        elif 0 in shape:
            note(f"{name!r} is left out: it has no element")
        else:
            yield name, dtype, shape


# ---- text: a tensor a line

# Python's way of printing one, and torch's, are shapes, too.
SHAPE = r"(?:torch\.Size)?[(\[]*\s*[0-9]{1,18}(?:[\sx*,×]+[0-9]{1,18})*\s*,?\s*[)\]]*"
LINE = re.compile(rf"(?P<shape>{SHAPE})(?:\s+(?P<dtype>[A-Za-z]\w*))?")
NAMED_LINE = re.compile(rf"(?P<name>\S+)\s+{LINE.pattern}")
FORM = "a line is [NAME] SHAPE [TYPE], as in: mlp 4096x1024 float16"


def tensor_of_line(line):
    """(name, type, shape); the name may be empty."""
    found = LINE.fullmatch(line) or NAMED_LINE.fullmatch(line)
    if not found:
        raise BadShapes(f"{line[:80]!r} is no shape; {FORM}")
    word = found["dtype"] or "float32"
    if word.lower() not in WORDS:
        raise BadShapes(f"{word!r} is no type: float32, float64, float16 and bfloat16 are measured")
    shape = [int(side) for side in re.findall("[0-9]+", found["shape"])]
    if 0 in shape:
        raise BadShapes(f"{line[:80]!r} has no element")
    return found.groupdict().get("name") or "", WORDS[word.lower()], shape


def tensors_of_text(text):
    for number, line in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line:
            continue
        try:
            yield tensor_of_line(line)
        except BadShapes as error:
            raise BadShapes(f"line {number}: {error}") from error


# ---- either


def tensors_in(path, note):
    with open(path, "rb") as file:
        start = file.read(9)
        file.seek(0)
        # A text has no brace behind eight bytes that are mostly zero.
        if path.suffix == ".safetensors" or (start[8:] == b"{" and b"\0" in start):
            return list(tensors_of_header(header_of(file), note))
        try:
            return list(tensors_of_text(file.read().decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            raise BadShapes(f"neither a safetensors file nor text in UTF-8: {error}") from error


def read(path, note):
    """Cases by type, in the order of the file. Raises BadShapes, naming the file; `note` is told what is left out."""
    try:
        tensors = tensors_in(path, lambda text: note(f"{path}: {text}"))
        cases = {}
        for name, dtype, shape in tensors:
            count = math.prod(shape)
            if count > MOST_ELEMENTS:
                raise BadShapes(f"{name or 'a tensor'} has {count:,} elements, more than any machine holds")
            cases.setdefault(dtype, Case(slug_of(path), dtype, [])).counts.append(count)
        if not cases:
            raise BadShapes(f"no tensor that could be measured; {FORM}")
    except OSError as error:
        raise BadShapes(f"{path}: {error.strerror}") from error
    except BadShapes as error:
        raise BadShapes(f"{path}: {error}") from error
    return list(cases.values())


def slug_of(path):
    """A name that no case of the suite has: theirs have no such beginning."""
    return "own-" + (re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-").lower() or "shapes")


def text_for_program(cases):
    """What GRADVITALS_BENCH_SHAPES names."""
    return "".join(f"{case.name} {case.dtype} {' '.join(map(str, case.counts))}\n" for case in cases)


def check_memory(cases, cache_bytes, available):
    """Copies of the tensors, four times the largest cache in all, and as much for what they are copied to."""
    for case in cases:
        needed = 2 * (case.bytes + 4 * cache_bytes)
        if available is not None and needed > available:
            raise BadShapes(f"{case.described()}: takes {in_units(needed)} of memory, of which {in_units(available)} "
                            f"are available; name fewer tensors")
