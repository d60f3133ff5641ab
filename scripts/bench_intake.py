"""Cost of taking in one large file against pyarrow reading it and writing it to Parquet, each a whole process.

The register of a network, scaled to a million rows with a token of its own in every one. One process takes it in from
landing to lake: manifest, guard, contract, tokens, expectations, receipt. The other reads the same CSV with pyarrow.csv
and writes it as Parquet. Prints wall and CPU seconds, the peak memory of each and their ratio; three times, in turns.
Read ratios, not seconds.

SIZES, in millions of rows ("1" unless said): the smallest three times, the others once, and by how much memory grows
from the smallest to the largest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench import Cost, measure

BUDGET = 6.0
# GiB, and how much more of it the largest file may take than the smallest
MEMORY_GIB, GROWTH = 1.5, 1.1
FEED, RESIDENTS = "pcn_register", 20_000
# columns of the sender's layout that differ from row to row: its own id, two tokens
ROW_ID, TOKENS = 1, (2, 3)

TAKE_IN = """
import sys
from pathlib import Path
from dataclasses import replace
from expectations.intake import take_in
from foundation.home import Home
from ingest.contract import load_contracts
home = Home(Path(sys.argv[1]))
(manifest,) = home.landing.rglob("*.manifest.json")
contracts = load_contracts()
# no network has ten million patients, so the contract's own limit is lower
contract = contracts["pcn_register"]
limits = contract.custom.limits.model_copy(update={"fileBytes": 10**10})
contracts["pcn_register"] = replace(contract, custom=contract.custom.model_copy(update={"limits": limits}))
receipt = take_in(home, manifest, contracts)
assert receipt.accepted and receipt.rows_accepted == int(sys.argv[2]), receipt
"""
BASELINE = """
import sys
import pyarrow.csv, pyarrow.parquet
pyarrow.parquet.write_table(pyarrow.csv.read_csv(sys.argv[1]), sys.argv[2])
"""


def _scaled(content: bytes, rows: int) -> Iterator[bytes]:
    """Lines of a register of so many rows, each with an id and tokens of its own."""
    header, *lines = content.decode().splitlines()
    models = [line.split(",") for line in lines]
    yield f"{header}\n".encode()
    for number in range(rows):
        cells = list(models[number % len(models)])
        cells[ROW_ID] = f"R{number:09d}"
        for place in TOKENS:
            if cells[place]:
                digest = hashlib.sha256(f"{place}.{number}".encode()).hexdigest()
                cells[place] = f"{cells[place].split(':')[0]}:{digest}"
        yield (",".join(cells) + "\n").encode()


def deliver(scratch: Path, rows: int) -> tuple[Path, Path]:
    """A home with the file in its landing, and the file."""
    from foundation.home import Home
    from places import find_place

    place = find_place("greenwich", RESIDENTS)
    sent = [item for item in place.submissions() if item.feed == FEED]
    last = max(sent, key=lambda item: (item.covers_to, item.organisation))
    home = Home(scratch / "home")
    home.create(demo=True, place=place.name, residents=RESIDENTS)
    # the manifest of the small file, then the large file in its place
    replace(last, rows=rows).write(home.landing)
    (manifest,) = home.landing.rglob("*.manifest.json")
    told = json.loads(manifest.read_bytes())
    plain, digest = scratch / "plain.csv", hashlib.sha256()
    with plain.open("wb") as file:
        for line in _scaled(last.content, rows):
            digest.update(line)
            file.write(line)
    shutil.copyfile(plain, manifest.parent / told["file"])
    manifest.write_text(json.dumps({**told, "sha256": digest.hexdigest(), "bytes": plain.stat().st_size}))
    return home.root, plain


def once(rows: int) -> tuple[Cost, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        home, plain = deliver(scratch, rows)
        base = measure([sys.executable, "-c", BASELINE, str(plain), str(scratch / "plain.parquet")], home)
        return measure([sys.executable, "-c", TAKE_IN, str(home), str(rows)], home), base


def main() -> None:
    sizes = [int(float(size) * 1_000_000) for size in os.environ.get("SIZES", "1").split(",")]
    peaks: dict[int, list[int]] = {}
    for rows in sizes:
        ratios = []
        for _ in range(3 if rows == min(sizes) else 1):
            ours, base = once(rows)
            ratios.append(ours.wall_s / base.wall_s)
            peaks.setdefault(rows, []).append(ours.peak_mib)
            print(f"{rows:,} rows  intake {ours.line}  pyarrow {base.line}  ratio {ratios[-1]:.2f}", flush=True)
        peak = max(peaks[rows]) / 1024
        print(f"intake against pyarrow: {statistics.median(ratios):.2f}, budget {BUDGET}")
        print(f"peak memory: {peak:.2f} GiB, budget {MEMORY_GIB}", flush=True)
    if len(peaks) > 1:
        growth = max(peaks[max(peaks)]) / statistics.median(peaks[min(peaks)])
        print(f"peak memory of {max(peaks):,} rows against {min(peaks):,}: {growth:.2f}, budget {GROWTH}")


if __name__ == "__main__":
    main()
