"""Label Studio: one's own annotators, on one's own server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, Field

from tasks.domain.incoming import Hint, Parsed
from tasks.domain.needs import Need
from tasks.domain.outgoing import Capabilities, VendorContext
from tasks.trust import places

if TYPE_CHECKING:
    from tasks.vendors._label_studio.account import LabelStudioAccount


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https:// and name a host")
    places.origin(url)
    return url


@dataclass(frozen=True)
class LabelStudio:
    """One project a batch, on a Label Studio server (Community, 1.20 or newer).

    Annotators cost what you pay them; Label Studio itself charges nothing.

    Attributes
    ----------
    url : str
        The server's address, without ``/api``.
    token_env : str
        Name of the environment variable with a token: a personal access token or a legacy one.
    instructions : str
        What annotators are told before they begin; may have simple HTML.
    question : str
        Stands above the classes.
    timeout : float
        Seconds that are waited for a connection and for each silence during an answer.
    attempts : int
        How often what only reads is tried.
    pause : float
        Seconds before the second attempt; each later one waits twice as long.
    page : int
        Tasks in one page of answers.
    lag : float
        Seconds for which an answer may be under way within the server before it can be seen.
    """

    url: Annotated[str, AfterValidator(_address)] = "http://127.0.0.1:8080"
    token_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "LABEL_STUDIO_TOKEN"  # noqa: S105 # a name
    instructions: str = ""
    question: str = ""
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 120.0
    attempts: Annotated[int, Field(ge=1, le=10)] = 4
    pause: Annotated[float, Field(ge=0, le=30)] = 0.5
    page: Annotated[int, Field(ge=1, le=5000)] = 1000
    lag: Annotated[float, Field(ge=0, le=3600)] = 60.0

    @property
    def capabilities(self) -> Capabilities:
        """It shows guesses, withdraws what is open, and sends webhooks that it is asked for."""
        return Capabilities(
            max_tasks=1000, prelabels=True, cancel=True, events=True, subscribe=True
        )

    def connect(self, context: VendorContext) -> "LabelStudioAccount":
        """Open the campaign's account; speaks with nobody yet."""
        from tasks.vendors._label_studio.account import LabelStudioAccount

        return LabelStudioAccount(self, context)

    def needs(self) -> tuple[Need, ...]:
        """Name the server, which gets the token."""
        return (Need(places.origin(self.url), self.token_env, "url"),)

    def parse(self, record: Mapping[str, Any]) -> Parsed:
        """Understand one task with all its annotations.

        Raises
        ------
        MalformedRecordError
            It is not of the form that `fetch` gives.
        """
        from tasks.vendors._label_studio.records import parse

        return parse(record)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Understand a webhook; only the number of its project is taken from it.

        Raises
        ------
        MalformedRecordError
            It is none of Label Studio's.
        """
        from tasks.vendors._label_studio.records import parse_event

        return parse_event(body)
