"""What a strategy, learner, aggregator, stop rule, vendor and ledger must be.

A component is a frozen dataclass whose fields are its options; it holds no other state, so one that
is built anew from params.yaml behaves as the one before. `tests/contracts` holds the laws.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from tasks.domain.choosing import Candidates, Consensus, Floats
from tasks.domain.entries import Entry
from tasks.domain.incoming import Hint, Page, Parsed, Progress, Receipt, Statement
from tasks.domain.needs import Need
from tasks.domain.outgoing import (
    BatchSpec,
    Capabilities,
    Decision,
    Reference,
    Task,
    VendorContext,
    Webhook,
)
from tasks.domain.outlook import Outlook, Verdict

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class Strategy(Protocol):
    """Says how much each candidate is wanted.

    Laws: scores are finite, one per candidate, and do not depend on the candidates' order; the
    same generator state gives the same scores; options alone are its state.
    """

    needs_model: ClassVar[bool]
    """Whether it reads `Candidates.probabilities`."""
    is_random: ClassVar[bool]
    """Whether taking the n highest scores is a simple random sample of the candidates."""
    needs_features: ClassVar[bool]
    """Whether it reads `Candidates.features`."""

    def score(self, candidates: Candidates, n: int, rng: "np.random.Generator") -> Floats:
        """Score every candidate, shape (len(candidates),); higher is wanted more.

        `n` is how many will be taken, for strategies that spread themselves over the batch.
        """
        ...

    def reason(self, score: float, top: Sequence[tuple[str, float]]) -> str:
        """Say in one sentence why an item with this score is wanted.

        `top` holds its two most probable classes with their probabilities; empty without a model.
        """
        ...


class Learner(Protocol):
    """Makes the classifier at the end of the pipeline."""

    def estimator(self, seed: int) -> Any:
        """Make an unfitted scikit-learn classifier, deterministic for a seed."""
        ...


class Aggregator(Protocol):
    """Makes one label per item out of several answers.

    Laws: independent of the answers' order to the last bit; unanimous answers win, even over a
    known class; confidence is within [0, 1]; every item with an answer gets exactly one label, and
    it is one of `classes`. Known items are labelled as if they were not known, so that comparing
    the two shows how good labels are.
    """

    def aggregate(
        self, answers: "pd.DataFrame", classes: Sequence[str], known: Mapping[str, str]
    ) -> Consensus:
        """Aggregate a frame with the columns item_id, annotator_id, label.

        `known` has the classes of items that were known before anybody was asked, by item_id;
        not all of them need have answers.
        """
        ...


class StopRule(Protocol):
    """Says whether another round is worth its money."""

    def verdict(self, outlook: Outlook) -> Verdict:
        """Decide; the reason is given either way."""
        ...

    def go_on(self, outlook: Outlook) -> str:
        """Say what to change so that the campaign goes on after this rule fired.

        Such as the parameter to raise, by its name in params.yaml; asked only if the rule fires.
        """
        ...


class Account(Protocol):
    """An open connection to a vendor for one campaign.

    Laws, checked by `labelloop_contracts.vendor`:

    - Nothing is done twice. `ensure_batch` twice is one batch, and another spec under the same
      name is a conflict; `submit` twice adds nothing, also by two processes at once, after a kill,
      or after a time-out whose effect nobody knows; `decide` twice pays once.
    - Nothing is lost. Following the cursors gives every record; a cursor can be used again at any
      later time and skips nothing; `export_raw` alone rebuilds the same answers.
    - Nothing is invented. `poll` writes nothing and agrees with `fetch`; predictions, skips, empty
      answers and imported gold are no labels; an error's body is never taken for success.
    - Its own only. `close` and `cancel` touch this batch alone; `cancel` keeps what was answered.
    - Only `tasks.domain.errors.VendorError` leaves it, of the narrowest kind that fits. A call that
      may have taken effect raises `OutcomeUnknownError` and is not tried again before `reconcile`.
    - Secrets come from `tasks.trust.guard.secret`, which is told where they go, and reach neither
      messages nor stored bodies.
    - All times are UTC, and hours are counted by the vendor's clock.
    """

    def preflight(self) -> None:
        """Raise a `VendorRefusedError` if a batch could not be sent now; change nothing."""
        ...

    def ensure_batch(self, spec: BatchSpec) -> Reference:
        """Make the batch if it is not there; raise a `BatchConflictError` if it is another."""
        ...

    def submit(self, reference: Reference, tasks: Sequence[Task]) -> list[Receipt]:
        """Send tasks, at most `Capabilities.max_tasks`; give one receipt for each, in their order.

        Each key is taken once however often it is sent.

        Raises
        ------
        RejectedItemError
            Some tasks cannot be taken; names them all, and none of the call was taken.
        VendorClosedError
            The batch was closed, cancelled or deleted.
        """
        ...

    def reconcile(self, reference: Reference) -> list[Receipt]:
        """List the tasks that the vendor has of this batch, each key once, in the order of keys."""
        ...

    def poll(self, reference: Reference) -> Progress:
        """Ask how far a batch is, at a cost that does not grow with the batch."""
        ...

    def fetch(self, reference: Reference, cursor: Mapping[str, Any] | None) -> Page:
        """Get records of the batch that are new or changed since `cursor`; None for all."""
        ...

    def export_raw(self, reference: Reference) -> tuple[Mapping[str, Any], ...]:
        """Get everything that the vendor now has of the batch, as records that `parse` takes."""
        ...

    def decide(self, reference: Reference, decisions: Sequence[Decision]) -> None:
        """Accept and reject answers; the first decision of an answer stands."""
        ...

    def extend(self, reference: Reference, hours: float) -> None:
        """Leave the batch open until at least so many hours from now."""
        ...

    def cancel(self, reference: Reference) -> None:
        """Withdraw all that is not answered yet; what is answered stays and can be fetched."""
        ...

    def close(self, reference: Reference) -> None:
        """Say that nothing more is wanted of this batch; it can still be read."""
        ...

    def statement(self, references: Sequence[Reference]) -> Statement:
        """Get the vendor's own account of some batches."""
        ...

    def disconnect(self) -> None:
        """Let go of files and connections."""
        ...


class Subscriber(Protocol):
    """What the account of a vendor also is if its capabilities have `subscribe`.

    Laws: registering twice is once, also by two processes at once or after a kill; only what was
    registered for this address is removed; the secret is kept nowhere and is in no message.
    """

    def subscribe(self, reference: Reference, hook: Webhook) -> None:
        """Have the events of a batch sent to an address; changes a secret that is another now."""
        ...

    def unsubscribe(self, reference: Reference, hook: Webhook) -> None:
        """Send no more events of a batch to the address; does nothing if none are sent."""
        ...


class Vendor(Protocol):
    """Where annotators are found."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, by its options alone."""
        ...

    def connect(self, context: VendorContext) -> Account:
        """Open the campaign's account; speaks with nobody yet."""
        ...

    def needs(self) -> tuple[Need, ...]:
        """List the places that its options name, and the secrets that go there.

        A field is the name of an option. A campaign may be a stranger's, so nothing is connected to
        before the user has confirmed all of it (`tasks.trust.guard`). A vendor without this
        method is confirmed by its name with its options.
        """
        ...

    def parse(self, record: Mapping[str, Any]) -> Parsed:
        """Understand one record, without asking anybody.

        Raises
        ------
        MalformedRecordError
            It is not of the vendor's form.
        """
        ...

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> Hint:
        """Understand a webhook that was found genuine; raises `MalformedRecordError`.

        Parameters
        ----------
        headers : mapping of str to str
            With names in lower case.
        """
        ...


class Ledger(Protocol):
    """The append-only, hash-chained list of facts.

    Laws: entry n is written once, whoever tries; the entries read are always a whole chain; what
    `record` was asked for is there once, however many processes asked; what was kept is there.
    """

    @property
    def head(self) -> str:
        """The digest of the newest entry; `tasks.domain.entries.GENESIS` if there is none."""
        ...

    def entries(self) -> tuple[Entry, ...]:
        """Read all entries, oldest first."""
        ...

    def append(
        self, round_number: int, kind: str, body: Mapping[str, Any], *, seq: int | None = None
    ) -> Entry:
        """Write the next fact, or raise `tasks.domain.errors.EntryExistsError`.

        With `seq` it is written only as that entry: only if nobody has written anything since.
        """
        ...

    def record(self, round_number: int, kind: str, body: Mapping[str, Any]) -> Entry:
        """Write a fact unless it is there already."""
        ...

    def keep(self, content: bytes) -> str:
        """Keep bytes that an entry is about to name; give their SHA-256."""
        ...

    def kept(self, sha256: str) -> bytes | None:
        """Read bytes that were kept; None if they are not here any more."""
        ...
