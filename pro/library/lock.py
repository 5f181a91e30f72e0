"""`published.lock`: the hash of every published file. What stands here never changes; a new version is a new file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pro.library.files import Problem, Unreadable, sha256, shown_path

NAME = "published.lock"


def read_lock(root: Path) -> dict[str, str]:
    """Path under `root` → sha256 of every published file; raises Unreadable naming the broken line."""
    path = root / NAME
    if not path.exists():
        return {}
    locked: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        match = re.fullmatch(r"([0-9a-f]{64})  (\S+)", line)
        if match is None:
            problems.append(Problem(shown_path(path), number, "must be `<sha256>  <path>`; restore the line"))
        elif match[2] in locked:
            problems.append(Problem(shown_path(path), number, f"{match[2]} stands here twice; keep the first"))
        else:
            locked[match[2]] = match[1]
    if problems:
        raise Unreadable(problems)
    return locked


def check_lock(root: Path, locked: Mapping[str, str]) -> list[Problem]:
    """The published files that are gone or no longer what was published."""
    problems = []
    for name, published in locked.items():
        path = root / name
        if not path.is_file():
            problems.append(Problem(shown_path(path), 1, "was published and is gone; restore it"))
        elif sha256(path.read_bytes()) != published:
            what = "was published and has changed since; restore it and put the change into a new version"
            problems.append(Problem(shown_path(path), 1, what))
    return problems


def add_to_lock(root: Path, path: Path) -> bool:
    """Writes the file's hash into the lock; False where it stood there already."""
    locked = read_lock(root)
    name = path.relative_to(root).as_posix()
    if name in locked:
        return False
    locked[name] = sha256(path.read_bytes())
    lines = [f"{locked[name]}  {name}\n" for name in sorted(locked)]
    (root / NAME).write_text("".join(lines), "utf-8")
    return True
