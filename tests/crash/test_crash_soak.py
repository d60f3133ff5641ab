"""The crash matrix in full, for `make soak`: every failpoint by itself, kills at random moments, full disks.

OUTTURN_CRASH_POINTS, OUTTURN_CRASH_KILLS and OUTTURN_CRASH_DISKS take fewer of each; without them all of the first,
200 of the second and 20 of the third. Everything random comes of one seed; OUTTURN_CRASH_SEED takes another, so that
what takes hours can be done in parts.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from crash_home import (
    AGAIN,
    DELIVERED,
    FILLED,
    RUN,
    Bench,
    as_never_killed,
    command,
    environment,
)

pytestmark = [pytest.mark.soak, pytest.mark.timeout(0)]
# kills on the way of one run
ON_THE_WAY = 5
DONE = (0, 3)
KILLED, SYSTEM_FAULT = -signal.SIGKILL, 4


def _number(what: str, otherwise: int) -> int:
    return int(os.environ.get(f"OUTTURN_CRASH_{what}", otherwise))


SEED = _number("SEED", 20250601)


def _passed(bench: Bench) -> list[str]:
    """Every failpoint a run passes, as often as it passes it, in the order in which the run itself lists them."""
    listed = bench.root / "points"
    listed.unlink(missing_ok=True)
    bench.bring(DELIVERED)
    said = bench.run(f"list:{listed}")
    assert said.code in DONE, said.out
    as_never_killed(bench, AGAIN)
    return listed.read_text().split()


def _chosen(passed: list[str], chosen: random.Random) -> list[tuple[str, int]]:
    """The first pass of every failpoint, and another where there are many; in the order of a run."""
    where: dict[str, list[int]] = {}
    for position, name in enumerate(passed):
        where.setdefault(name, []).append(position)
    wanted = [(name, 1) for name in where]
    wanted += [(name, chosen.randint(2, len(found))) for name, found in sorted(where.items()) if len(found) > 1]
    wanted = chosen.sample(wanted, min(len(wanted), _number("POINTS", len(wanted))))
    return sorted(wanted, key=lambda item: where[item[0]][item[1] - 1])


def test_a_kill_at_every_failpoint_costs_nothing(bench: Bench) -> None:
    """Five kills along the way of a run, one after another in one home, then a run that ends. What a kill before it
    left nothing to do for is killed in a home of its own."""
    passed = _passed(bench)
    for place in ("vault/submissions", "vault/landing", "vault/identity", "lake", "verdicts", "warehouse/inputs",
                  "warehouse", "settlements", "decisions", "releases", "restatements", "dagster"):  # fmt: skip
        assert any(name.startswith(f"{place}/") for name in passed), place
    wanted = _chosen(passed, random.Random(SEED))
    chains = -(-len(wanted) // ON_THE_WAY)
    alone = []
    for chain in [wanted[first::chains] for first in range(chains)]:
        alone += _killed_at(bench, chain)
    print(f"in homes of their own: {alone}", flush=True)
    for point in alone:
        assert _killed_at(bench, [point]) == [], point


def _killed_at(bench: Bench, points: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Runs of one home that are killed at these points, and one that ends; what they did not pass."""
    bench.bring(DELIVERED)
    left = []
    for name, nth in points:
        said = bench.run(f"{name}#{nth}=kill")
        if said.code in DONE:
            left.append((name, nth))
            as_never_killed(bench, AGAIN)
            bench.bring(DELIVERED)
            continue
        assert said.code in (KILLED, SYSTEM_FAULT), (name, nth, said)
        if said.code == SYSTEM_FAULT:
            assert "was killed" in said.out, (name, nth, said)
    said = bench.run()
    assert said.code in DONE, (points, said)
    as_never_killed(bench, AGAIN)
    for name, nth in points:
        if (name, nth) not in left:
            print(f"{name}#{nth}: as never killed", flush=True)
    return left


def _killed_after(bench: Bench, seconds: float, whole_group: bool) -> bool:
    """Kill a run after so long: every process of it at once, or the leading one alone; False when it had ended."""
    with (bench.root / "killed.txt").open("w") as out:
        process = subprocess.Popen(
            command(bench.home), env=environment(bench.home), stdout=out, stderr=out, start_new_session=True
        )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return False
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
    return True


def test_kills_at_random_moments_cost_nothing(bench: Bench) -> None:
    """One to nine kills, one after another, then a run that ends; again and again from both states."""
    moments = random.Random(SEED)
    lasting = {}
    for start, end in ((FILLED, RUN), (DELIVERED, AGAIN)):
        bench.bring(start)
        began = time.monotonic()
        assert bench.run().code in DONE
        lasting[start, end] = time.monotonic() - began
    kills, wanted = 0, _number("KILLS", 200)
    while kills < wanted:
        start, end = moments.choice(sorted(lasting))
        bench.bring(start)
        told = []
        for _ in range(moments.randint(1, 9)):
            seconds, whole_group = moments.uniform(0, lasting[start, end]), moments.random() < 0.5
            if _killed_after(bench, seconds, whole_group):
                kills += 1
                told.append(f"{seconds:.1f} s {'all' if whole_group else 'one'}")
        said = bench.run()
        assert said.code in DONE, (start, told, said)
        as_never_killed(bench, end)
        print(f"{kills} kills; {start} after {', '.join(told)}: as never killed", flush=True)


@contextlib.contextmanager
def _small_disk(folder: Path, size: int) -> Iterator[None]:
    """A disk of that size in place of the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _size(folder: Path) -> int:
    return int(subprocess.run(["du", "-s", "-B1", str(folder)], capture_output=True, check=True).stdout.split()[0])


def _can_mount(bench: Bench) -> bool:
    try:
        with _small_disk(bench.root / "trial", 1 << 20):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def test_full_disks_cost_nothing(bench: Bench) -> None:
    """Real disks of a size that the run outgrows; where none can be mounted, the failpoints' own."""
    sizes = random.Random(SEED)
    wanted = _number("DISKS", 20)
    if not _can_mount(bench):
        passed = Counter(name for name in _passed(bench) if name.endswith((":temporary", ":written")))
        for name in sizes.choices(sorted(passed), k=wanted):
            bench.bring(DELIVERED)
            said = bench.run(f"{name}#{sizes.randint(1, passed[name])}=full")
            assert said.code == SYSTEM_FAULT, (name, said)
            assert "is full" in said.out, (name, said)
            assert bench.run().code in DONE
            as_never_killed(bench, AGAIN)
            print(f"{name}: full, then as never full (made up)", flush=True)
        return
    used = _size(bench.reference(DELIVERED))
    grown = _size(bench.reference(AGAIN)) - used
    filled = 0
    for _ in range(4 * wanted):
        if filled == wanted:
            break
        size = int(used * 1.02 + sizes.uniform(0.02, 1.2) * grown)
        with _small_disk(bench.home.root, size):
            shutil.copytree(bench.reference(DELIVERED), bench.home.root, symlinks=True, dirs_exist_ok=True)
            said = bench.run()
            if said.code in DONE:
                as_never_killed(bench, AGAIN)
                continue
            assert said.code == SYSTEM_FAULT, said
            assert "is full" in said.out, said
            subprocess.run(["mount", "-o", "remount,size=4g", str(bench.home.root)], check=True)
            filled += 1
            said = bench.run()
            assert said.code in DONE, said
            as_never_killed(bench, AGAIN)
            print(f"{filled}: {size - used:,} bytes free, full, then as never full", flush=True)
    assert filled == wanted
