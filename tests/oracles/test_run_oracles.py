"""The oracle runner: the suites at their bar, and a runner that notices when they are not."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import intake_suites
import linkage_suites
import pytest
import run_oracles
import spc_suites
from suites import Comparison, compare_rows

SPC = run_oracles.DEFAULT / "spc"
needs_shared = pytest.mark.skipif(
    not SPC.is_dir(), reason="the control-chart oracles (../shared/oracles/spc) are not here"
)


@needs_shared
def test_the_control_chart_suites_are_at_their_bar(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    # its answers are tests of this folder's neighbours, which run by themselves
    monkeypatch.setattr(run_oracles, "SUITES", [item for item in run_oracles.SUITES if item.name != "bad_inputs"])
    assert run_oracles.main([str(run_oracles.DEFAULT)]) == 0
    rows = {name: len((SPC / f"{name}.csv").read_text().splitlines()) - 1 for name in ("points", "summary", "rules")}
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [
        [f"spc/{name}", f"{count}/{count}"] for name, count in rows.items()
    ]
    report = {row["suite"]: row for row in json.loads((tmp_path / "oracles-report.json").read_text())["suites"]}
    assert all(float(report[name]["max_abs_error"]) < 1e-9 for name in ("spc/points", "spc/summary", "spc/rules"))
    assert {report[name]["status"] for name in report if not name.startswith("spc/")} <= {
        "not built",
        "absent",
        "passed",
    }


@needs_shared
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("points.csv", "16.32,FALSE", "16.33,FALSE"),
        ("summary.csv", "inconsistent", "consistent_pass"),
        ("rules.csv", "0 0 0 0 0 0 1", "0 0 0 0 0 1 1"),
    ],
)
def test_a_wrong_answer_is_below_the_bar(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    old: str,
    new: str,
) -> None:
    folder = tmp_path / "oracles" / "spc"
    shutil.copytree(SPC, folder)
    folder.chmod(0o755)
    changed = folder / name
    changed.chmod(0o644)
    changed.write_text(changed.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run_oracles.main([str(tmp_path / "oracles")]) == 1
    report = {row["suite"]: row for row in json.loads((tmp_path / "oracles-report.json").read_text())["suites"]}
    failed = [suite for suite, row in report.items() if row["status"] == "failed"]
    assert failed == [f"spc/{name.removesuffix('.csv')}"]
    assert report[failed[0]]["mismatches"]


def test_absent_files_do_not_affect_the_exit(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    assert run_oracles.main([str(tmp_path / "empty")]) == 0
    assert {line.split()[1] for line in capsys.readouterr().out.splitlines()} == {"absent"}


def test_a_folder_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert run_oracles.main([str(tmp_path / "nowhere")]) == 2


def test_a_suite_without_rows_is_not_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "oracles" / "spc"
    folder.mkdir(parents=True)
    (folder / "rules.csv").write_text("function,input,relative_to_mean,expected\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run_oracles.main([str(tmp_path / "oracles")]) == 1


def test_a_suite_that_crashes_fails_and_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its answer, by the list of what is not built, and by linkage: each is told, and the rest is answered."""

    def crash(*_: object) -> Comparison:
        raise KeyError("fn")

    folder = tmp_path / "oracles"
    (folder / "settlement").mkdir(parents=True)
    (folder / "settlement" / "vectors.json").write_text("[{}]", encoding="utf-8")
    suites = (
        run_oracles.Suite("first", (), lambda _: Comparison(1, 1)),
        run_oracles.Suite("second", (), crash),
        run_oracles.Suite("third", (), lambda _: Comparison(1, 1)),
    )
    monkeypatch.setattr(run_oracles, "SUITES", suites)
    monkeypatch.setattr(linkage_suites, "names", crash)
    monkeypatch.chdir(tmp_path)
    assert run_oracles.main([str(folder)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "first 1/1 0",
        "second crashed: KeyError: 'fn'",
        "third 1/1 0",
        "settlement/vectors/regimes crashed: KeyError: 'regime'",
        "linkage crashed: KeyError: 'fn'",
    ]
    report = {row["suite"]: row for row in json.loads((tmp_path / run_oracles.REPORT).read_text())["suites"]}
    assert [name for name, row in report.items() if row["status"] == "crashed"] == [
        "second",
        "settlement/vectors/regimes",
        "linkage",
    ]
    assert "raise KeyError" in "".join(report["second"]["traceback"])


def test_a_set_of_records_that_crashes_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def score(folder: Path, name: str, variant: str, *, households: bool) -> linkage_suites.Score:
        if households:
            raise ValueError("no such record")
        return linkage_suites.Score(10, 10, 10)

    monkeypatch.setattr(run_oracles, "SUITES", ())
    for name, answer in (("names", ["one"]), ("variants", ["plain", "spoilt"]), ("bar", (0.9, 0.9))):
        monkeypatch.setattr(linkage_suites, name, lambda *_, answer=answer: answer)
    monkeypatch.setattr(linkage_suites, "score", score)
    rows, good = run_oracles.run(tmp_path)
    assert not good
    assert [(row["suite"], row["status"]) for row in rows] == [
        ("linkage/one/plain", "passed"),
        ("linkage/one/plain_relatives_apart", "crashed"),
        ("linkage/one/spoilt", "passed"),
        ("linkage/one/spoilt_relatives_apart", "crashed"),
    ]


def test_shared_savings_may_miss_the_six_known_rows_and_no_more() -> None:
    (suite,) = (item for item in run_oracles.SUITES if item.name == "settlement/mssp")
    assert 1397 >= suite.bar * 1403 > 1396


def test_rows_are_compared_relatively_and_blanks_as_blanks() -> None:
    expected = [
        {"k": name, "v": value}
        for name, value in (("a", "1000000"), ("b", "1000000"), ("c", "NA"), ("d", ""), ("e", "1"), ("f", "1"))
    ]
    found = {
        ("a",): {"v": 1000000.0009},
        ("b",): {"v": 1000000.002},
        ("c",): {"v": None},
        ("d",): {"v": 0},
        ("e",): {"v": None},
    }
    result = compare_rows(expected, found, ("k",), numbers=("v",), texts=())
    assert (result.matched, result.total) == (2, 6)
    assert [line.split(":")[0] for line in result.mismatches] == ["('b',)", "('d',)", "('e',)", "('f',)"]
    assert isinstance(result, Comparison)


@pytest.mark.parametrize(
    ("case", "i", "group"),
    [
        ("rebase_at_13", 12, 0),
        ("rebase_at_13", 13, 1),
        ("rebase_at_5_9", 9, 2),
        ("rnorm20__screen__nofix__increase", 13, 0),
    ],
)
def test_rebase_groups_are_read_from_the_name(case: str, i: int, group: int) -> None:
    assert spc_suites.rebase_group(case, i) == group


LINKAGE = run_oracles.DEFAULT / "linkage"


@needs_shared
def test_the_linkage_sets_have_a_line_each_and_reach_their_bars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """GRW-08: by the threshold alone, and with relatives kept apart."""
    folder = tmp_path / "oracles" / "linkage"
    folder.mkdir(parents=True)
    for path in LINKAGE.glob("febrl1*.csv"):
        shutil.copy(path, folder)
    monkeypatch.chdir(tmp_path)
    assert run_oracles.main([str(tmp_path / "oracles")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("linkage/")]
    ways = [way + end for way in ("with_id", "without_id", "damaged_ids") for end in ("", "_relatives_apart")]
    assert [line[0] for line in lines] == [f"linkage/febrl1/{way}" for way in ways]
    for line in lines:
        assert [part.split("=")[0] for part in line[1:]] == ["precision", "recall", "f1"]
    # a set whose truth is another's is below its bar
    (folder / "febrl1_truth.csv").chmod(0o644)
    rows = (folder / "febrl1_truth.csv").read_text().splitlines()
    (folder / "febrl1_truth.csv").write_text("\n".join([rows[0], *rows[251:]]) + "\n")
    assert run_oracles.main([str(tmp_path / "oracles")]) == 1


@needs_shared
def test_two_files_are_linked_across(tmp_path: Path) -> None:
    """The halves of a set as two files: pairs across are found, none inside one file is predicted."""
    rows = (LINKAGE / "febrl1.csv").read_text(encoding="utf-8").splitlines()
    halves = {"a": "-org", "b": "-dup-"}
    for half, mark in halves.items():
        (tmp_path / f"split{half}.csv").write_text(
            "\n".join([rows[0], *(row for row in rows[1:] if mark in row.split(",")[0])]) + "\n", encoding="utf-8"
        )
    shutil.copy(LINKAGE / "febrl1_truth.csv", tmp_path / "split_truth.csv")
    assert linkage_suites.names(tmp_path) == ["split"]
    found = linkage_suites.score(tmp_path, "split", linkage_suites.WITH_ID)
    assert found.precision >= 0.999
    assert found.recall >= 0.98


@needs_shared
def test_a_bad_input_without_a_test_or_with_a_failing_one_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """CNI-27: the suite counts what ran and passed, not what is declared."""
    ids = intake_suites._declared()
    monkeypatch.setattr(intake_suites, "_ran", lambda: {key: [key != "B002"] for key in ids if key != "B001"})
    found = intake_suites.bad_inputs(run_oracles.DEFAULT / "bad_inputs")
    assert (found.matched, found.total) == (99, 101)
    assert [line[:4] for line in found.mismatches] == ["B001", "B002"]


@needs_shared
def test_one_changed_figure_of_an_indicator_method_is_one_mismatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each of the suites of areas, groups and years: a number, a group, a label, and a blank that should not be."""
    folder = tmp_path / "indicators"
    shutil.copytree(run_oracles.DEFAULT / "indicators", folder)
    changes = {
        "isr": ("israte_expected.csv", "upper95", "1"),
        "quantiles": ("quantiles.csv", "quintile_inv", "6"),
        "sii": ("sii_expected_proportion_logit.csv", "rii_lower95", "0.5"),
        "life_expectancy": ("life_expectancy_expected.csv", "value", ""),
        "funnel": ("funnel_significance_ratio.csv", "significance", "Low"),
        "trend": ("trend.csv", "expected", "NoChange"),
    }
    folder.chmod(0o755)
    for name, column, value in changes.values():
        (folder / name).chmod(0o644)
        with (folder / name).open(newline="", encoding="utf-8") as handle:
            rows = list(csv.DictReader(handle))
        rows[0][column] = value
        with (folder / name).open("w", newline="", encoding="utf-8") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    names = [f"indicators/{name}" for name in changes]
    monkeypatch.setattr(run_oracles, "SUITES", [item for item in run_oracles.SUITES if item.name in names])
    rows_found, good = run_oracles.run(tmp_path)
    assert not good
    found = {row["suite"]: row for row in rows_found if row["status"] != "absent"}
    assert {name: (row["status"], row["total"] - row["matched"]) for name, row in found.items()} == dict.fromkeys(
        names, ("failed", 1)
    )
