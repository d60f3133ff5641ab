"""The `outturn` command line. Each command imports its room when called, so `--help` answers at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from foundation.errors import WrongUsage
from foundation.home import open_home
from orchestration.command import REFUSED, run_app
from orchestration.progress import console, say
from orchestration.sender import check, pseudonymise
from orchestration.sign_command import new_key, sign
from orchestration.warehousing import app as warehouse

app = typer.Typer(
    name="outturn",
    help="Shared outcome indicators for health and care alliances, and the gainshare paid on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The home to use.", envvar="OUTTURN_HOME", show_default="var")
]
ReleaseArgument = Annotated[Path, typer.Argument(help="Folder of a release, e.g. var/releases/current.")]


# A sender has these two alone (`orchestration.sender`).
app.command()(check)


@app.command()
def contract(
    feed: Annotated[str, typer.Argument(help="Name of the feed, e.g. mental_health.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    organisation: Annotated[
        str | None, typer.Option("--organisation", help="A sender: its requirement, template and sample.")
    ] = None,
    contracts: Annotated[
        Path | None, typer.Option("--contracts", help="Folder of the contracts; the product's own when left out.")
    ] = None,
) -> None:
    """Write what is made from a data contract: for a sender, or for who keeps the contract."""
    from orchestration.issuing import issue

    issue(feed, organisation, out, contracts)


@app.command()
def demo(
    place: Annotated[
        str | None,
        typer.Option(
            "--place", help="derbyshire (real figures); generated: greenwich, lambeth, southwark, tower-hamlets."
        ),
    ] = None,
    residents: Annotated[
        int | None, typer.Option("--residents", help="How many residents to generate; greenwich has 289,034.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Fill a demo home from a place's figures and run the main job, start to release."""
    from orchestration.demo import run_demo

    raise typer.Exit(run_demo(open_home(home), place, residents))


@app.command("new-home")
def new_home(
    place: Annotated[Path, typer.Argument(help="YAML file that says which place it is, docs/reference/home.md.")],
    home: HomeOption = None,
) -> None:
    """Make an empty home for a place of your own, to work or to practise in."""
    from orchestration.new_home import make_home

    make_home(open_home(home), place)


@app.command()
def run(
    period: Annotated[str, typer.Option("--period", help="Month, e.g. 2026-04: settles every period ended by then.")],
    agreement: Annotated[str | None, typer.Option("--agreement", help="Only this agreement.")] = None,
    source: Annotated[
        str, typer.Option("--from", help="`landing`: take in what has arrived; `lake`: skip intake.")
    ] = "landing",
    home: HomeOption = None,
) -> None:
    """Run the main job: intake, warehouse, gate, settlement, release."""
    from orchestration.main_job import run_main_job

    if source not in ("landing", "lake"):
        raise WrongUsage(f"--from {source} is not known.", "use --from landing (the default) or --from lake.")
    outcome = run_main_job(open_home(home), period, agreement=agreement, intake=source == "landing")
    outcome.print()
    raise typer.Exit(outcome.exit_code)


@app.command()
def preview(
    files: Annotated[list[Path], typer.Argument(help="Files as they would be sent, each with its manifest beside it.")],
    period: Annotated[str, typer.Option("--period", help="Month of the run that would take them in, e.g. 2026-04.")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything it found as JSON.")] = False,
    home: HomeOption = None,
) -> None:
    """Say what a run with these files would change, figures and pounds, and change nothing."""
    from orchestration.preview_report import report_preview

    raise typer.Exit(report_preview(open_home(home), files, period, as_json=as_json))


@app.command()
def settle(
    agreement: Annotated[Path, typer.Argument(help="Terms of the agreement (YAML).")],
    inputs: Annotated[Path, typer.Option("--inputs", help="Folder with kpi_return.csv, cost_ledger.csv, gate.csv.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for steps.csv, postings.csv, member_lines.csv.")],
    accrual: Annotated[bool, typer.Option("--accrual", help="Estimate periods still open: accrual.csv alone.")] = False,
) -> None:
    """Settle from files alone: nothing else is read, nothing is published."""
    from orchestration.settle_files import accrue_from_files, settle_from_files

    raise typer.Exit((accrue_from_files if accrual else settle_from_files)(agreement, inputs, out))


@app.command()
def stress(
    agreement: Annotated[Path, typer.Argument(help="Proposed terms (YAML).")],
    out: Annotated[Path, typer.Option("--out", help="Folder for stress.md, its tables and its plots.")],
    history: Annotated[
        Path | None,
        typer.Option("--history", help="Folder with kpi_return.csv and an open book, e.g. a release's members folder."),
    ] = None,
    noise: Annotated[
        list[str] | None,
        typer.Option("--noise", help="What chance does: G1=binomial:800, G3=poisson:120, D1=sd:9, cost=1.5 (%)."),
    ] = None,
    unchanged: Annotated[
        list[str] | None, typer.Option("--unchanged", help="Where a KPI stands unchanged, without a baseline: D7=78.")
    ] = None,
    year: Annotated[str | None, typer.Option("--year", help="Financial year; the first agreed when left out.")] = None,
    draws: Annotated[int, typer.Option("--draws", help="How many years are drawn.")] = 2000,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another luck.")] = 1,
    payment: Annotated[
        list[str] | None, typer.Option("--payment", help="A payment in pounds to be judged as well.")
    ] = None,
) -> None:
    """Try terms before they are signed: what chance alone would pay and take, had nothing changed."""
    from orchestration.stressing import stress_terms

    stress_terms(
        agreement, out, history=history, noise=noise or (), unchanged=unchanged or (), year=year, draws=draws,
        seed=seed, payments=payment or (),
    )  # fmt: skip


@app.command()
def explain(
    release: ReleaseArgument,
    figure_id: Annotated[str, typer.Argument(help="Figure id, as printed on pages and in every CSV.")],
    as_json: Annotated[bool, typer.Option("--json", help="The trace as JSON.")] = False,
) -> None:
    """Walk from a published figure or a pound to the hashes of the files it came from."""
    from publication.explain import explain as trace
    from publication.explain import print_tree, to_json

    tree = trace(release, figure_id)
    if as_json:
        typer.echo(to_json(tree))
    else:
        print_tree(tree, console())


@app.command()
def pack(
    release: ReleaseArgument,
    figure_id: Annotated[str, typer.Argument(help="The disputed figure: step, posting, member's part, ledger or KPI.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write; it may not exist.")],
) -> None:
    """Gather what a challenge needs: certificate, evidence, and a workbook that computes the figure again."""
    from orchestration.packing import write_pack

    write_pack(release, figure_id, out)


@app.command(name="print")
def print_release(
    release: ReleaseArgument,
    to: Annotated[Path, typer.Option("--to", help="Folder to write; it may not exist.")],
) -> None:
    """Print the public pages as PDF: summary, statement, board report, and a certificate on one page."""
    from orchestration.printing import write_prints

    write_prints(release, to)


@app.command()
def measurability(
    release: ReleaseArgument,
    indicator: Annotated[str | None, typer.Argument(help="Only this indicator; everything when left out.")] = None,
    levels: Annotated[
        str | None, typer.Option("--levels", help="Proposed levels, failure to game-breaking: 63,67,71,77,88.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The reports as JSON.")] = False,
) -> None:
    """Say whether figures can be paid on: completeness, volume, noise against the levels, lag."""
    from orchestration.measuring import print_measurability

    print_measurability(release, indicator, levels, as_json=as_json)


@app.command()
def share(
    release: ReleaseArgument,
    audience: Annotated[
        str, typer.Option("--audience", help="public, commissioner, member, analyst or engineer: who gets it.")
    ],
    out: Annotated[Path, typer.Option("--to", help="Folder to write; it may not exist.")],
) -> None:
    """Copy of a release exactly what an audience may have."""
    from publication.share import share as hand_out

    count = hand_out(release, audience, out)
    say("written", f"{count} files for {audience} in {out}; `outturn verify` proves them")


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="The earlier release.")],
    after: Annotated[Path, typer.Argument(help="The later release.")],
    as_json: Annotated[bool, typer.Option("--json", help="Every difference as JSON.")] = False,
) -> None:
    """Say what changed from one release to another: figures, what they rest on, money."""
    from orchestration.comparing import print_comparison

    print_comparison(before, after, as_json=as_json)


@app.command()
def bridge(
    old: Annotated[Path, typer.Argument(help="Release or settlement folder with the earlier statement.")],
    new: Annotated[Path, typer.Argument(help="The one with the later statement; may be the same release.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the table, its details and the plot.")] = None,
    agreement: Annotated[str | None, typer.Option("--agreement", help="Which agreement, where there are more.")] = None,
    period: Annotated[str | None, typer.Option("--period", help="Later period; the latest when left out.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="Earlier period; the same or the last one.")] = None,
) -> None:
    """Lead from one statement to another, cause by cause, to the penny."""
    from orchestration.bridging import print_bridge

    print_bridge(old, new, out, agreement, period, since)


app.command()(pseudonymise)


@app.command()
def withdraw(
    submission: Annotated[str, typer.Argument(help="Id of an accepted submission.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it no longer counts.")],
    by: Annotated[str, typer.Option("--by", help="Who takes it back: a name or role.")],
    restatement: Annotated[
        bool, typer.Option("--restatement", help="The figures are final and shall be restated.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Take back an accepted submission: from the next run on, what it had superseded counts again."""
    from orchestration.identity import withdraw_submission

    withdraw_submission(open_home(home), submission, reason, by, restatement=restatement)


@app.command("undo-link")
def undo_link(
    token: Annotated[str, typer.Argument(help="The token that was taken for the wrong person.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the link was wrong.")],
    by: Annotated[str, typer.Option("--by", help="Who undoes it: a name or role.")],
    apart_from: Annotated[
        str | None, typer.Option("--apart-from", help="Only from this token; from everybody when left out.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Undo a link between tokens; nothing in the lake is rewritten."""
    from orchestration.identity import separate

    separate(open_home(home), token, reason, by, apart_from)


@app.command("review-links")
def review_links(
    pair: Annotated[str | None, typer.Option("--pair", help="The pair to judge, as the list names it.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="The two are one person.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="The two are different people.")] = False,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take a decision back.")] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    by: Annotated[str, typer.Option("--by", help="Who judges: a name or role.")] = "",
    decided: Annotated[bool, typer.Option("--decided", help="List the decisions in force instead.")] = False,
    home: HomeOption = None,
) -> None:
    """List the pairs of records that only a person can judge, or judge one; see docs/how-to/review-links.md."""
    from orchestration.identity import judge_pair, list_pairs

    chosen = [name for name, given in (("accept", accept), ("refuse", refuse), ("withdraw", withdraw)) if given]
    if pair is None and not chosen:
        list_pairs(open_home(home), decided=decided)
        return
    if pair is None or len(chosen) != 1 or decided:
        raise WrongUsage(
            "a judgement names one pair and one of --accept, --refuse and --withdraw.",
            "run `outturn review-links` for the pairs that wait.",
        )
    judge_pair(open_home(home), pair, chosen[0], reason, by)


@app.command("person-request")
def person_request(
    kind: Annotated[str, typer.Argument(help="erase, object or rectify.")],
    identifiers: Annotated[
        Path, typer.Option("--identifiers", help="JSON file that names the person; - for standard input.")
    ],
    grounds: Annotated[str, typer.Option("--grounds", help="What the person relies on.")],
    by: Annotated[str, typer.Option("--by", help="Who decided: a name or role.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it was granted or refused.")] = "",
    grant: Annotated[bool, typer.Option("--grant", help="Granted.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refused.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="An objection is taken back: the person counts again.")] = False,
    again: Annotated[int, typer.Option("--again", help="Case this one repeats after the key was changed.")] = 0,
    home: HomeOption = None,
) -> None:
    """Record what somebody asked about their data and what was decided, and carry it out when granted."""
    from orchestration.people import person_request as decide

    raise typer.Exit(
        decide(
            open_home(home), kind, identifiers, grounds, by, reason, grant=grant, refuse=refuse, lift=lift, again=again
        )
    )


@app.command("person-cases")
def person_cases(home: HomeOption = None) -> None:
    """List what people asked and what was decided, and check the chain. Nobody is named."""
    from orchestration.people import list_cases

    list_cases(open_home(home))


@app.command("opt-outs")
def opt_outs(
    file: Annotated[Path, typer.Argument(help="The whole list: an NHS number or token a line; - for standard input.")],
    by: Annotated[str, typer.Option("--by", help="Who took it in: a name or role.")],
    home: HomeOption = None,
) -> None:
    """Take in the list of national data opt-outs; rows follow by each feed's legal basis."""
    from orchestration.people import replace_list

    replace_list(open_home(home), file, by)


@app.command("export")
def export_data(
    organisation: Annotated[str, typer.Option("--organisation", help="Whose data.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write; it may not exist.")],
    home: HomeOption = None,
) -> None:
    """Write one organisation's accepted data, with receipts and checksums: the end of a contract."""
    from orchestration.people import hand_over

    hand_over(open_home(home), organisation, out)


@app.command("import")
def import_data(
    folder: Annotated[Path, typer.Argument(help="Folder of an export.")],
    name: Annotated[str | None, typer.Option("--as", help="Code to import under; its own when left out.")] = None,
    home: HomeOption = None,
) -> None:
    """Put an export into a mailbox of this home; the next run takes it in like anything that is sent."""
    from orchestration.people import take_over

    take_over(open_home(home), folder, name)


@app.command()
def verify(
    release: ReleaseArgument,
    after: Annotated[
        Path | None,
        typer.Option("--after", help="A former release, or a copy of a log, from which its decisions must go on."),
    ] = None,
) -> None:
    """Recompute a release from itself: hashes, decision chain, and every settlement from the open book.

    A decision log alone (decisions.jsonl) proves its chain and its signatures.
    """
    from publication.verify import verify_release

    if release.is_file():
        from orchestration.decision_list import prove_log

        prove_log(release, after)
        return

    report = verify_release(release, after)
    for problem in report.problems:
        say("DIFFERS", str(problem))
    for note in report.notes:
        say("note", note)
    for line in report.older:
        say("older", line)
    if report.problems:
        say(
            "verify",
            f"{len(report.problems)} thing(s) differ. Do not pay on this copy; compare it with the publisher's.",
        )
        raise typer.Exit(REFUSED)
    checked = "nothing differs in what can be checked" if report.older else "nothing differs"
    say("verify", f"{checked}: {report.summary}")


@app.command()
def decisions(
    agreement: Annotated[str | None, typer.Argument(help="Agreement id; all when left out.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="As it stands on this day; today when left out.")] = None,
    home: HomeOption = None,
) -> None:
    """List the decisions of a home, check chain and signatures, and say what is agreed, disputed and payable."""
    from orchestration.decision_list import list_decisions

    list_decisions(open_home(home), agreement, on)


app.command()(sign)
app.command("new-key")(new_key)
app.add_typer(warehouse, name="warehouse")


@app.command()
def docs(out: Annotated[Path, typer.Option("--to", help="File to write (HTML); it may not exist.")]) -> None:
    """Write every model, column, source and exposure, with the graph between them, as one page without network."""
    from orchestration.model_docs import write_docs

    write_docs(out)


@app.command()
def due(
    period: Annotated[
        str | None, typer.Option("--period", help="Month, e.g. 2025-06: only what is due for it.")
    ] = None,
    on: Annotated[str | None, typer.Option("--on", help="As known on this day; today when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    home: HomeOption = None,
) -> None:
    """Say what is due from whom, how it stands, and what would be withheld if nothing more arrived."""
    from orchestration.due import print_due

    raise typer.Exit(print_due(open_home(home), period, on, as_json=as_json))


@app.command()
def scorecard(
    organisation: Annotated[str, typer.Argument(help="Code of the one sender it is about and for.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write it as a page (HTML) of its own.")] = None,
    on: Annotated[str | None, typer.Option("--on", help="As known on this day; today when left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    home: HomeOption = None,
) -> None:
    """Say how one sender's data arrive, and how to mend what comes up most. Nobody is compared with anybody."""
    from orchestration.scorecard import print_scorecard

    print_scorecard(open_home(home), organisation, out, on, as_json=as_json)


@app.command()
def doctor(home: HomeOption = None) -> None:
    """Say whether this home is well, and what to do where it is not."""
    from orchestration.doctor import examine

    findings = examine(open_home(home))
    for finding in findings:
        say("ok" if finding.well else "TO DO", finding.line)
    if not all(finding.well for finding in findings):
        raise typer.Exit(REFUSED)


@app.command()
def dev(
    home: HomeOption = None,
    port: Annotated[int, typer.Option("--port", help="Port on this machine.")] = 3000,
) -> None:
    """Open Dagster's pages on a home, with its schedule and sensor."""
    from orchestration.instance import clear_up, prepare_instance

    chosen = open_home(home)
    chosen.settings()
    prepare_instance(chosen)
    clear_up(chosen)
    os.environ["OUTTURN_HOME"] = str(chosen.root)
    binary = Path(sys.executable).parent / "dagster"
    workspace = Path(__file__).resolve().parent.parent / "workspace.yaml"
    say("dev", f"http://127.0.0.1:{port} (stop with Ctrl-C)")
    os.execv(binary, [str(binary), "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)])  # noqa: S606


def main() -> None:
    """Entry point."""
    run_app(app)


if __name__ == "__main__":
    main()
