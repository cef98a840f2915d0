"""What importing gradvitals costs, and what is left as the process ends or forks."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


def test_import_loads_no_framework_and_not_numpy() -> None:
    heavy = "{'numpy', 'torch', 'jax', 'tensorflow', 'keras', 'matplotlib'}"
    done = python(
        f"import gradvitals, gradvitals._core, sys; print(sorted({heavy} & set(sys.modules)))"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_nothing_leaks_as_the_process_ends() -> None:
    done = python(
        """
import numpy as np
from gradvitals import _core
class P: grad = np.ones(4)
holders = [P(), P()]
kept = _core.Watch()
kept.set_entries(["a", "b"], holders, ["grad"] * 2, [0, 0], [0, 0])
kept.set_arrays(1, np.zeros(3))
kept.observe(); kept.commit(); kept.stats
try: kept.commit()
except _core.GradvitalsError as error: kept_error = error
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_watches_come_and_go_in_flat_memory() -> None:
    done = python(
        """
import numpy as np, resource
from gradvitals import _core
class P: pass
holders = []
for _ in range(20):
    p = P(); p.grad = np.ones((16, 16)); holders.append(p)
def cycle():
    watch = _core.Watch()
    watch.set_entries([f"l{i}" for i in range(20)], holders, ["grad"] * 20, [0] * 20, [1] * 20)
    watch.observe(); watch.commit(loss=1.0); watch.stats; watch.problems; watch.events()
for _ in range(300): cycle()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(1500): cycle()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    )
    assert done.stderr == ""
    assert int(done.stdout) < 1024  # KiB


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_neither_hangs_nor_writes_its_parents_history(tmp_path) -> None:
    path = tmp_path / "run.jsonl"
    done = python(
        f"""
import os, sys
import numpy as np
from gradvitals import _core
class P: grad = np.ones(2_000_000, np.float32)
holder = P()
watch = _core.Watch(history={str(path)!r}, threads=2)
watch.set_entries(["a"], [holder], ["grad"], [0], [0])
watch.observe(); watch.commit(loss=1.0)
child = os.fork()
if child == 0:
    del watch
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
watch.observe(); watch.commit(loss=0.5); watch.close()
"""
    )
    assert (done.returncode, done.stderr) == (0, "")
    losses = [line for line in path.read_text().splitlines() if '"loss"' in line]
    assert len(losses) == len(set(losses))
