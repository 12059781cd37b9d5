"""CPU limits over a process: the control groups that it is in, and how often they held it back (both versions)."""

from pathlib import Path


def cgroup_folders(pid: str, *, root: Path) -> set[Path]:
    """Return the folders that count a process's throttling: its own group and those above, which have limits too.

    pid may be "self". Version 1 has a hierarchy for the CPU, version 2 one for everything. In a container the path
    that the kernel names may be the host's: what is not there is left out, and the container's own group is the top.
    """
    try:
        lines = (root / "proc" / pid / "cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    found: set[Path] = set()
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        top = _hierarchy(number, controllers, root=root)
        if top is not None:
            # A path that leads out of what is mounted belongs to somebody else's container.
            below = top if ".." in Path(path).parts else top / path.lstrip("/")
            groups = [below, *below.parents]
            found |= {group for group in groups[: groups.index(top) + 1] if (group / "cpu.stat").is_file()}
    return found


def times_throttled(folder: Path) -> int | None:
    """Return in how many periods a group was held back since it is there; None where nobody counts that."""
    try:
        lines = (folder / "cpu.stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    counts = dict(line.split() for line in lines if line.count(" ") == 1)
    return int(counts["nr_throttled"]) if "nr_throttled" in counts else None


def _hierarchy(number: str, controllers: str, *, root: Path) -> Path | None:
    """Return where the groups of a line of /proc/PID/cgroup are mounted; None where they are not about the CPU.

    Beside version 1 there may be version 2 without any controller, in a folder of its own (cgroups(7)).
    """
    mounted = root / "sys/fs/cgroup"
    if number == "0":
        places = [mounted] if (mounted / "cgroup.controllers").is_file() else []
    else:
        places = [mounted / "cpu", mounted / "cpu,cpuacct"] if "cpu" in controllers.split(",") else []
    return next((place for place in places if place.is_dir()), None)
