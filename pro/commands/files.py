"""What a command is to write and cannot: one line that names the option, the path and why."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pro.cli import Wrong


@contextlib.contextmanager
def written(path: Path, option: str | None = None) -> Iterator[None]:
    """Around the writing of a file or into a folder; `option` is what the caller gave it with, none for an argument."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _refused(path, option, _why(path, error)) from None


def made_folder(path: Path, option: str | None = None) -> None:
    """Makes the folder where it is missing, and refuses one that nothing can be written into."""
    with written(path, option):
        path.mkdir(parents=True, exist_ok=True)
    writable(path, option)


def writable(path: Path, option: str | None = None) -> None:
    """Refuses before long work what could not be kept after it."""
    there = path if path.exists() else path.parent
    if not there.exists():
        raise _refused(path, option, f"there is no folder {there}")
    if there != path and not there.is_dir():
        raise _refused(path, option, _FILE_IN_PLACE)
    if not os.access(there, os.W_OK):
        raise _refused(path, option, f"{there} is not open to you")


_FILE_IN_PLACE = "a file stands where a folder is needed"


def _why(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError) and not path.parent.exists():
        return f"there is no folder {path.parent}"
    if isinstance(error, FileExistsError | NotADirectoryError):
        return _FILE_IN_PLACE
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    if isinstance(error, PermissionError):
        return f"{path if path.exists() else path.parent} is not open to you"
    return error.strerror or type(error).__name__


def _refused(path: Path, option: str | None, why: str) -> Wrong:
    return Wrong(f"{f'{option}: ' if option else ''}{path} cannot be written: {why}")
