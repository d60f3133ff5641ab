"""The identity oracles: NHS numbers judged and HMACs made by the code that intake runs.

Belongs here: reading `identity/*`, asking production code, comparing. Not here: any rule of identity.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

from suites import Comparison

from foundation.tokens import TokenKey
from ingest.identity.nhs_number import judge, judge_all


def nhs_numbers(folder: Path) -> Comparison:
    """Compare `nhs_number.csv`: verdict and digits of each text, alone and together with all others."""
    with (folder / "nhs_number.csv").open(newline="", encoding="utf-8") as handle:
        expected = list(csv.DictReader(handle))
    together = list(zip(*judge_all([row["raw"] for row in expected]), strict=True))
    result = Comparison()
    for number, (row, answer) in enumerate(zip(expected, together, strict=True), start=2):
        digits, verdict = judge(row["raw"])
        wanted = (row["normalised"], row["expected"])
        same = (digits or "", verdict) == wanted and answer == (digits, verdict)
        result.add(same, 0.0, f"row {number}: {row['expected']} != {verdict}")
    return result


def hmacs(folder: Path) -> Comparison:
    """Compare `hmac.json`: the keyed hash under every token, on the published vectors of RFC 4231."""
    vectors = json.loads((folder / "hmac.json").read_text(encoding="utf-8"))["rfc4231"]
    result = Comparison()
    for number, vector in enumerate(vectors, start=1):
        key = TokenKey("k1", bytes.fromhex(vector["key_hex"]))
        text = bytes.fromhex(vector["msg_hex"]).decode("ascii")
        wanted = f"k1:{vector['hmac_sha256']}"
        same = key.token(text) == wanted and key.tokens([text, None]) == [wanted, None]
        result.add(same, 0.0, f"vector {number}")
    return result
