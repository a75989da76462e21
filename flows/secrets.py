"""Secrets that the environment lacks, out of Prefect's Secret blocks."""

from tasks.domain import secrets
from tasks.domain.errors import TransientError


def offer_blocks() -> None:
    """Let every secret that is not in the environment be looked up in Prefect."""
    secrets.offer(from_block)


def from_block(name: str) -> str | None:
    """Read the Secret block of an environment variable's name; None if there is none.

    Asks nobody where no Prefect API is configured.

    Parameters
    ----------
    name : str
        As ``LABEL_STUDIO_TOKEN``; the block is then named ``label-studio-token``.

    Raises
    ------
    TransientError
        Prefect does not answer.
    """
    from prefect.settings import PREFECT_API_URL

    return _load(name.lower().replace("_", "-")) if PREFECT_API_URL.value() else None


def _load(block: str) -> str | None:
    import httpx
    from prefect.blocks.system import Secret
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        value = Secret.load(block, _sync=True).get()  # type: ignore[call-arg, union-attr]
    except ValueError:
        return None
    except (httpx.HTTPError, PrefectHTTPStatusError) as error:
        where = f"Prefect Secret block {block}"
        # What they say may hold an address with credentials.
        raise TransientError(f"cannot be read ({type(error).__name__})", where=where) from None
    return value if isinstance(value, str) else None
