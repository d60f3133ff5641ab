"""`docs/tutorial/four-questions.md`: every block is run, what it prints is what the page shows, and three tools agree.

`UPDATE_TUTORIAL=1` writes what was printed into the page; read it, and what stands around it, before you keep it.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
from contextlib import redirect_stdout
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from demo_home import DemoHome
from people_home import RESIDENTS
from tutorial import TUTORIALS, Part, parts_of, unfounded

PAGE = TUTORIALS / "four-questions.md"
BLOCKS = ("python", "sql", "excel")


def _recalculated(blocks: list[Part], desk: Path) -> list[str]:
    """What LibreOffice makes of each block's formulas, a name and a value a line."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        if os.environ.get("CI") == "true":
            pytest.fail("soffice is missing, and CI must compute the formulas with it")
        pytest.skip("needs LibreOffice (soffice)")
    names = sorted({block.name for block in blocks})
    for number, name in enumerate(names):
        book = openpyxl.load_workbook(desk / name)
        for place, block in enumerate(blocks):
            if block.name == name:
                sheet = book.create_sheet(f"answers {place}")
                for line in block.text.splitlines():
                    label, _, formula = line.partition("=")
                    sheet.append([label.strip(), f"={formula}"])
        book.save(desk / f"book{number}.xlsx")
    subprocess.run(
        [office, f"-env:UserInstallation={(desk / 'profile').as_uri()}", "--headless", "--convert-to", "xlsx",
         "--outdir", str(desk / "recalculated"), *(str(desk / f"book{number}.xlsx") for number in range(len(names)))],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    answers = []
    for place, block in enumerate(blocks):
        book = openpyxl.load_workbook(desk / f"recalculated/book{names.index(block.name)}.xlsx", data_only=True)
        rows = book[f"answers {place}"].iter_rows(values_only=True)
        answers.append(
            "".join(f"{name} | {value if isinstance(value, str) else f'{value:g}'}\n" for name, value in rows)
        )
    return answers


@pytest.fixture(scope="module")
def printed(demo: DemoHome, greenwich: DemoHome, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Part, str]]:
    """Every block that is run, with what it printed; in the order of the page."""
    if RESIDENTS != 5000:
        pytest.skip("the page shows a borough of 5,000")
    desk = tmp_path_factory.mktemp("desk")
    (desk / "var").symlink_to(demo.root)
    (desk / "var-small").symlink_to(greenwich.root)
    blocks = [part for part in parts_of(PAGE) if part.kind in BLOCKS]
    session: dict[str, Any] = {}
    said: dict[int, str] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(desk)
        for number, block in enumerate(blocks):
            output = io.StringIO()
            with redirect_stdout(output):
                if block.kind == "python":
                    exec(compile(block.text, PAGE.name, "exec"), session)
                elif block.kind == "sql":
                    session["ask"](session[block.name], block.text)
            said[number] = output.getvalue()
    for database in ("derby", "public", "analyst"):
        session[database].close()
    in_excel = [number for number, block in enumerate(blocks) if block.kind == "excel"]
    said |= dict(zip(in_excel, _recalculated([blocks[number] for number in in_excel], desk), strict=True))
    return [(block, said[number]) for number, block in enumerate(blocks)]


def test_each_block_prints_what_the_page_shows(printed: list[tuple[Part, str]]) -> None:
    answers = iter([said for _, said in printed if said])
    if os.environ.get("UPDATE_TUTORIAL"):
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(re.sub(r"^```text\n.*?^```", lambda _: f"```text\n{next(answers)}```", page, flags=re.S | re.M))
        return
    shown = [part for part in parts_of(PAGE) if part.kind == "text"]
    assert [(part.section, part.text) for part in shown] == [(block.section, said) for block, said in printed if said]


def test_a_reader_sees_whom_each_box_asks() -> None:
    named = [(before, part) for before, part in pairwise(parts_of(PAGE)) if part.name]
    assert len(named) >= 12
    assert [part.text for before, part in named if f"`{part.name}`" not in before.text] == []


def test_the_command_of_the_page_makes_the_borough_it_is_about() -> None:
    from orchestration.demo import place_named

    (command,) = [part.text for part in parts_of(PAGE) if part.kind == "sh"]
    assert shlex.split(command)[1:] == ["demo", "--residents", "5000", "--home", "var-small"]
    assert place_named(None, 5000).name == "greenwich"


def test_sql_pandas_and_excel_say_the_same(printed: list[tuple[Part, str]]) -> None:
    by_section: dict[str, dict[str, list[str]]] = {}
    for block, said in printed:
        if said:
            by_section.setdefault(block.section, {}).setdefault(block.kind, []).append(said)
    assert len(by_section) == 4
    for section, tools in by_section.items():
        (excel,) = tools["excel"]
        assert len(excel.splitlines()) >= 6, section
        assert excel in tools["sql"], section
        assert excel in tools["python"], section


def test_every_number_of_the_text_is_one_that_was_printed(printed: list[tuple[Part, str]]) -> None:
    missing = []
    for part in parts_of(PAGE):
        if part.kind == "prose" and part.section.partition(".")[0].isdigit():
            seen = " ".join(f"{block.text} {said}" for block, said in printed if block.section == part.section)
            missing += [f"{part.section}: {number}" for number in unfounded(part.text, seen)]
    assert missing == []
