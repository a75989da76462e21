"""The command line: ``labelloop``."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from pydantic import ValidationError
from typer import BadParameter
from typer.exceptions import TyperException

from flows import disk
from flows.apart import Apart, Reading
from flows.ending import Terminated, on_sigterm
from flows.terminal import Terminal
from tasks import __version__
from tasks.domain import wording
from tasks.domain.blotting import blotted
from tasks.domain.errors import LabelloopError, UserError
from tasks.domain.escapes import visible

app = typer.Typer(
    name="labelloop",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    epilog="Exit codes: 0 done; 1 audit or replay found a difference; 2 something to mend; "
    "130 ended by Ctrl-C; 143 ended by SIGTERM.",
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = Terminal(soft_wrap=True)
INTERRUPTED, TERMINATED = 128 + signal.SIGINT, 128 + signal.SIGTERM
"""What a shell says of a program that was ended by Ctrl-C, or by SIGTERM."""

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

    _ask_for_trust(context.obj)
    findings = checks.check(context.obj)
    if as_json:
        _print_json({"ok": checks.ok(findings), "checks": [f.to_json() for f in findings]})
    else:
        for found in findings:
            out.print(f"{found.mark} {found.name}: {found.said}", markup=False)
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

    _ask_for_trust(context.obj)
    running.run(context.obj, Display(out, context.obj), rounds=rounds, wait=wait, prefect=prefect)
    out.print(standing(status(context.obj)), markup=False, highlight=False)


@app.command()
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Items of the campaign's columns; file or folder.")],
    as_json: AsJson = False,
) -> None:
    """Add items to the pool, from the next round to be opened on.

    If anything is wrong with one of them, nothing is written.
    """
    from flows.commands import add as command

    _tell(command.add(context.obj, file), command.told, as_json)


@app.command("import")
def import_(
    context: typer.Context,
    what: Annotated[Literal["labels"], typer.Argument(help="labels")],
    file: Annotated[Path, typer.Argument(help="Columns item_id, label; annotator_id, confidence.")],
    source: Annotated[str, typer.Option(help="Whose labels these are.")],
    as_json: AsJson = False,
) -> None:
    """Import labels from elsewhere: trained on from the next round to be opened on, never bought.

    If anything is wrong with one of them, nothing is written.
    """
    from flows.commands import import_labels as command

    _tell(command.import_labels(context.obj, file, source), command.told, as_json)


@app.command()
def export(
    context: typer.Context,
    what: Annotated[
        Literal["labels", "answers", "decisions", "model"],
        typer.Argument(help="labels, answers, decisions or model."),
    ],
    to: Annotated[Path, typer.Option(help="A .csv, .parquet or .jsonl file; a model's .skops.")],
    round_number: Annotated[
        int | None, typer.Option("--round", min=0, help="A closed one.", show_default="the newest")
    ] = None,
    with_items: Annotated[
        bool, typer.Option("--with-items", help="Labels beside their items' columns.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write what a closed round left to a file for other programs."""
    from flows.commands import export as command
    from tasks.export import Request

    request = Request(what, to, round_number, with_items, force)
    _tell(command.export(context.obj, request), command.told, as_json)


@app.command()
def predict(
    context: typer.Context,
    items: Annotated[Path, typer.Option("--in", help="Items: a file or a folder, as for init.")],
    to: Annotated[Path, typer.Option("--out", help="A .csv, .parquet or .jsonl file.")],
    round_number: Annotated[
        int | None, typer.Option("--round", min=0, help="Whose model.", show_default="the newest")
    ] = None,
    champion: Annotated[
        bool, typer.Option("--champion", help="Take the round whose model measured best.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a closed round's model's class and probabilities for each item of a file."""
    from flows.commands import predict as command
    from tasks.predict import Request

    request = Request(items, to, round_number, champion, force)
    _tell(command.predict(context.obj, request), command.told, as_json)


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


Batch = Annotated[
    str | None, typer.Argument(help="The batch's name.", show_default="the one that is deleted")
]


@app.command()
def resend(context: typer.Context, batch: Batch = None, as_json: AsJson = False) -> None:
    """Ask anew for what is missing of a batch that somebody deleted at its vendor.

    Answers that were fetched count. The money for those that are missing is reserved for the new
    attempt in place of the old one. The next `labelloop run` sends it.
    """
    _recover(context.obj, batch, resend=True, as_json=as_json)


@app.command()
def take(context: typer.Context, batch: Batch = None, as_json: AsJson = False) -> None:
    """Go on with the fetched answers of a batch that somebody deleted at its vendor.

    What is missing is waited for no longer, and the money for it is free again.
    """
    _recover(context.obj, batch, resend=False, as_json=as_json)


def _recover(directory: Path, batch: str | None, *, resend: bool, as_json: bool) -> None:
    from flows.words import recovered
    from tasks import actions

    facts = actions.recover(directory, batch, resend=resend)
    _print_json(facts) if as_json else out.print(recovered(facts), markup=False, highlight=False)


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

    _ask_for_trust(context.obj)
    found = verify(context.obj)
    if as_json:
        _print_json(found.to_json())
    else:
        out.print(verdict(found), markup=False, highlight=False)
    if not found.ok:
        raise typer.Exit(1)


@app.command()
def acknowledge(
    context: typer.Context,
    problems: Annotated[list[str], typer.Argument(help="Ids, as `labelloop audit` prints them.")],
    reason: Annotated[str, typer.Option(help="Why the problem may stand; kept in the ledger.")],
    as_json: AsJson = False,
) -> None:
    """Let problems stand that others made outside: at the vendor, or in MLflow.

    The audit lists them apart from then on, with the reason. A problem that changes shows again.
    What is wrong with the campaign's own records cannot be acknowledged.
    """
    from flows.words import let_stand
    from tasks import actions

    facts = actions.acknowledge(context.obj, problems, reason)
    _print_json(facts) if as_json else out.print(let_stand(facts), markup=False, highlight=False)


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
def undo(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why, in one line; the ledger keeps it.")],
    round_number: Annotated[
        int | None, typer.Argument(metavar="[ROUND]", min=0, show_default="the last")
    ] = None,
    ask_again: Annotated[
        bool, typer.Option("--ask-again", help="Items that it asked may be asked again.")
    ] = False,
) -> None:
    """Throw the last closed round away: its labels are no longer trained on.

    The next round starts from the snapshot before it. The round's history stays: ledger, tag,
    answers, and the money that was spent. The same command twice is the same as once; to undo one
    round more, give its number or another reason.
    """
    from flows import undoing
    from tasks.undo import Request

    undoing.undo(context.obj, Request(reason, round_number, ask_again), out)


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
    webhook_url: Annotated[
        str | None,
        typer.Option(
            help="Where the vendor reaches them, if it is told by labelloop.",
            show_default="http://HOST:PORT/webhooks/VENDOR",
        ),
    ] = None,
    webhook_scheme: Annotated[
        Literal["hmac", "hmac-timestamp", "header"] | None,
        typer.Option(
            help="A signature of the body, of time and body, or a secret header. Only what is "
            "signed with its time cannot be sent again by somebody who overheard it.",
            show_default="hmac-timestamp, or header for a vendor that cannot sign",
        ),
    ] = None,
    webhook_header: Annotated[
        str | None, typer.Option(help="That holds it.", show_default="by the scheme")
    ] = None,
) -> None:
    """Stay and advance the campaign on a schedule; stop with Ctrl-C."""
    from flows.listening import Door
    from flows.serve import Plan
    from flows.serve import serve as stay

    _ask_for_trust(context.obj)
    plan = Plan(every, cron, rounds_every, timezone)
    door = (
        Door(webhooks, signed_with, webhook_scheme, webhook_header, webhook_url)
        if webhooks
        else None
    )
    stay(context.obj, plan, door, out)


@app.command()
def prefect(context: typer.Context) -> None:
    """Show Prefect's pages of the campaign's runs, and their password; stop with Ctrl-C.

    It is the server that `run` and `serve` use while they go on, and nobody else can.
    """
    from flows.pages import show

    show(context.obj, out)


@app.command()
def trust(
    context: typer.Context,
    also: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLACE]...", help="Places that the campaign does not name itself."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Confirm all that it wants.")] = False,
    revoke: Annotated[
        str | None, typer.Option(metavar="PLACE", help="Take back all that was confirmed of it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the campaign wants to speak with, and confirm it: hosts, secrets, outside paths.

    It also takes the campaign for your own: what is computed for it runs in this process from then
    on. Nothing is connected to, and no secret goes out, before it is confirmed here, at a question,
    or by the variable LABELLOOP_TRUST, which lists hosts, s3://buckets and folders.
    """
    from flows.commands import trust as command

    if revoke is not None:
        _tell(command.revoke(revoke), command.told_revoked, as_json)
        return
    facts = command.trust(context.obj, also or [], command.asking(yes=yes))
    _tell(facts, command.told, as_json)


def _ask_for_trust(directory: Path) -> None:
    """Ask for what the campaign wants that was not confirmed, if somebody is there to answer."""
    if sys.stdin.isatty() and sys.stderr.isatty():
        from flows.commands import trust as command

        command.ask_first(directory)


@app.command()
def demo(
    directory: Annotated[Path, typer.Argument(help="Where; an older demo there is replaced.")],
) -> None:
    """Run a whole campaign on scikit-learn's handwritten digits with simulated annotators."""
    from flows.demo import demo as show

    show(directory, out)


for registered in app.registered_commands:
    # What makes a campaign is told where in the words of its user, and reads nobody else's.
    if registered.callback not in (init, demo, trust):
        is_reading = registered.callback in (status, why, check, report, audit, replay)
        registered.cls = Reading if is_reading else Apart


def _tell(facts: Any, told: Callable[[Any], str], as_json: bool) -> None:
    _print_json(facts) if as_json else out.print(told(facts), markup=False, highlight=False)


def _print_json(value: Any) -> None:
    out.print_json(data=value) if sys.stdout.isatty() else _print_plain_json(value)


def _print_plain_json(value: Any) -> None:
    from tasks.domain.files import pretty_json

    sys.stdout.write(pretty_json(value))


def main() -> None:
    """Run the command line: 2 for a user's mistake, 1 for a fault, always in one line."""
    on_sigterm()
    try:
        # Typer would print a box for a usage error, and end the process at an interruption.
        code = app(standalone_mode=False)
    except TyperException as error:
        _end_usage(error)
    except UserError as error:
        _end(str(error), 2)
    except LabelloopError as error:
        _end(str(error), 1)
    except Exception as error:
        if (said := disk.line(error)) is None:
            raise
        _end(said, 2)
    except Terminated:
        _end("terminated; run again to go on from here", TERMINATED)
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
    sys.stderr.write(f"labelloop: {visible(blotted(line))}\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
