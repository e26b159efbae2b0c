"""Tell whether a process that was started earlier, perhaps by another server, still runs."""

import subprocess
from pathlib import Path


def process_mark(pid: int) -> str | None:
    """Something that tells this process from a later one with the same pid; None when it has ended.

    Its start time, with the machine's boot on Linux, where start times count from it.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            # The command name, in brackets, may hold spaces and brackets itself.
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            return None
        ended, started = fields[0] in "ZX", fields[19]
        return None if ended else f"{_boot()}:{started}"
    found = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, began = found.stdout.strip().partition(" ")
    return None if not state or state.startswith("Z") else began.strip()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
