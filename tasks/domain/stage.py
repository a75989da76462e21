"""What a stage reads and writes: the one place from which dvc.yaml and the ledger know it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """The declaration of one stage.

    Attributes
    ----------
    name : str
        Its module in `tasks`.
    inputs, outputs : tuple of str
        Files, relative to the campaign, that it reads and writes. Nothing else may change what
        it writes.
    params : tuple of str
        The sections of params.yaml that it reads.
    persists : tuple of str
        Outputs that grow over several runs, so that a re-run does not start by deleting them.
    intake : str
        A folder of files that came in after the campaign was made, of which the stage reads those
        that round.json lists; empty if it reads none.
    model : str
        The input that is a model of which objects are made; empty if it reads none. Its `run` then
        takes the SHA-256 that the model must have, as ``model``.
    """

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: tuple[str, ...]
    persists: tuple[str, ...] = ()
    intake: str = ""
    model: str = ""
