"""Two releases, or one twice, are bridged from their own open books, which are proved first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from foundation.errors import Refused
from orchestration.bridging import print_bridge
from settlement.bridge import CAUSES


def test_a_release_is_bridged_to_itself_by_nothing(release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_bridge(release, release, None, None, None, None)
    lines = capsys.readouterr().out.splitlines()
    amounts = [line.split()[0] for line in lines if "Statement for" in line]
    assert len(amounts) == 2
    assert amounts[0] == amounts[1]
    assert sum(line.startswith("£0.00") for line in lines) == len(CAUSES)


def test_an_open_book_that_does_not_prove_itself_is_not_bridged(
    release: Path, copy: Path, replace_text: Callable[[Path, str, str], None]
) -> None:
    replace_text(copy / "members" / "decisions.jsonl", "chief officer", "chief clerk")
    with pytest.raises(Refused):
        print_bridge(release, copy, None, None, None, None)
