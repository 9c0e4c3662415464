"""What the kernel says of a process."""

from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """Time on a CPU so far, of all threads that still live; in nanoseconds, where `stat` counts in hundredths of a second."""
    spent = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            spent += int((thread / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue  # it ended meanwhile
    return spent / 1e9


def peak_rss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"process {pid} has no VmHWM")
