"""Trees of /proc and /sys as machines show them, written by hand: nobody can ask a hypervisor to steal."""

from pathlib import Path

# user nice system idle iowait irq softirq steal guest guest_nice, in hundredths of a second.
CORE = "{name} {busy} 0 0 {idle} {iowait} 0 {softirq} {steal} 0 0"
STAT = """\
cpu  0 0 0 0 0 0 0 0 0 0
{cores}
intr 123 0 0
ctxt 456
btime 1790000000
softirq 789 0 1
"""


def show_cores(root: Path, *cores: dict[str, int]) -> None:
    """Let /proc/stat below root show what each core did since boot, in hundredths of a second."""
    lines = [
        CORE.format(name=f"cpu{n}", **{"busy": 0, "idle": 0, "iowait": 0, "softirq": 0, "steal": 0, **core})
        for n, core in enumerate(cores)
    ]
    (root / "proc").mkdir(parents=True, exist_ok=True)
    (root / "proc/stat").write_text(STAT.format(cores="\n".join(lines)))


def show_group(root: Path, line: str, folder: str, cpu_stat: str | None, *, pid: str = "self") -> Path:
    """Let a process be in a control group: a line of /proc/PID/cgroup, and the group's folder below /sys/fs/cgroup."""
    (root / "proc" / pid).mkdir(parents=True, exist_ok=True)
    (root / "proc" / pid / "cgroup").write_text(f"{line}\n")
    group = root / "sys/fs/cgroup" / folder
    group.mkdir(parents=True, exist_ok=True)
    if line.startswith("0:"):
        (root / "sys/fs/cgroup/cgroup.controllers").write_text("cpu memory\n")
    if cpu_stat is not None:
        (group / "cpu.stat").write_text(cpu_stat)
    return group
