"""A copy of a wheel's programs where every account can execute them: root's, world-readable, complete or absent."""

import hashlib
import os
import secrets
import shutil
import stat
from pathlib import Path

from syncd.errors import Stalled

CACHE = Path("/var/cache/syncd")
NOT_NEEDED = ("include", "__pycache__")


def copy_binaries(root: Path, tree: tuple[str, ...], *, cache: Path = CACHE) -> Path:
    """Return a folder that holds *tree* as it stands below *root*, copied there once. Raises Stalled when it cannot be made.

    Its name is a digest of the listing, so another version of the wheel gets another folder. Old ones stay: a server may run from them.
    """
    listing = _list_files(root, tree)
    digest = hashlib.sha256(repr(listing).encode()).hexdigest()[:16]
    copied = cache / f"{tree[0].split('/')[0]}-{digest}"
    try:
        _make_cache(cache)
        if not copied.is_dir():
            _copy(root, tree, copied)
        if copied.lstat().st_uid != os.geteuid() or _list_files(copied, tree) != listing:
            raise _unusable(copied, "it is not the copy that was made")
    except OSError as error:
        raise _unusable(copied, error.strerror or str(error)) from error
    return copied


def _list_files(root: Path, tree: tuple[str, ...]) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for part in tree:
        for folder, folders, names in os.walk(root / part):
            folders[:] = [name for name in folders if name not in NOT_NEEDED]
            paths = [Path(folder) / name for name in names]
            found.extend((str(path.relative_to(root)), path.stat().st_size) for path in paths)
    return sorted(found)


def _make_cache(cache: Path) -> None:
    cache.mkdir(mode=0o755, parents=True, exist_ok=True)
    found = cache.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise _unusable(cache, "others may write to it")
    cache.chmod(0o755)  # the umask may have closed it


def _copy(root: Path, tree: tuple[str, ...], copied: Path) -> None:
    fresh = copied.with_name(f".{copied.name}-{secrets.token_hex(8)}")
    try:
        for part in tree:
            shutil.copytree(
                root / part, fresh / part, ignore=shutil.ignore_patterns(*NOT_NEEDED), copy_function=shutil.copyfile
            )
        for folder, _, names in os.walk(fresh):
            # The wheel's own modes do not matter: a umask of 077 at its installation has closed them.
            for path in (Path(folder), *(Path(folder) / name for name in names)):
                path.chmod(0o755)
        try:
            fresh.rename(copied)
        except OSError:
            if not copied.is_dir():
                raise  # otherwise another start was quicker, with the same files
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _unusable(path: Path, reason: str) -> Stalled:
    return Stalled(
        "server_binaries",
        f"The server programs cannot be copied to {path} for an unprivileged account: {reason}.",
        hint="Install syncd where every user can read it (not below /root), or run it as an ordinary user.",
    )
