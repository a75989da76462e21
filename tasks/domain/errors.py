"""The one error tree.

::

    LabelloopError            anything that labelloop itself raises
    ├── UserError             a person can mend it: one line, exit code 2
    │   ├── ParamsError       params.yaml says something that cannot be done
    │   ├── DataError         a file of items, answers or labels is not what it must be
    │   ├── CampaignError     the directory is not (or not now) a campaign that can run
    │   │   └── NotHereError  this clone need not have what was asked for, and does not
    │   └── BudgetError       a push would cost more than is left
    ├── LedgerError           the ledger cannot be read or written as it must be
    │   └── EntryExistsError  another process has written this entry first
    └── VendorError           a call to an annotation vendor went wrong
        ├── VendorRefusedError        it was declined; asking again changes nothing (UserError too)
        │   ├── UntrustedError            nobody has confirmed that this place is to be spoken with
        │   ├── VendorAuthError           the token is missing, wrong, expired or revoked
        │   ├── RejectedItemError         some tasks cannot be taken, each for a reason
        │   ├── BatchConflictError        a batch of that name is there and is another one
        │   ├── CapabilityMissingError    this vendor cannot do that
        │   └── VendorClosedError         the batch was closed or cancelled
        │       └── BatchDeletedError         the vendor does not have the batch any more
        ├── ThrottledError            too often; it took no effect; try again later
        ├── TransientError            it took no effect, and may succeed another time
        └── OutcomeUnknownError       nobody knows whether it took effect: reconcile, never resend
"""

from collections.abc import Mapping

from tasks.domain.blotting import blotted
from tasks.domain.escapes import visible


class LabelloopError(Exception):
    """Anything that labelloop itself raises.

    Secrets that are known are blotted out of its words, which may be those of a server.

    Parameters
    ----------
    what : str
        What is wrong, in words that a user knows.
    where : str, optional
        The file, field or item that it is wrong in.
    fix : str, optional
        What to do about it, as an imperative.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        what, where, fix = (blotted(part) for part in (what, where, fix))
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        line = f"{line}; {self.fix}" if self.fix else line
        return visible(" ".join(line.split()))


class UserError(LabelloopError):
    """Something that a person can mend; told in one line, exit code 2."""


class ParamsError(UserError):
    """params.yaml asks for something that cannot be done."""


class DataError(UserError):
    """A file of items, answers or labels is not what it must be."""


class CampaignError(UserError):
    """The directory is not, or not now, a campaign that can run."""


class NotHereError(CampaignError):
    """What was asked for is in other clones of the campaign, and need not be in this one."""


class BudgetError(UserError):
    """A push would cost more than the campaign has left."""


class LedgerError(LabelloopError):
    """The ledger cannot be read or written as it must be."""


class EntryExistsError(LedgerError):
    """Another process has written this entry first."""


class VendorError(LabelloopError):
    """A call to an annotation vendor went wrong."""


class VendorRefusedError(VendorError, UserError):
    """The vendor understood and declined; asking again changes nothing."""


class OutcomeUnknownError(VendorError):
    """Nobody knows whether the call took effect: reconcile, never resend."""


class UntrustedError(VendorRefusedError):
    """A campaign names a place, or a secret for it, that this user has not confirmed."""


class VendorAuthError(VendorRefusedError):
    """The token is missing, wrong, expired or revoked, or may not do this."""


class RejectedItemError(VendorRefusedError):
    """Some tasks cannot be taken; none of the call was.

    Parameters
    ----------
    reasons : mapping of str to str
        Why, for each key that was rejected; never empty.
    """

    def __init__(self, reasons: Mapping[str, str], *, where: str = "", fix: str = "") -> None:
        key, reason = next(iter(reasons.items()))
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        super().__init__(f"task {key} was rejected: {reason}{more}", where=where, fix=fix)
        self.reasons = {key: blotted(reason) for key, reason in reasons.items()}


class BatchConflictError(VendorRefusedError):
    """A batch of that name is there and is another one."""


class CapabilityMissingError(VendorRefusedError):
    """The vendor cannot do what was asked."""


class VendorClosedError(VendorRefusedError):
    """The batch was closed or cancelled, and takes nothing more."""


class BatchDeletedError(VendorClosedError):
    """The vendor had the batch, and does not have it any more: somebody deleted it there.

    What to do about it is a person's decision, and the same for every vendor.
    """

    def __init__(self, what: str, *, where: str = "") -> None:
        fix = (
            "restore it there, or run `labelloop resend` to ask anew for what is missing, or "
            "`labelloop take` to go on with the answers that were fetched"
        )
        super().__init__(what, where=where, fix=fix)


class ThrottledError(VendorError):
    """Asked too often; it took no effect.

    Parameters
    ----------
    retry_after : float or None
        Seconds that the vendor asks to wait.
    """

    def __init__(
        self, what: str, *, where: str = "", fix: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.retry_after = retry_after


class TransientError(VendorError):
    """It took no effect, and may succeed another time."""
