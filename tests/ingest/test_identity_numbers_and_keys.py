"""NHS numbers, one by one and together; and keys, which are shown to nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.errors import OutturnError, Refused, WrongUsage
from foundation.home import Home
from foundation.tokens import SOURCE, TokenKey, derive_key
from ingest.identity.keyring import demo_key, key_of, keyring_of, passing_keyring, read_key, write_source_key
from ingest.identity.nhs_number import VERDICTS, judge, judge_all

SECRET = "5c" * 32


def check_digit(nine: str) -> int:
    """The check digit as the NHS Data Dictionary words it; 10 means that there is no such number."""
    total = sum(int(digit) * weight for digit, weight in zip(nine, range(10, 1, -1), strict=True))
    return (11 - total % 11) % 11


@settings(deadline=None)
@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 9))
def test_at_most_one_check_digit_is_right(nine: str, last: int) -> None:
    number, verdict = judge(f"{nine}{last}")
    assert verdict in VERDICTS
    if check_digit(nine) != last:
        assert number is None
        assert verdict in ("invalid_checksum", "reject_placeholder")
    elif nine[0] in "4679" and len({*nine, str(last)}) > 1:
        assert number == f"{nine}{last}"
    else:
        assert number is None


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=12), st.from_regex(r"[4679][0-9]{9}", fullmatch=True))))
def test_together_is_one_by_one(texts: list[str | None]) -> None:
    numbers, verdicts = judge_all(texts)
    assert list(zip(numbers, verdicts, strict=True)) == [judge(text) for text in texts]


@settings(deadline=None)
@given(st.from_regex(r"[467][0-9]{8}", fullmatch=True).filter(lambda nine: check_digit(nine) < 10), st.data())
def test_what_people_add_is_taken_off(nine: str, data: st.DataObject) -> None:
    number = f"{nine}{check_digit(nine)}"
    if len(set(number)) == 1:
        return
    fill = st.sampled_from(["", " ", "-", "\u00a0", "  "])
    written = "".join(digit + data.draw(fill) for digit in number)
    assert judge(data.draw(st.sampled_from(["", "'", " '"])) + written) == (number, "valid")
    spoiled = str((int(number[4]) + 1) % 10)
    assert judge(number[:4] + spoiled + number[5:])[0] is None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("3200000007", "out_of_area_hcn"),
        ("0101000001", "out_of_area_chi"),
        ("0013000009", "reject_range"),
        ("3150000008", "reject_range"),
        ("unknown", "missing"),
        ("- -", "missing"),
        ("9434765919.5", "reject_charset"),
        ("400000063O", "reject_charset"),
    ],
)
def test_verdicts_beyond_the_examples(text: str, verdict: str) -> None:
    if verdict.startswith("out") or verdict == "reject_range":
        text = text[:9] + str(check_digit(text[:9]))
    assert judge(text) == (None, verdict)


# keys -----------------------------------------------------------------------------------------------


def key_file(folder: Path, content: str, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_text(content)
    path.chmod(mode)
    return path


def test_a_demo_has_its_own_key_and_nobody_else_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo, live = Home(tmp_path / "demo"), Home(tmp_path / "live")
    demo.create(demo=True, place="greenwich")
    live.create(demo=False, place="greenwich")
    monkeypatch.setenv("OUTTURN_TOKEN_KEY", str(key_file(tmp_path, SECRET)))
    assert key_of(demo) == demo_key("greenwich")
    assert key_of(live) == derive_key("k1", bytes.fromhex(SECRET), SOURCE, "greenwich")
    assert keyring_of(demo).test_numbers
    assert not keyring_of(live).test_numbers
    write_source_key(demo_key("greenwich"), tmp_path / "given")
    monkeypatch.setenv("OUTTURN_TOKEN_KEY", str(tmp_path / "given"))
    with pytest.raises(Refused, match="demonstration"):
        key_of(live)
    monkeypatch.delenv("OUTTURN_TOKEN_KEY")
    with pytest.raises(Refused, match="OUTTURN_TOKEN_KEY"):
        keyring_of(live).key()


def test_a_sender_is_handed_a_key_that_makes_the_same_tokens(tmp_path: Path) -> None:
    master = read_key(key_file(tmp_path, f"master k7 {SECRET}\n"), "greenwich")
    given_out = tmp_path / "source"
    write_source_key(master, given_out)
    assert given_out.stat().st_mode & 0o777 == 0o600
    assert SECRET not in given_out.read_text()
    assert read_key(given_out, "greenwich").token("x") == master.token("x")
    assert master.token("x").startswith("k7:")
    with pytest.raises(WrongUsage):
        write_source_key(master, given_out)


@pytest.mark.parametrize(
    "content",
    ["", "hello", SECRET[:62], SECRET + "f", f"k1 {SECRET} k2", f"K1 {SECRET}", SECRET + "\n" + SECRET, "é" * 64],
)
def test_what_is_no_key_is_refused_unseen(tmp_path: Path, content: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_key(key_file(tmp_path, content), "greenwich")
    assert SECRET[:20] not in str(refusal.value)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="0640"):
        read_key(key_file(tmp_path, SECRET, 0o640), "greenwich")
    real = key_file(tmp_path, SECRET)
    (tmp_path / "link").symlink_to(real)
    for path in (tmp_path / "link", tmp_path / "none", tmp_path):
        with pytest.raises(OutturnError):
            read_key(path, "greenwich")


def test_no_key_shows_itself() -> None:
    for key in (demo_key("greenwich"), passing_keyring().key(), TokenKey("k1", bytes.fromhex(SECRET))):
        assert key.secret.hex() not in repr(key)
        assert repr(key.secret) not in repr(key)
        assert re.fullmatch(r"TokenKey\('\w+'\)", repr(key))


def test_a_passing_key_is_another_each_time() -> None:
    assert passing_keyring().key() != passing_keyring().key()
