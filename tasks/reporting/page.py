"""The page itself."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pyarrow as pa
from markupsafe import Markup

from tasks import campaign as at
from tasks.campaign import Campaign
from tasks.domain.errors import CampaignError
from tasks.domain.files import write_atomic
from tasks.domain.ports import Ledger
from tasks.reporting import figures, formats, tallies, wording
from tasks.reporting.data import ReportData
from tasks.reporting.gather import gather
from tasks.versions.store import Store

TEMPLATE, STYLE = "report.html.j2", "style.css"
FOREIGN = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    jinja2.TemplateError,
    pa.ArrowException,
)
"""How values of another form than labelloop writes make themselves felt, wherever that is."""


def write(campaign: Campaign, ledger: Ledger, decision: Mapping[str, Any] | None = None) -> Path:
    """Write the campaign's report.html; say where it is.

    `decision` is what the stop rules say now, as `tasks.reporting.gather.gather` takes it.

    Raises
    ------
    CampaignError
        The report's place is a symbolic link.
    UserError, LedgerError
        As `tasks.reporting.gather.gather`.
    """
    path = campaign.path(at.REPORT)
    if path.is_symlink():
        fix = f"remove {at.REPORT}"
        raise CampaignError("is a symbolic link", where=at.REPORT, fix=fix)
    write_atomic(path, made(campaign, ledger, Store(campaign.root), decision))
    return path


def made(
    campaign: Campaign, ledger: Ledger, store: Store, decision: Mapping[str, Any] | None = None
) -> str:
    """Make the page.

    Raises
    ------
    CampaignError
        A file that the ledger knows does not hold what labelloop writes there, so that somebody
        else made it.
    UserError, LedgerError
        As `tasks.reporting.gather.gather`.
    """
    try:
        return render(gather(campaign, ledger, store, decision))
    except FOREIGN as error:
        what = f"cannot be made: a file holds what labelloop never writes ({_short(error)})"
        raise CampaignError(what, where=at.REPORT, fix="run `labelloop audit`") from error


def _short(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:120]


def render(data: ReportData) -> str:
    """Write the report as one HTML page that needs nothing from outside.

    The same data gives the same text. Every value is taken as hostile: it is escaped, and what
    cannot be printed is replaced; the page's own policy forbids scripts, addresses elsewhere, and
    all styles but its own, which it names by their digest.
    """
    environment = _environment()
    style = environment.get_template(STYLE).render()
    return environment.get_template(TEMPLATE).render(
        data=data,
        style=Markup(style),  # noqa: S704 - a file of this package
        style_digest=b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        last=data.last,
        curves=figures.curves(data.rounds),
        balance=tallies.balance(data),
        quarantine=tallies.quarantine(data.quarantine),
        words=wording,
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tasks.reporting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=formats.clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= formats.FILTERS
    return environment
