"""`outturn warehouse …`: the shared warehouse on PostgreSQL, for who runs it.

Belongs here: options and what is printed. Not here: what is done (`publication.postgres`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from orchestration.command import REFUSED
from orchestration.progress import say

app = typer.Typer(help="The shared warehouse on PostgreSQL: set it up, load releases, see who may read what.",
                  no_args_is_help=True)  # fmt: skip

To = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="Address without a password, e.g. service=outturn. Left out: OUTTURN_WAREHOUSE, or PGSERVICE, PGHOST …",
        show_default=False,
    ),
]
Prefix = Annotated[str, typer.Option("--prefix", help="Beginning of the names of its roles and schemas.")]
PREFIX = "outturn_"


@app.command()
def roles(to: To = None, prefix: Prefix = PREFIX) -> None:
    """Create roles and schemas in a database of its own; for somebody who may create roles there."""
    from publication.postgres.layout import READERS, Names
    from publication.postgres.roles import set_up
    from publication.postgres.server import address, connected

    names = Names(prefix)
    with connected(address(to), names, as_loader=False) as connection:
        made = set_up(connection, names)
    say("created", ", ".join(made) if made else "nothing: every role was there")
    say("load with", f"grant {names.loader} to <login that loads>;")
    say("read with", f"grant {' | '.join(names.role(role) for role in READERS)} to <login that reads>;")


@app.command()
def load(
    release: Annotated[Path, typer.Argument(help="Folder of a release, e.g. var/releases/current.")],
    to: To = None,
    prefix: Prefix = PREFIX,
    keep: Annotated[int, typer.Option("--keep", help="Former releases that stay, for a withdrawal to go back to.")] = 1,
    remake: Annotated[bool, typer.Option("--remake", help="Make every rule and view again.")] = False,
) -> None:
    """Verify a release, load it, and let every reader see it at once. The same release again changes nothing."""
    from publication.postgres.layout import Names
    from publication.postgres.load import load as load_release
    from publication.postgres.server import address

    done = load_release(release, address(to), Names(prefix), keep=keep, remake=remake)
    say(done.how, f"release {done.release_id[:12]}: {done.rows} rows in {done.tables} tables, proved")
    for former in done.dropped:
        say("dropped", f"former release {former[:12]}")
    for line in done.older:
        say("older", line)


@app.command()
def status(to: To = None, prefix: Prefix = PREFIX) -> None:
    """Say which release is in force, who reads as whom, and whether anybody may see more than they should."""
    from publication.postgres.layout import Names
    from publication.postgres.server import address
    from publication.postgres.status import status as read_status

    found = read_status(address(to), Names(prefix))
    if found.in_force is None:
        say("in force", "nothing: readers see empty tables")
    for one in found.loads:
        word = "in force" if one.number == found.in_force else "kept" if one.rows_kept else "dropped"
        say(word, f"release {one.release_id}, load {one.number} of {one.loaded_at:%Y-%m-%d %H:%M} UTC, {one.rows} rows")
    for release_id, reason in found.withdrawn:
        say("withdrawn", f"release {release_id}: {reason}")
    for login, agreement, member, sees in found.logins:
        say("reads as", f"{login}: {member} of {agreement}, {sees.replace('_', ' ')}")
    for fault in found.faults:
        say("TO DO", f"{fault}.")
    if found.faults:
        raise typer.Exit(REFUSED)
    say("ok", "every role may do what it should, and nothing else")


@app.command()
def member(
    login: Annotated[str, typer.Argument(help="A login that was granted the role of members.")],
    agreement: Annotated[str, typer.Option("--agreement", help="Agreement id.")],
    member_id: Annotated[str, typer.Option("--member", help="Member it reads as.")],
    open_book: Annotated[
        bool, typer.Option("--open-book", help="Show it every member's lines of this agreement.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="It no longer reads as this member.")] = False,
    to: To = None,
    prefix: Prefix = PREFIX,
) -> None:
    """Let a login read as one member: its own lines of the open book, or with --open-book all."""
    from publication.postgres.layout import Names
    from publication.postgres.logins import let_read
    from publication.postgres.server import address

    let_read(address(to), Names(prefix), login, agreement, member_id, open_book=open_book, remove=remove)
    say("noted", f"{login} {'no longer reads' if remove else 'reads'} as {member_id} of {agreement}")


@app.command()
def withdraw(
    release_id: Annotated[str, typer.Argument(help="Id of the release, as `outturn warehouse status` lists it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why, in words; whoever loads it again is told.")],
    by: Annotated[str, typer.Option("--by", help="Who withdraws it: a name or role.")],
    to: To = None,
    prefix: Prefix = PREFIX,
) -> None:
    """Take a release out for good; readers see the last former one that is still there, or nothing."""
    from publication.postgres.layout import Names
    from publication.postgres.server import address
    from publication.postgres.withdraw import withdraw as take_out

    left = take_out(address(to), Names(prefix), release_id, reason, by)
    say("withdrawn", f"release {release_id[:12]}")
    say("in force", "nothing: readers see empty tables" if left is None else f"release {left[:12]}")
