"""Whether a stranger's campaign brings what none may bring, or says what none may say."""

from collections.abc import Callable

from tasks import campaign as at
from tasks.audit.findings import Findings
from tasks.campaign import Campaign
from tasks.validation import suites
from tasks.versions import dvc_config, dvc_files

KIND = "refused"


def check(campaign: Campaign, findings: Findings) -> bool:
    """List what is refused of a campaign that is not the user's own; say if the rest may be read.

    What is one's own is refused where it is used: a whole look takes seconds.
    """
    refused = at.refusals(campaign)
    for error in refused:
        findings.problem(KIND, error.where, error.what)
    if not campaign.is_own:
        _settings(campaign, findings)
    if refused:
        findings.skip("everything else: first, what is refused must be gone")
    return not refused


def _settings(campaign: Campaign, findings: Findings) -> None:
    looks: dict[str, Callable[[], object]] = {
        dvc_config.CONFIG: lambda: dvc_config.refuse(campaign.root),
        at.PIPELINE: lambda: dvc_files.checked(campaign.root),
        at.PARAMS: campaign.params,
        at.ROUND: lambda: campaign.record,
    }
    for name, look in looks.items():
        with findings.guarded(KIND, name):
            look()
    for name in at.SUITES:
        with findings.guarded(KIND, name):
            suites.parse(campaign.path(name).read_bytes(), name)
