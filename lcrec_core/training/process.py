"""Tell whether a process that was started earlier, perhaps by another server, still runs."""

from pathlib import Path

import psutil


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
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.Error:
        return None


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
