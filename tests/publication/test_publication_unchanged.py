"""What a settlement would have come to had nothing changed: by hand, proved by verify, and blank where it cannot be said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from publication import columns
from publication.inputs import ReleaseInputs
from publication.pages.beside import books_of
from publication.reader import open_release
from publication.unchanged import paid_if_unchanged
from publication.verify import verify_release
from publication.warehouse import write_pair


def test_at_the_baseline_the_least_factor_holds(release: Path) -> None:
    # £3,100,000 was saved against the target, of which the alliance's part is half: £1,550,000. At the baseline the score
    # is 0 and its factor 0.5: £775,000. What is posted is £937,654.32, because the figure was better.
    (line,) = open_release(release).public(columns.STATEMENT)
    assert (line["alliance_total_pence"], line["if_unchanged_pence"]) == (93_765_432, 77_500_000)
    page = (release / "public/site/statement.html").read_text()
    assert f'<span data-figure="{line["figure_id"]}:if_unchanged">£775,000.00</span>' in page


def test_verify_asks_again(copy: Path) -> None:
    rows = open_release(copy).public(columns.STATEMENT)
    rows[0]["if_unchanged_pence"] += 1
    write_pair(copy / "public/data", columns.STATEMENT, rows)
    said = [str(one) for one in verify_release(copy)]
    assert any("states 77500001 pence had no figure moved, and 77500000 follows" in one for one in said)
    assert any("statement.html" in one and "£775,000.01 is its value" in one for one in said)


def test_it_is_blank_where_the_public_could_tell_a_part_from_it(inputs: ReleaseInputs) -> None:
    (books,) = books_of(inputs).values()
    assert paid_if_unchanged(books) == 77_500_000
    assert paid_if_unchanged(replace(books, prior=[{"line": "gain"}])) is None
    kpis = tuple(kpi.model_copy(update={"baseline": None}) for kpi in books.terms.framework.kpis)
    framework = books.terms.framework.model_copy(update={"kpis": kpis})
    terms = books.terms.model_copy(update={"framework": framework})
    assert paid_if_unchanged(replace(books, terms=terms)) is None
