"""`outturn print`: tagged PDF of the public pages, from a release that proves itself, with the figures it publishes."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "publication"))

import release_fixture

from foundation.errors import Refused, SystemFault, WrongUsage
from orchestration import printing
from publication import columns
from publication.printed import CERTIFICATE, DOCUMENTS, documents
from publication.reader import Unreadable, open_release
from publication.release import build_release
from publication.wording import money


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    releases = tmp_path_factory.mktemp("printed")
    return releases / build_release(release_fixture.build_inputs(), releases)


@pytest.mark.browser
def test_the_prints_are_tagged_and_say_what_is_published(release: Path, chromium: str, tmp_path: Path) -> None:
    """ISSUE8: a board report as PDF printed from the site, a one-page certificate; nothing leads out of a document."""
    from pypdf import PdfReader

    to = tmp_path / "deep" / "prints"
    printing.write_prints(release, to)
    assert {path.name for path in to.iterdir()} == {f"{name}.pdf" for name in (*DOCUMENTS, CERTIFICATE)}
    copy = open_release(release)
    outcomes, (settled,) = copy.public(columns.OUTCOMES), copy.public(columns.STATEMENT)
    total = money(settled["alliance_total_pence"])
    texts = {}
    for path in to.iterdir():
        raw, reader = path.read_bytes(), PdfReader(path)
        root = reader.trailer["/Root"]
        assert (root["/Lang"], root["/MarkInfo"]["/Marked"]) == ("en-GB", True)
        assert "/StructTreeRoot" in root
        assert reader.outline
        assert reader.metadata is not None
        assert reader.metadata["/CreationDate"] == "D:19800101000000+00'00'"
        assert str(reader.metadata.title).startswith("Exampleshire outcomes: ")
        assert b"file://" not in raw
        width, height = (round(float(side)) for side in reader.pages[0].mediabox[2:])
        assert (width, height) in ((595, 842), (596, 842))
        texts[path.stem] = " ".join(" ".join(page.extract_text() for page in reader.pages).split())
        # the site's own warning stands on every document
        assert "invented to test them" in texts[path.stem]
    assert len(PdfReader(to / "certificate.pdf").pages) == 1
    for name in ("certificate", "statement", "board-report"):
        assert total in texts[name], name
        assert "SHADOW" in texts[name]
    assert release.name in texts["certificate"]
    assert "the settlements of 1 agreement recomputed, nothing differs" in texts["certificate"]
    latest = max((r for r in outcomes if r["indicator_id"] == "no_criteria_to_reside" and r["period_kind"] == "year"
                  and r["value"] is not None), key=lambda r: r["period_start"])  # fmt: skip
    for name in ("summary", "board-report"):
        assert latest["value_text"] in texts[name], name
    assert "Data quality" in texts["board-report"]
    for name, digits in (("summary", texts["summary"]), ("statement", texts["statement"])):
        assert all(word in texts["board-report"] for word in digits.split() if "£" in word), name


@pytest.mark.browser
def test_the_same_release_prints_the_same_bytes(release: Path, chromium: str, tmp_path: Path) -> None:
    from publication.printed import shared_files

    page = documents(open_release(release), "nothing differs")[CERTIFICATE]
    made = []
    for desk in (tmp_path / "a", tmp_path / "b"):
        for name, content in {**shared_files(), "certificate.html": page}.items():
            (desk / name).parent.mkdir(parents=True, exist_ok=True)
            (desk / name).write_bytes(content)
        made.append(printing._printed(chromium, desk, CERTIFICATE))
    assert made[0] == made[1]
    with pytest.raises(SystemFault, match="could not print certificate"):
        printing._printed("/bin/false", tmp_path / "a", "certificate")


def test_documents_hold_together(release: Path) -> None:
    """Ids stand once, every link leads to one of them or to the web, and no script comes along."""
    import re

    for name, raw in documents(open_release(release), "nothing differs").items():
        html = raw.decode()
        ids = re.findall(r'\bid="([^"]+)"', html)
        assert len(ids) == len(set(ids)), name
        links = re.findall(r'<a\b[^>]*href="([^"]+)"', html)
        assert all(link.startswith(("#", "https:")) for link in links), name
        assert {link[1:] for link in links if link[0] == "#"} <= set(ids), name
        for named in re.findall(r'aria-(?:labelledby|describedby)="([^"]+)"', html):
            assert set(named.split()) <= set(ids), (name, named)
        assert "<script" not in html
        assert "<nav" not in html


def test_what_is_not_printed(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(WrongUsage, match="there already"):
        printing.write_prints(release, tmp_path / "there")
    copy = Path(shutil.copytree(release, tmp_path / "copy"))
    shutil.rmtree(copy / "analyst")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(SystemFault, match="no Chromium"):
        printing.write_prints(copy, tmp_path / "prints")
    page = copy / "public" / "site" / "statement.html"
    page.write_text(page.read_text().replace("£937,654.32", "£937,654.33"))
    with pytest.raises(Refused, match="does not prove itself"):
        printing.write_prints(copy, tmp_path / "prints")
    page.write_text("no page")
    with pytest.raises(Unreadable, match="is not a page"):
        documents(open_release(copy), "")
    shutil.rmtree(copy / "public")
    with pytest.raises(WrongUsage, match="no public part"):
        printing.write_prints(copy, tmp_path / "prints")
    assert not (tmp_path / "prints").exists()
