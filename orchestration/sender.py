"""The `outturn-sender` command line: what a sender needs and nothing else, to be installed alone.

Belongs here: the commands a sender types, which `outturn` has too. Not here: what they do (`orchestration.checking`,
`orchestration.pseudonymising`). Nothing that is imported from here may need more than `requirements-sender.txt` holds
(docs/adr/0019): no scheduler, no warehouse, no engine of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.command import run_app

app = typer.Typer(
    name="outturn-sender",
    help="Check a file, and put tokens in place of identifiers, before it is sent.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="The file as it would be sent.")],
    contract: Annotated[Path, typer.Option("--contract", help="The feed's name, or a data contract (YAML).")],
    manifest: Annotated[Path | None, typer.Option("--manifest", help="Its manifest, if there is one.")] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write the findings as JSON.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the accepted rows as Parquet.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="Day the file will be sent; today when left out.")] = None,
) -> None:
    """Check a file before sending it: the same code, and the same verdict, as intake."""
    from orchestration.checking import check_file

    raise typer.Exit(check_file(file, contract, manifest, report, out, on))


@app.command()
def pseudonymise(
    file: Annotated[Path, typer.Argument(help="An extract with identifiers, in the contract's layout `clear`.")],
    contract: Annotated[Path, typer.Option("--contract", help="The feed's name, or a data contract (YAML).")],
    key: Annotated[Path, typer.Option("--key", help="Key file, readable by its owner alone.")],
    place: Annotated[str, typer.Option("--place", help="The place the key is for.")],
    organisation: Annotated[str | None, typer.Option("--organisation", help="Sender, if the rows do not say.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="The file to send; beside FILE when left out.")] = None,
    test_numbers: Annotated[bool, typer.Option("--test-numbers", help="Take NHS numbers of the test range.")] = False,
) -> None:
    """Put tokens in place of identifiers before a file is sent. Nothing of it leaves this machine."""
    from orchestration.pseudonymising import pseudonymise_extract

    pseudonymise_extract(file, contract, key, place, organisation, out, test_numbers=test_numbers)


def main() -> None:
    """Entry point."""
    run_app(app)


if __name__ == "__main__":
    main()
