"""CPU time and memory of a process, from the kernel."""

from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU time so far of all running threads, from `schedstat` in nanoseconds; `stat` only has hundredths of a second."""
    spent = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            spent += int((thread / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            continue  # the thread has ended
    return spent / 1e9


def peak_rss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"process {pid} has no VmHWM")
