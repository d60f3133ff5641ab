"""Cost of taking in one large file against pyarrow reading it and writing it to Parquet, each a whole process.

The register of a network, scaled to a million rows (ROWS) with a token of its own in every one. One process takes it in
from landing to lake: manifest, guard, contract, tokens, expectations, receipt. The other reads the same CSV with
pyarrow.csv and writes it as Parquet. Prints wall and CPU seconds, the peak memory of each and their ratio; three times,
in turns. Read ratios, not seconds.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import Cost, measure

BUDGET = 6.0
FEED, RESIDENTS = "pcn_register", 20_000
# columns of the sender's layout that differ from row to row: its own id, two tokens
ROW_ID, TOKENS = 1, (2, 3)

TAKE_IN = """
import sys
from pathlib import Path
from expectations.intake import take_in
from foundation.home import Home
from ingest.contract import load_contracts
home = Home(Path(sys.argv[1]))
(manifest,) = home.landing.rglob("*.manifest.json")
receipt = take_in(home, manifest, load_contracts())
assert receipt.accepted and receipt.rows_accepted == int(sys.argv[2]), receipt
"""
BASELINE = """
import sys
import pyarrow.csv, pyarrow.parquet
pyarrow.parquet.write_table(pyarrow.csv.read_csv(sys.argv[1]), sys.argv[2])
"""


def _scaled(content: bytes, rows: int) -> bytes:
    """A register of so many rows, each with an id and tokens of its own."""
    header, *lines = content.decode().splitlines()
    models = [line.split(",") for line in lines]
    made = [header]
    for number in range(rows):
        cells = list(models[number % len(models)])
        cells[ROW_ID] = f"R{number:09d}"
        for place in TOKENS:
            if cells[place]:
                digest = hashlib.sha256(f"{place}.{number}".encode()).hexdigest()
                cells[place] = f"{cells[place].split(':')[0]}:{digest}"
        made.append(",".join(cells))
    return ("\n".join(made) + "\n").encode()


def deliver(scratch: Path, rows: int) -> tuple[Path, Path]:
    """A home with the file in its landing, and the file."""
    from foundation.home import Home
    from places import find_place

    place = find_place("greenwich", RESIDENTS)
    sent = [item for item in place.submissions() if item.feed == FEED]
    last = max(sent, key=lambda item: (item.covers_to, item.organisation))
    home = Home(scratch / "home")
    home.create(demo=True, place=place.name, residents=RESIDENTS)
    content = _scaled(last.content, rows)
    replace(last, content=content, rows=rows).write(home.landing)
    plain = scratch / "plain.csv"
    plain.write_bytes(content)
    return home.root, plain


def once(rows: int) -> tuple[Cost, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        home, plain = deliver(scratch, rows)
        base = measure([sys.executable, "-c", BASELINE, str(plain), str(scratch / "plain.parquet")], home)
        return measure([sys.executable, "-c", TAKE_IN, str(home), str(rows)], home), base


def main() -> None:
    rows = int(os.environ.get("ROWS", "1000000"))
    ratios = []
    for _ in range(3):
        ours, base = once(rows)
        ratios.append(ours.wall_s / base.wall_s)
        print(f"{rows:,} rows  intake {ours.line}  pyarrow {base.line}  ratio {ratios[-1]:.2f}", flush=True)
    print(f"intake against pyarrow: {statistics.median(ratios):.2f}, budget {BUDGET}")


if __name__ == "__main__":
    main()
