"""The one error tree.

::

    LabelloopError            anything that labelloop itself raises
    ├── UserError             a person can mend it: one line, exit code 2
    │   ├── ParamsError       params.yaml says something that cannot be done
    │   ├── DataError         a file of items, answers or labels is not what it must be
    │   ├── CampaignError     the directory is not (or not now) a campaign that can run
    │   └── BudgetError       a push would cost more than is left
    ├── LedgerError           the ledger cannot be read or written as it must be
    │   └── EntryExistsError  another process has written this entry first
    └── VendorError           a call to an annotation vendor went wrong
        ├── VendorRefusedError    it was understood and declined; asking again changes nothing
        └── OutcomeUnknownError   nobody knows whether it took effect: reconcile, never resend
"""


class LabelloopError(Exception):
    """Anything that labelloop itself raises.

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
        super().__init__(what)
        self.what, self.where, self.fix = what, where, fix

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        line = f"{line}; {self.fix}" if self.fix else line
        return " ".join(line.split())


class UserError(LabelloopError):
    """Something that a person can mend; told in one line, exit code 2."""


class ParamsError(UserError):
    """params.yaml asks for something that cannot be done."""


class DataError(UserError):
    """A file of items, answers or labels is not what it must be."""


class CampaignError(UserError):
    """The directory is not, or not now, a campaign that can run."""


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
