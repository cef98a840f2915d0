"""run_file.py FILE: runs the tests of a file by pytest. 77, ctest's "skipped", where none ran."""

from __future__ import annotations

import sys

import pytest

SKIPPED = 77


class Counter:
    """Tests that were run, whatever came of them."""

    def __init__(self) -> None:
        self.ran = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome != "skipped" and (report.when == "call" or report.failed):
            self.ran += 1


def main() -> int:
    counter = Counter()
    status = pytest.main(["-rs", "-p", "no:cacheprovider", *sys.argv[1:]], plugins=[counter])
    nothing_ran = status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)
    return SKIPPED if nothing_ran and counter.ran == 0 else int(status)


if __name__ == "__main__":
    sys.exit(main())
