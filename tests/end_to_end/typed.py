"""Does what a tutorial says, in one process, as its reader would from the first block to the last: run as a script.

    python typed.py TUTORIAL.md

A block whose fence names a file is written to that file; one marked `diff` puts its `+` lines under the line shown above
them, which has to stand in the file once. A block marked `sh` is typed line by line: `outturn …` by its entry point,
`python -m …` and `python FILE`, `export NAME=VALUE`; a question is answered with yes. Any other line is refused: what is
not done here would be proved by nobody. A process for every command would import for seconds.

Ends with 1 at the first command that does not end with 0 or 3. Prints each line typed after a `$`, and what it said.
"""

from __future__ import annotations

import io
import os
import re
import runpy
import shlex
import sys
import traceback
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.S | re.M)
_DONE = (0, 3, None)


def _write(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body, encoding="utf-8")


def _insert(path: Path, body: str) -> None:
    above, *rest = body.splitlines(keepends=True)
    text = "\n" + path.read_text(encoding="utf-8")
    found = text.count(f"\n{above[1:]}")
    if found != 1 or not rest or any(not line.startswith("+") for line in rest):
        raise ValueError(f"{path}: the line {above.strip()} stands there {found} times, not once")
    added = "".join(line[1:] for line in rest)
    _write(path, text.replace(f"\n{above[1:]}", f"\n{above[1:]}{added}").removeprefix("\n"))


def _called(words: list[str]) -> None:
    if words[0] == "outturn":
        from orchestration import cli

        sys.argv = words
        cli.main()
    elif words[:2] == ["python", "-m"]:
        sys.argv = words[2:]
        runpy.run_module(words[2], run_name="__main__")
    elif words[0] == "python":
        sys.argv = words[1:]
        runpy.run_path(words[1], run_name="__main__")
    else:
        raise ValueError(f"nobody types this here: {' '.join(words)}")


def _typed(line: str) -> bool:
    """Whether the line ended well."""
    words = shlex.split(line, comments=True)
    if not words:
        return True
    print(f"$ {line}", flush=True)
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        os.environ[name] = value
        return True
    sys.stdin = io.StringIO("y\n" * 9)
    code: object = 0
    try:
        _called(words)
    except SystemExit as ended:
        code = ended.code
    except Exception:
        traceback.print_exc(file=sys.stdout)
        code = 4
    sys.stdout.flush()
    if code not in _DONE:
        print(f"ended with {code}", flush=True)
    return code in _DONE


def main(document: Path) -> int:
    for kind, name, body in _BLOCK.findall(document.read_text(encoding="utf-8")):
        if kind == "diff":
            _insert(Path(name), body)
        elif name:
            _write(Path(name), body)
        elif kind == "sh" and not all(_typed(line) for line in body.splitlines()):
            return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
