"""Reads and checks `questionnaires/` once: read-only questionnaires and protocols, or every problem with its line.

A file is a draft until its hash stands in `published.lock`; from then on it never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pro.domain.protocol import Protocol
from pro.domain.questionnaire import Questionnaire
from pro.library import protocols as protocol_files
from pro.library import questionnaires as questionnaire_files
from pro.library.cases import check_cases
from pro.library.files import Problem, Unreadable, plain_path, read, shown_path
from pro.library.lock import add_to_lock, check_lock, read_lock
from pro.library.results import check_results

__all__ = [
    "DEFAULT_ROOT",
    "Library",
    "Problem",
    "Unknown",
    "Unreadable",
    "check_protocol_file",
    "load",
    "load_questionnaire",
    "publish_protocol",
    "publish_questionnaire",
]

DEFAULT_ROOT = Path(__file__).resolve().parents[2] / "questionnaires"

T = TypeVar("T")
Name = tuple[str, str]


class Unknown(KeyError):
    """No such questionnaire or protocol; the message says which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True, eq=False)
class Library:
    """What is in `questionnaires/`, checked; by id and version. Read once, so each is only equal to itself."""

    root: Path
    worked_examples: int
    """How many examples were played when it was read; all of them passed."""
    _questionnaires: Mapping[Name, Questionnaire] = field(repr=False)
    _protocols: Mapping[Name, Protocol] = field(repr=False)
    _locked: Mapping[str, str] = field(repr=False)

    def questionnaire(self, id: str, version: str) -> Questionnaire:
        """That version; raises Unknown."""
        return _found(self._questionnaires, id, version, "questionnaire")

    def latest_questionnaire(self, id: str) -> Questionnaire:
        """The highest version; raises Unknown."""
        return _latest(self._questionnaires, id, "questionnaire")

    def questionnaires(self) -> tuple[Questionnaire, ...]:
        """All of them, by id and rising version."""
        return tuple(self._questionnaires.values())

    def worded(self, laid: Mapping[Name, Questionnaire]) -> Library:
        """The same library with these questionnaires in place of its own of the same name."""
        return replace(self, _questionnaires={**self._questionnaires, **laid})

    def protocol(self, id: str, version: str) -> Protocol:
        """That version; raises Unknown."""
        return _found(self._protocols, id, version, "protocol")

    def latest_protocol(self, id: str) -> Protocol:
        """The highest version; raises Unknown."""
        return _latest(self._protocols, id, "protocol")

    def protocols(self) -> tuple[Protocol, ...]:
        """All of them, by id and rising version."""
        return tuple(self._protocols.values())

    def is_published(self, id: str, version: str) -> bool:
        """Whether that version of the questionnaire may be used outside demonstration and rehearsal."""
        return f"library/{id}/{version}.yaml" in self._locked

    def is_protocol_published(self, id: str, version: str) -> bool:
        """Whether that version of the protocol may be used outside demonstration and rehearsal."""
        return f"protocols/{id}/{version}.yaml" in self._locked


def load(root: Path = DEFAULT_ROOT) -> Library:
    """Everything under `root`, checked; raises Unreadable with every problem found."""
    root = plain_path(root)
    problems: list[Problem] = []
    locked = _gathered(problems, lambda: read_lock(root)) or {}
    problems += check_lock(root, locked)
    questionnaires, examples = _read_questionnaires(root, problems)
    protocols = _read_protocols(root, questionnaires, problems)
    problems += _drafts_in_published(root, locked, protocols)
    if problems:
        raise Unreadable(problems)
    return Library(root, examples, questionnaires, protocols, locked)


def load_questionnaire(id: str, version: str | None = None, root: Path = DEFAULT_ROOT) -> Questionnaire:
    """That version, or the highest, from its own files alone: checked and its worked examples played.

    Whether the other files hold, and whether there is what its `from:` names, only `load` says. Raises Unknown and
    Unreadable.
    """
    root = plain_path(root)
    room = root / "library"
    there = {(path.parent.name, path.stem): path for path in _files(room) if path.stem.isdecimal()}
    path = _latest(there, id, "questionnaire") if version is None else _found(there, id, version, "questionnaire")
    name = path.relative_to(root).as_posix()
    problems = check_lock(root, {each: hash_ for each, hash_ in read_lock(root).items() if each == name})
    questionnaire = _gathered(problems, partial(_read_questionnaire, path, room))
    if questionnaire is not None:
        _gathered(problems, partial(check_cases, questionnaire, path))
    if problems or questionnaire is None:
        raise Unreadable(problems)
    return questionnaire


def check_protocol_file(path: Path, root: Path = DEFAULT_ROOT, warnings: list[Problem] | None = None) -> Protocol:
    """The protocol of one file, its questionnaires from `root`; raises Unreadable with every problem found.

    The file may stand anywhere; under `root` its folder and name must agree with its id and version. What is
    allowed and worth a second look goes to `warnings`, also where problems are found.
    """
    root, path = plain_path(root), plain_path(path)
    problems: list[Problem] = []
    questionnaires, _ = _read_questionnaires(root, problems)
    if problems:
        raise Unreadable(problems)
    room = root / "protocols"
    place = room if path.is_relative_to(room) else None
    protocol = protocol_files.build(read(path), path, place, questionnaires, warnings)
    changed = [each for each in check_lock(root, read_lock(root)) if each.file == shown_path(path)]
    if changed:
        raise Unreadable(changed)
    return protocol


def publish_questionnaire(library: Library, questionnaire: Questionnaire) -> bool:
    """Writes the file's hash to the lock, for good; False where it was published already."""
    return add_to_lock(library.root, library.root / "library" / questionnaire.id / f"{questionnaire.version}.yaml")


def publish_protocol(library: Library, protocol: Protocol) -> bool:
    """Writes the file's hash to the lock, for good; False where it was published already.

    Raises Unreadable while a questionnaire of it is a draft.
    """
    path = library.root / "protocols" / protocol.id / f"{protocol.version}.yaml"
    name = path.relative_to(library.root).as_posix()
    drafts = _drafts_in_published(
        library.root, {**library._locked, name: ""}, {(protocol.id, protocol.version): protocol}
    )
    if drafts:
        raise Unreadable(drafts)
    return add_to_lock(library.root, path)


# --- reading


def _files(room: Path) -> list[Path]:
    found = [path for path in room.glob("*/*.yaml") if not path.name.endswith(".cases.yaml")]
    return sorted(found, key=lambda path: (path.parent.name, len(path.stem), path.stem))


def _read_questionnaires(root: Path, problems: list[Problem]) -> tuple[dict[Name, Questionnaire], int]:
    room = root / "library"
    found: dict[Name, Questionnaire] = {}
    examples = 0
    for path in _files(room):
        questionnaire = _gathered(problems, partial(_read_questionnaire, path, room))
        if questionnaire is not None:
            found[questionnaire.id, questionnaire.version] = questionnaire
            examples += _gathered(problems, partial(check_cases, questionnaire, path)) or 0
    for questionnaire in () if problems else found.values():
        path = room / questionnaire.id / f"{questionnaire.version}.yaml"
        _gathered(problems, partial(check_results, questionnaire, path, found))
    return found, examples


def _read_protocols(
    root: Path, questionnaires: Mapping[Name, Questionnaire], problems: list[Problem]
) -> dict[Name, Protocol]:
    room = root / "protocols"
    found: dict[Name, Protocol] = {}
    for path in _files(room):
        protocol = _gathered(problems, partial(_read_protocol, path, room, questionnaires))
        if protocol is not None:
            found[protocol.id, protocol.version] = protocol
    return found


def _read_questionnaire(path: Path, room: Path) -> Questionnaire:
    return questionnaire_files.build(read(path), path, room)


def _read_protocol(path: Path, room: Path | None, known: Mapping[Name, Questionnaire]) -> Protocol:
    return protocol_files.build(read(path), path, room, known)


def _gathered(problems: list[Problem], step: Callable[[], T]) -> T | None:
    try:
        return step()
    except Unreadable as error:
        problems += error.problems
        return None


def _drafts_in_published(root: Path, locked: Mapping[str, str], protocols: Mapping[Name, Protocol]) -> list[Problem]:
    problems = []
    for protocol in protocols.values():
        name = f"protocols/{protocol.id}/{protocol.version}.yaml"
        asked = {each for timepoint in protocol.timepoints for each in timepoint.named}
        for each in asked if name in locked else ():
            if f"library/{each.id}/{each.version}.yaml" not in locked:
                what = f"asks {each.id} {each.version}, which is a draft; publish the questionnaire first"
                problems.append(Problem(shown_path(root / name), 1, what))
    return problems


# --- finding


def _found(there: Mapping[Name, T], id_: str, version: str, what: str) -> T:
    try:
        return there[id_, version]
    except KeyError:
        raise Unknown(f"there is no {what} {_as_typed(id_)} {_as_typed(version)}; {_which(there, id_)}") from None


def _latest(there: Mapping[Name, T], id_: str, what: str) -> T:
    versions = [each for each in there if each[0] == id_]
    if not versions:
        raise Unknown(f"there is no {what} {_as_typed(id_)}; {_which(there, id_)}")
    return there[max(versions, key=lambda each: int(each[1]))]


def _as_typed(name: str) -> str:
    """On one line, whatever was typed."""
    return name if name and name.isprintable() else repr(name)


def _which(there: Mapping[Name, T], id_: str) -> str:
    versions = [version for found, version in there if found == id_]
    if versions:
        return f"versions: {', '.join(versions)}"
    return f"there are: {', '.join(sorted({found for found, _ in there})) or 'none'}"
