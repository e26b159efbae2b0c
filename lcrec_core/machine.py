"""The machine behind a figure: what it is, how much of it is used, and whether there is memory enough."""

import contextlib
import os
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from lcrec_core.errors import TrainingError


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work on one core.

    The matrices of a step are too small to share: two threads were 5 % slower than one on ML-1M. And sums
    are added in the same order whatever the number of cores, so the same seed gives the same weights.
    """
    import torch  # slow to import, and most commands do without

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def environment(*, gpu: bool = False) -> dict[str, Any]:
    """The machine and the versions a figure was measured with; no path, no name of a host or person."""
    import numpy as np
    import torch

    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": torch.cuda.get_device_name() if gpu else _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": "cuda" if gpu else "cpu",
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


_CGROUPS = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)
"""Limit, use and what the use is made of, of a container: version 2, and version 1."""


def free_bytes() -> int:
    """Memory that may be taken here: what the system has left, or the container's limit if that is less."""
    free = int(psutil.virtual_memory().available)
    for limit, used, parts in _CGROUPS:
        # "max" where there is no limit.
        with contextlib.suppress(OSError, ValueError):
            free = min(free, int(Path(limit).read_text()) - int(Path(used).read_text()) + _given_back(Path(parts)))
    return max(0, free)


def _given_back(stat: Path) -> int:
    """Bytes of files that a container's use counts and that the system drops when memory gets short."""
    with contextlib.suppress(OSError, ValueError):
        counted = dict(line.split() for line in stat.read_text().splitlines())
        return int(counted.get("inactive_file", counted.get("total_inactive_file", 0)))
    return 0


def require(need: int, what: str, instead: str) -> None:
    """Refuse work that would not fit, before it has begun.

    Args:
        need: Bytes.
        what: What needs them, and why: "LCRec on 60,000 people (a matrix of people by people)".
        instead: What works.

    Raises:
        TrainingError: Less is free.
    """
    free = free_bytes()
    if need > free:
        raise TrainingError(f"{what} needs about {in_words(need)} of memory and {in_words(free)} are free: {instead}")


def in_words(count: int) -> str:
    """`14.4 GB`, `800 MB`."""
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory ran out: Python's own, torch's, or of a process that the system killed."""
    if isinstance(error, MemoryError):
        return True
    # By name: joblib and CUDA are not imported for this.
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"TerminatedWorkerError", "OutOfMemoryError"}:
        return True
    text = str(error).lower()
    return "RuntimeError" in names and any(words in text for words in ("allocate memory", "not enough memory"))


RAN_OUT = "there was not enough memory; close what else runs here, or use a smaller data set, batch size or model"
"""What to say when it ran out in spite of everything."""
