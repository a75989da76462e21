"""Objects in a folder, as on a mounted share."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from tasks.domain.errors import TransientError, VendorAuthError, VendorError, VendorRefusedError
from tasks.domain.files import make_folder, sync_folder, write_atomic, write_beside
from tasks.objects.store import LIMIT, Blob, Info

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
PASSING = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EBUSY, errno.EINTR, errno.EAGAIN}
TRIES = 5
"""How often a file is read anew that somebody writes while it is read."""


class FolderObjects:
    """A folder that several processes, and a partner, share."""

    def __init__(self, root: Path) -> None:
        self._root = Path(os.path.normpath(root))

    @property
    def url(self) -> str:
        """Where it is."""
        return self._root.as_uri()

    def check(self) -> None:
        """Raise a `VendorError` if it is not there, or may not be read and written."""
        with self._mapped("list", ""):
            next(self._root.iterdir(), None)
        if not os.access(self._root, os.W_OK | os.X_OK):
            raise VendorAuthError("may not be written", where=self.url, fix="change its rights")

    def put_new(self, name: str, content: bytes) -> bool:
        """Write a file unless its name is taken; say whether it was free."""
        path = self._path(name)
        with self._mapped("write", name):
            self._make_parents(path)
            if path.exists():
                return False
            temporary = write_beside(path, content)
            try:
                os.link(temporary, path)
            except FileExistsError:
                return False
            finally:
                temporary.unlink(missing_ok=True)
            sync_folder(path.parent)
        return True

    def put(self, name: str, content: bytes) -> None:
        """Write a file, over another of its name if there is one."""
        path = self._path(name)
        with self._mapped("write", name):
            self._make_parents(path)
            write_atomic(path, content)

    def get(self, name: str, *, etag: str = "", limit: int = LIMIT) -> Blob | None:
        """Read a file; None if there is none of that name, or none with that tag."""
        path = self._path(name)
        with self._mapped("read", name):
            for _ in range(TRIES):
                try:
                    blob = self._read(path, limit)
                except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
                    self._must_be_there()
                    return None
                if blob is not None:
                    return None if etag and blob.etag != etag else blob
        raise TransientError("is being written all the time", where=f"{self.url}/{name}")

    def find(self, prefix: str = "", *, after: str = "") -> list[Info]:
        """List the files whose names begin with `prefix` and come after `after`, by name."""
        folder = self._path(prefix.rpartition("/")[0]) if "/" in prefix else self._root
        with self._mapped("list", prefix):
            self._must_be_there()
            found = [
                info
                for path in _files(folder)
                if (info := self._info(path)) and info.name.startswith(prefix)
            ]
        return sorted((one for one in found if one.name > after), key=lambda one: one.name)

    def head(self, name: str) -> Info | None:
        """Say what is known of one file; None if it is not there."""
        with self._mapped("read", name):
            self._must_be_there()
            return self._info(self._path(name))

    def now(self) -> datetime:
        """Tell the time by this machine's clock."""
        return datetime.now(UTC)

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def _path(self, name: str) -> Path:
        path = self._root / name
        parts = name.split("/")
        if not name or "\0" in name or any(part in ("", ".", "..") for part in parts):
            raise VendorRefusedError(f"{name!r} is no name of an object", where=self.url)
        # A link that somebody laid into the folder must not lead out of it.
        with self._mapped("read", name):
            inside = path.parent.resolve().is_relative_to(self._root.resolve())
            if not inside or path.is_symlink():
                raise VendorRefusedError(f"{name!r} leads out of the folder", where=self.url)
        return path

    def _make_parents(self, path: Path) -> None:
        # A share that is not mounted must not be made anew on the disk below it.
        self._must_be_there()
        missing = [one for one in path.parents if not one.exists()]
        make_folder(path.parent)
        for one in missing:
            sync_folder(one.parent)

    def _must_be_there(self) -> None:
        if not self._root.is_dir():
            fix = "make it, or mount what belongs there"
            raise VendorRefusedError("there is no such folder", where=self.url, fix=fix)

    def _read(self, path: Path, limit: int) -> Blob | None:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(handle)
            content = file.read(min(limit, before.st_size) + 1)
            after = os.fstat(handle)
        if len(content) > limit:
            what = f"has more than {limit / (1 << 20):g} MB"
            raise VendorRefusedError(what, where=path.as_uri(), fix="divide it")
        if _tag(before) != _tag(after) or len(content) != after.st_size:
            return None
        return Blob(content, _tag(after), _time(after))

    def _info(self, path: Path) -> Info | None:
        try:
            stat = path.stat(follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not S_ISREG(stat.st_mode):
            return None
        name = path.relative_to(self._root).as_posix()
        return Info(name, _tag(stat), stat.st_size, _time(stat))

    @contextmanager
    def _mapped(self, action: str, name: str) -> Iterator[None]:
        try:
            yield
        except (OSError, RuntimeError) as error:
            raise _mapped(error, action, f"{self.url}/{name}".rstrip("/")) from error


def _files(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            raise error

    for here, folders, files in os.walk(folder, onerror=fail):
        folders[:] = [one for one in folders if not one.startswith(".")]
        yield from (Path(here, one) for one in files if not one.startswith("."))


def _tag(stat: os.stat_result) -> str:
    return f"{stat.st_ino:x}-{stat.st_size:x}-{stat.st_mtime_ns:x}"


def _time(stat: os.stat_result) -> str:
    return datetime.fromtimestamp(stat.st_mtime, UTC).isoformat(timespec="milliseconds")


def _mapped(error: OSError | RuntimeError, action: str, where: str) -> VendorError:
    if isinstance(error, RuntimeError):
        return VendorRefusedError("its links go round in circles", where=where)
    if error.errno in FULL:
        fix = "make room, or raise its quota"
        return VendorRefusedError(f"the folder is full ({error.strerror})", where=where, fix=fix)
    if error.errno == errno.ENOENT:
        fix = "make it, or mount what belongs there"
        return VendorRefusedError("there is no such folder", where=where, fix=fix)
    if error.errno in DENIED:
        fix = "change the rights of the folder, or use one that has hard links"
        return VendorAuthError(f"may not {action} it ({error.strerror})", where=where, fix=fix)
    if error.errno in PASSING:
        return TransientError(f"cannot {action} it now ({error.strerror})", where=where)
    return VendorRefusedError(f"cannot {action} it ({error.strerror})", where=where)
