"""How peers.py times what may fail: contenders take turns, and one that raises is skipped with a word."""
import contextlib
import math
import random
import signal
import time

SECONDS_PER_CONTENDER = 0.7  # If the requested samples take longer, fewer are taken, but at least one.
SLOW_SECONDS = 0.05

skipped = []


def skip(text):
    if text not in skipped:
        skipped.append(text)


# ---- what may go wrong


class WrongResult(Exception):
    """What is to be timed computes something else."""


class Missing(Exception):
    """What this version of torch does not have."""


@contextlib.contextmanager
def at_most(seconds):
    """Raises TimeoutError in what takes longer, as soon as it comes back to Python."""
    seconds = max(seconds, 1e-3)

    def stop(*_):
        raise TimeoutError(f"not done in {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def attempt(what, make, *arguments):
    """What `make` gives; None, and a word about it, where it raises: torch does so in many ways."""
    try:
        return make(*arguments)
    except Missing as error:
        skip(f"{what}: {error}")
    except Exception as error:
        text = (str(error).strip() or "no word").splitlines()[0]
        skip(f"{what}: {type(error).__name__}: {text[:100]}")
    return None


class Allowance:
    """Attempts that may take so many seconds together."""

    def __init__(self, seconds):
        self.left = seconds

    def attempt(self, what, make, *arguments):
        start = time.monotonic()

        def make_in_time():
            with at_most(self.left):
                return make(*arguments)

        try:
            return attempt(what, make_in_time)
        finally:
            self.left -= time.monotonic() - start


# ---- timing


class HostClock:
    """A sample is a millisecond and more."""

    def calls(self, once):
        return math.ceil(1e-3 / max(once, 1e-7))

    def seconds(self, call, calls):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - start) / calls


def time_in_turns(contenders, sample_count, clock, where="", deadline=math.inf):
    """Microseconds a call, per contender name, one sample a turn. Each has been called before. Behind the deadline no
    turn begins but the first."""
    def sample(name, calls):
        return attempt(name + where, clock.seconds, contenders[name], calls)

    first = {name: sample(name, 1) for name in contenders}
    calls = {name: clock.calls(once) for name, once in first.items() if once is not None}
    turns = {name: min(sample_count, max(1, int(SECONDS_PER_CONTENDER / (calls[name] * first[name] + 1e-9))))
             for name in calls}
    samples = {name: [] for name in turns}
    for turn in range(sample_count):
        names = [name for name in turns if turn < turns[name]]
        random.shuffle(names)
        # Who takes long goes last, so that the deadline is not upon all others.
        names.sort(key=lambda name: calls[name] * first[name] > SLOW_SECONDS)
        for name in names:
            if turn and time.monotonic() > deadline:
                break
            seconds = sample(name, calls[name])
            if seconds is None:
                turns[name] = 0
            else:
                samples[name].append(seconds * 1e6)
    return {name: times for name, times in samples.items() if times}
