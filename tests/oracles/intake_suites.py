"""The catalogue of bad inputs: for each of its rows the tests that build the real bad file are run, here and now.

Belongs here: running those tests and comparing what they declare with the catalogue's answer. Not here: the bad files
(`tests/expectations`), nor any rule of intake.
"""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

from suites import Comparison

_TESTS = Path(__file__).resolve().parents[1]
_CATALOGUE = "test_intake_catalogue.py"
_FILES = (_CATALOGUE, "test_intake_people.py", "test_peoples_rights.py")
# `test_b005_growing_file`, `test_a_bad_file…[B001-delivery.empty]`
_NAMED = re.compile(r"(?:^test_|\[|-)(b[0-9]{3})(?=[_\]-])", re.IGNORECASE)


def bad_inputs(folder: Path) -> Comparison:
    """Compare `catalogue.csv`: a row matches when a test builds its file, declares its answer, and passes."""
    with (folder / "catalogue.csv").open(newline="", encoding="utf-8") as handle:
        expected = {row["id"]: row["expected"] for row in csv.DictReader(handle)}
    declared, ran = _declared(), _ran()
    result = Comparison()
    for key, wanted in expected.items():
        passed = bool(ran.get(key)) and all(ran[key])
        said = declared.get(key, "no test")
        result.add(said == wanted and passed, 0.0, f"{key}: {wanted}, said {said}, tests {ran.get(key, [])}")
    return result


def _declared() -> dict[str, str]:
    """Answers the tests hold a file to, by id."""
    sys.path.insert(0, str(_TESTS / "expectations"))
    try:
        import test_intake_catalogue as catalogue
    finally:
        sys.path.pop(0)
    return {
        **{case.id: case.outcome for case in catalogue.CASES},
        **catalogue.IN_A_HOME,
        **catalogue.IN_ANOTHER_FILE,
    }


def _ran() -> dict[str, list[bool]]:
    """Whether the tests of each id passed; a skipped test did not."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        named = [str(_TESTS / "expectations" / name) for name in _FILES]
        subprocess.run([*command, f"--junitxml={report}", *named], cwd=_TESTS.parent, capture_output=True, check=False)
        found: dict[str, list[bool]] = defaultdict(list)
        for test in ElementTree.parse(report).iter("testcase"):
            passed = not {"failure", "error", "skipped"} & {item.tag for item in test}
            for key in _NAMED.findall(test.get("name", "")):
                found[key.upper()].append(passed)
        return found
