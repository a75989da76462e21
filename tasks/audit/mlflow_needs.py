"""What MLflow needs confirmed: the server or database, and where a server puts its files.

MLflow's client sends what the user has for it (``MLFLOW_TRACKING_TOKEN``, a password, netrc) to
whatever ``tracking.uri`` names, and reads and writes files wherever the answer says that they are.
So both are looked at before it does.
"""

from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from tasks import campaign as at
from tasks.domain.errors import ParamsError, UntrustedError
from tasks.domain.needs import AWS, MLFLOW, Need
from tasks.trust import guard, own, places

FIELD = f"{at.PARAMS} tracking.uri"
DATABASE = "sqlite:///"
SERVER = ("http://", "https://")
FILES = "files of MLflow"
LED_ON = ("runs", "models")
"""Schemes that MLflow looks up, to come back with another address."""
PROXIED = "mlflow-artifacts"
CLOUD = "credentials of that store"


def of(uri: str) -> list[Need]:
    """Name the server with what MLflow sends there, or the database's file.

    Raises
    ------
    ParamsError
        It is of another kind, or no address.
    """
    if uri.startswith(DATABASE):
        return [Need(_file(uri), field=FIELD)]
    if not uri.startswith(SERVER):
        fix = f"name a database as {DATABASE}mlflow.db, or a server as https://mlflow.example.org"
        raise ParamsError("is of a kind that is not used", where=FIELD, fix=fix)
    return [Need(_origin(uri), MLFLOW, FIELD)]


def address(root: Path, uri: str) -> str:
    """Spell the address in the one way that was judged; a file's begins at the campaign."""
    if file := database(root, uri):
        return f"{DATABASE}{file}"
    _origin(uri)
    return places.address(uri)


def database(root: Path, uri: str) -> Path | None:
    """Give the database's file; None if the address is a server's."""
    return root.resolve() / _file(uri) if uri.startswith(DATABASE) else None


def require(root: Path, uri: str) -> None:
    """Raise an `UntrustedError` unless the server or database was confirmed."""
    for need in of(uri):
        guard.require(need, root)


def require_files(root: Path, uri: str, artifacts: str) -> None:
    """Raise an `UntrustedError` unless MLflow may read and write files where it says they are.

    Parameters
    ----------
    uri : str
        ``tracking.uri``.
    artifacts : str
        What the server or database says; both may be a stranger's.
    """
    parts = urlsplit(artifacts)
    if parts.scheme in LED_ON:
        return
    if parts.scheme == PROXIED:
        _refuse_other_proxy(uri, parts)
        return
    need = _of_files(parts, artifacts)
    # A campaign of one's own that was moved has its files where it was before.
    if not (need.is_path and uri.startswith(DATABASE) and own.is_own(root / at.PRIVATE)):
        guard.require(need, root)


def _of_files(parts: SplitResult, artifacts: str) -> Need:
    if parts.scheme in ("", "file"):
        if parts.netloc:
            raise UntrustedError("names files of another machine", where=FILES)
        # A path is named whole: relative ones would depend on where the process was started.
        return Need(str(Path("/", unquote(parts.path))), field=FILES)
    if parts.scheme in ("http", "https"):
        return Need(_origin(artifacts), MLFLOW, FILES)
    place = f"{parts.scheme}://{parts.netloc}"
    return Need(place, AWS if parts.scheme == "s3" else CLOUD, FILES)


def _refuse_other_proxy(uri: str, parts: SplitResult) -> None:
    if parts.netloc and parts.netloc != urlsplit(places.address(uri)).netloc:
        raise UntrustedError(
            "is another server than tracking.uri", where=f"{FILES}: {parts.netloc}"
        )


def _file(uri: str) -> str:
    path = uri.removeprefix(DATABASE)
    if not path or set(path) & set("?#%:\\\0"):
        what = "names no file of a database: ? # % : and backslashes cannot be in it"
        raise ParamsError(what, where=FIELD)
    return path


def _origin(uri: str) -> str:
    try:
        return places.origin(uri)
    except ValueError as error:
        raise ParamsError(str(error), where=FIELD) from None
