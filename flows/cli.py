"""The command line: ``labelloop``."""

import errno
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from typer import BadParameter
from typer.exceptions import TyperException

from tasks import __version__
from tasks.domain import wording
from tasks.domain.errors import LabelloopError, UserError

app = typer.Typer(
    name="labelloop",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 done; 1 audit or replay found a difference; 2 a mistake of yours.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Console(soft_wrap=True)
INTERRUPTED = 130
"""What a shell says of a program that was ended by Ctrl-C."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Rounds = Annotated[
    int | None, typer.Option(min=1, help="Close at most this many rounds.", show_default="no limit")
]
WithPrefect = Annotated[
    bool,
    typer.Option(
        "--prefect/--no-prefect",
        help="Record the run in Prefect (PREFECT_API_URL, or a server for this run).",
    ),
]


def _version(asked: bool) -> None:
    if asked:
        out.print(f"labelloop {__version__}", highlight=False)
        raise typer.Exit


@app.callback()
def campaign_directory(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Option("--directory", "-C", help="The campaign's directory.")
    ] = Path(),
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which this is.")
    ] = False,
) -> None:
    """Run active-learning labeling campaigns.

    A campaign trains a model, chooses what to label next, buys the labels from an annotation
    vendor, checks them, and decides whether another round is worth its money. Nothing is bought
    twice, every decision can be explained, and every round can be replayed.

    - **start**: `labelloop init trees --pool trees.csv --label species`

    - **before money is spent**: `labelloop -C trees check`

    - **go on, as often as you like**: `labelloop -C trees run`

    - **ask why**: `labelloop -C trees why item-0017`
    """
    context.obj = directory


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(help="Where to make it; must be new or empty.")],
    pool: Annotated[
        Path | None,
        typer.Option(
            help="Items: parquet, CSV, TSV, xlsx or JSONL, or a folder of them or of images."
        ),
    ] = None,
    example: Annotated[str | None, typer.Option(help="Bundled items: digits.")] = None,
    item_id: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="The column that names items.",
            show_default="found; else digests of their contents",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="The column of known classes, if there is one.", show_default="found"),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(help="What may be answered, with commas between.", show_default="from labels"),
    ] = None,
    confirm: Annotated[
        str | None,
        typer.Option(help="Columns to use even if they give the class away, with commas between."),
    ] = None,
    holdout: Annotated[
        int, typer.Option(min=0, help="Items to draw for evaluation, never to be queried.")
    ] = 500,
    gold: Annotated[
        int, typer.Option(min=0, help="Items with a known class to draw, to measure annotators.")
    ] = 40,
    remote: Annotated[
        str | None, typer.Option(help="DVC remote for all data: a folder or s3://…")
    ] = None,
    git: Annotated[
        str | None,
        typer.Option(help="An empty git remote: any machine can then carry the campaign on."),
    ] = None,
    endpoint: Annotated[
        str | None, typer.Option(help="Where S3 is spoken.", show_default="AWS")
    ] = None,
) -> None:
    """Make a campaign: a git and DVC repository with params.yaml inferred from the data.

    Items of the holdout and gold items are drawn at random, once, and kept in holdout.txt and
    gold.txt. The items are copied into the campaign. If anything is wrong, nothing is written.
    """
    from flows import creation
    from tasks.create import Request

    request = Request(
        directory=directory,
        pool=pool,
        example=example,
        item_id=item_id,
        label=label,
        classes=classes.split(",") if classes else None,
        confirmed=tuple(confirm.split(",")) if confirm else (),
        holdout=holdout,
        gold=gold,
        remote=remote,
        git_remote=git,
        endpoint=endpoint,
    )
    creation.create(request, out)


@app.command()
def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Find out all that can be known before money is spent; writes nothing."""
    from tasks import checks

    findings = checks.check(context.obj)
    if as_json:
        _print_json({"ok": checks.ok(findings), "checks": [f.to_json() for f in findings]})
    else:
        for found in findings:
            mark = "ok" if found.ok else "BAD" if found.looked else "--"
            out.print(f"{mark:4} {found.name}: {found.said}", markup=False)
    if not checks.ok(findings):
        raise typer.Exit(2)


@app.command()
def run(
    context: typer.Context,
    rounds: Rounds = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay and ask for answers until they are all in.")
    ] = False,
    prefect: WithPrefect = True,
) -> None:
    """Advance as far as possible; ends in AwaitingLabels while people are labeling.

    Run it again whenever you like, also after it was killed: the ledger knows what is done, and
    nothing is sent or bought twice. Two at once end as one would.
    """
    from flows import running
    from flows.display import Display
    from flows.status import status
    from flows.words import standing

    running.run(context.obj, Display(out, context.obj), rounds=rounds, wait=wait, prefect=prefect)
    out.print(standing(status(context.obj)), markup=False, highlight=False)


@app.command()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Say where the campaign stands."""
    from flows.status import status as read
    from flows.words import standing

    found = read(context.obj)
    if as_json:
        _print_json(found.to_json())
    else:
        out.print(standing(found), markup=False, highlight=False)


@app.command()
def report(context: typer.Context, as_json: AsJson = False) -> None:
    """Write report.html: one page that works offline."""
    from tasks import actions

    facts = actions.publish(context.obj)
    _print_json(facts) if as_json else out.print(facts["report"], markup=False, highlight=False)


# An id may begin with a hyphen.
@app.command(context_settings={"ignore_unknown_options": True})
def why(
    context: typer.Context,
    item: Annotated[str, typer.Argument(help="The item's id.")],
    as_json: AsJson = False,
) -> None:
    """Tell an item's whole story: who considered it, why, who answered, what was believed."""
    from tasks.audit.telling import tell
    from tasks.audit.why import why as look_up
    from tasks.versions.store import Store
    from tasks.work import look_at

    work = look_at(context.obj)
    story = look_up(work.campaign, work.ledger, Store(work.campaign.root), item)
    if as_json:
        _print_json(story.to_json())
    else:
        out.print(tell(story), markup=False, highlight=False)


@app.command()
def audit(context: typer.Context, as_json: AsJson = False) -> None:
    """Check ledger, bytes, tags, MLflow, vendor and money against one another.

    The first problem that is named is the nearest to the cause. What cannot be looked at from
    here, such as a vendor that is down, is listed as unchecked.
    """
    from flows.words import verdict
    from tasks.audit.verify import audit as verify

    found = verify(context.obj)
    if as_json:
        _print_json(found.to_json())
    else:
        out.print(verdict(found), markup=False, highlight=False)
    if not found.ok:
        raise typer.Exit(1)


@app.command()
def replay(
    context: typer.Context,
    round_number: Annotated[
        int | None, typer.Argument(metavar="[ROUND]", min=0, show_default="the last")
    ] = None,
    all_rounds: Annotated[bool, typer.Option("--all", help="Every closed round.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do past rounds again from git and DVC alone, elsewhere, and compare every byte.

    Works in a fresh clone. Of a stage that differs it shows the first rows that do, and whether
    code, packages or data changed.
    """
    from flows.replaying import replay as do

    equal = do(context.obj, round_number, all_rounds, None if as_json else out, _print_json)
    if not equal:
        raise typer.Exit(1)


@app.command()
def serve(
    context: typer.Context,
    every: Annotated[
        int, typer.Option(min=1, help="Seconds between looks for answers and new rounds.")
    ] = 300,
    cron: Annotated[
        str | None,
        typer.Option(help='When to open rounds, such as "0 7 * * 1-5"; looks go on by --every.'),
    ] = None,
    rounds_every: Annotated[
        int | None, typer.Option(min=1, help="Seconds between new rounds, in place of --cron.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Of --cron, as in Europe/Zurich.")] = "UTC",
    webhooks: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Look at once when the vendor sends a webhook."),
    ] = None,
    signed_with: Annotated[
        str, typer.Option("--webhook-secret-env", help="The variable that holds their secret.")
    ] = "LABELLOOP_WEBHOOK_SECRET",
    webhook_scheme: Annotated[
        Literal["hmac", "hmac-timestamp", "header"],
        typer.Option(help="A signature of the body, of time and body, or a secret header."),
    ] = "hmac",
    webhook_header: Annotated[
        str | None, typer.Option(help="That holds it.", show_default="by the scheme")
    ] = None,
) -> None:
    """Stay and advance the campaign on a schedule; stop with Ctrl-C."""
    from flows.listening import Door
    from flows.serve import Plan
    from flows.serve import serve as stay

    plan = Plan(every, cron, rounds_every, timezone)
    door = Door(webhooks, signed_with, webhook_scheme, webhook_header) if webhooks else None
    stay(context.obj, plan, door, out)


@app.command()
def demo(
    directory: Annotated[Path, typer.Argument(help="Where; an older demo there is replaced.")],
) -> None:
    """Run a whole campaign on scikit-learn's handwritten digits with simulated annotators."""
    from flows.demo import demo as show

    show(directory, out)


def _print_json(value: Any) -> None:
    out.print_json(data=value) if sys.stdout.isatty() else _print_plain_json(value)


def _print_plain_json(value: Any) -> None:
    from tasks.domain.files import pretty_json

    sys.stdout.write(pretty_json(value))


def main() -> None:
    """Run the command line: 2 for a user's mistake, 1 for a fault, always in one line."""
    try:
        # Typer would print a box for a usage error, and end the process at an interruption.
        code = app(standalone_mode=False)
    except TyperException as error:
        _end_usage(error)
    except UserError as error:
        _end(str(error), 2)
    except LabelloopError as error:
        _end(str(error), 1)
    except OSError as error:
        if error.errno not in (*NO_ROOM, errno.EACCES, errno.EROFS, errno.EPERM):
            raise
        fix = "free some room" if error.errno in NO_ROOM else "mend the permissions"
        place = f" ({error.filename})" if error.filename else ""
        _end(f"{error.strerror}{place}; {fix} and run again: what was done is kept", 2)
    if code == INTERRUPTED:
        _end("interrupted; run again to go on from here", INTERRUPTED)
    sys.exit(code or 0)


def _end_usage(error: TyperException) -> NoReturn:
    """Tell what is wrong with the words after ``labelloop``; without any, show the help."""
    context, cause = getattr(error, "ctx", None), error.__cause__
    if isinstance(error, BadParameter) and isinstance(cause, ValidationError):
        error.message = wording.told(cause.errors()[0])[0]
    message = " ".join(error.format_message().split())
    if context is None or not message:
        _end(message or "name a command; see `labelloop --help`", error.exit_code)
    _end(f"{message.rstrip('.')}; see `{context.command_path} --help`", error.exit_code)


def _end(line: str, code: int) -> NoReturn:
    sys.stderr.write(f"labelloop: {line}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
