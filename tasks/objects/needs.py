"""What a store needs before it may be spoken with."""

from urllib.parse import unquote, urlsplit

from tasks.domain.errors import ParamsError
from tasks.domain.needs import AWS, Need
from tasks.objects.store import Access
from tasks.trust import places


def of_store(url: str, access: Access, option: str = "endpoint") -> tuple[Need, ...]:
    """Name a bucket with the keys that open it, or a folder.

    Parameters
    ----------
    option : str
        What the vendor calls `Access.endpoint`.

    Raises
    ------
    ParamsError
        The endpoint is no address.
    """
    if not url.startswith("s3://"):
        return (Need(folder_of(url), field="url"),)
    try:
        place = places.bucket(url, access.endpoint)
    except ValueError as error:
        what = f"the endpoint is no address of a store ({error})"
        raise ParamsError(what, where=url, fix="mend it") from None
    return with_keys(place, access, option if access.endpoint else "url")


def with_keys(place: str, access: Access, field: str) -> tuple[Need, ...]:
    """Name a place once with each key that is sent there."""
    names = [name for name in (access.key_id, access.key_secret) if name] or [AWS]
    return tuple(Need(place, name, field) for name in names)


def folder_of(url: str) -> str:
    """Give the path of ``file:///folder``, or of a path."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == "file" else url
