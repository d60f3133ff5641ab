"""While an agreement runs, some version of its terms is in force on every day."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from settlement_world import RAW

from orchestration import cycle
from settlement.terms import load_terms
from settlement.terms_versions import Version, gaps, require_no_gaps
from settlement.yaml_lines import TermsError


def _version(begins: str, ends: str = "", agreement: str = "derbyshire-real-only") -> Version:
    year = f"{begins[:4]}-{int(begins[2:4]) + 1}"
    raw = (
        RAW.replace(b"effective_from: 2024-04-01", f"effective_from: {begins}".encode())
        .replace(b"period: 2024-25", f"period: {year}".encode())
        .replace(b"id: derbyshire-real-only", f"id: {agreement}".encode())
    )
    if ends:
        raw = raw.replace(b"  settle_by:", f"  effective_to: {ends}\n  settle_by:".encode())
    return Version(f"{begins}.yaml", raw, load_terms(raw))


def _found(*versions: Version) -> list[tuple[str, str]]:
    return [(gap.first.isoformat(), gap.last.isoformat()) for gap in gaps(versions)]


def test_days_that_no_version_covers_are_named() -> None:
    first, later = _version("2024-04-01", "2025-03-31"), _version("2026-04-01")
    assert _found(later, first) == [("2025-04-01", "2026-03-31")]
    with pytest.raises(TermsError) as refused:
        require_no_gaps([later, first])
    said = refused.value.message
    assert "derbyshire-real-only: 2025-04-01 to 2026-03-31 is covered by no version of its terms" in said
    ends = 1 + first.raw.decode().splitlines().index("  effective_to: 2025-03-31")
    begins = 1 + later.raw.decode().splitlines().index("  effective_from: 2026-04-01")
    assert f"2024-04-01.yaml, line {ends}, ends on 2025-03-31" in said
    assert f"2026-04-01.yaml, line {begins}, begins on 2026-04-01" in said
    assert "let the earlier version run to the day before" in refused.value.mend


def test_versions_that_follow_each_other_leave_no_day_out() -> None:
    assert _found(_version("2024-04-01", "2025-03-31"), _version("2025-04-01")) == []
    assert _found(_version("2024-04-01"), _version("2026-04-01")) == [], "the first runs until the second begins"
    assert _found(_version("2024-04-01", "2025-03-31"), _version("2026-04-01", agreement="another")) == []
    assert _found(_version("2024-04-01", "2025-03-31")) == [], "after its end an agreement is over"
    require_no_gaps([_version("2024-04-01"), _version("2025-04-01", "2026-03-31")])
    # a later version ends, and the open-ended one before it does not come back
    three = (_version("2024-04-01"), _version("2025-04-01", "2026-03-31"), _version("2027-04-01"))
    assert _found(*three) == [("2026-04-01", "2027-03-31")]


def test_a_single_day_is_named_once() -> None:
    first, later = _version("2024-04-01", "2025-03-31"), _version("2025-04-01")
    moved = later.terms.agreement.model_copy(
        update={"effective_from": later.terms.agreement.effective_from.replace(day=2)}
    )
    later = later._replace(terms=later.terms.model_copy(update={"agreement": moved}))
    with pytest.raises(TermsError, match="2025-04-01 is covered by no version"):
        require_no_gaps([first, later])


def test_a_home_with_such_terms_refuses_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home: Any = SimpleNamespace(is_demo=True, root=tmp_path)
    folder = tmp_path / "derbyshire-real-only"
    folder.mkdir()
    for version in (_version("2024-04-01", "2025-03-31"), _version("2026-04-01")):
        (folder / version.name).write_bytes(version.raw)
    monkeypatch.setattr(cycle, "AGREEMENTS", tmp_path)
    monkeypatch.setattr(cycle, "place_of", lambda _: SimpleNamespace(agreements=("derbyshire-real-only",)))
    with pytest.raises(TermsError, match="2025-04-01 to 2026-03-31"):
        cycle.agreements_of(home)
