"""`pro questionnaires wording` as a person calls it, what it refuses with its line, and a study that waits for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pro.app
import pro.commands.worker
from pro.commands import serve
from pro.library import Library, Unreadable
from pro.library.files import look
from pro.library.wording_files import read_wording, template
from tests.commands.test_founding_commands import Shell, environment_of
from tests.conftest import Urls
from tests.factories import the_library
from tests.owned import filled

OWNED = [one for one in the_library().questionnaires() if one.takes_wording]
RAID = ("questionnaires", "wording", "raid", "--language", "fr")


@pytest.fixture
def shell(sqlite_urls: Urls) -> Shell:
    return Shell(environment_of(sqlite_urls))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "raid.fr.yaml"
    path.write_text(filled(the_library().questionnaire("raid", "1"), "fr"), "utf-8")
    return path


# --- the empty file


@pytest.mark.parametrize("asked", OWNED, ids=lambda one: f"{one.id} {one.version}")
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_empty_file_is_refused_and_the_filled_one_is_read(asked: Any, language: str, tmp_path: Path) -> None:
    path = tmp_path / "owner.yaml"
    path.write_text(template(asked, language), "utf-8")
    look(path)
    with pytest.raises(Unreadable) as refused:
        read_wording(path, asked, language)
    assert all("is empty" in one.what for one in refused.value.problems), refused.value
    path.write_text(filled(asked, language), "utf-8")
    read = read_wording(path, asked, language).wording
    assert list(read.items) == [item.key for item in asked.items if item.result_of is None]
    for item in asked.items:
        assert [*read.items[item.key].options] == [option.code for option in item.options]


def test_the_empty_file_is_printed(shell: Shell) -> None:
    said = shell.well(*RAID, "--template")
    assert said == template(the_library().questionnaire("raid", "1"), "fr")
    assert '  pain:  # 1 of 7, rating 0 to 10: Douleur\n    text: ""' in said


# --- what is refused, with its line


def without(text: str, start: str, until: str) -> str:
    """The text without the lines from the first that starts so up to the next that starts otherwise."""
    return re.sub(rf"(?ms)^{re.escape(start)}.*?(?=^{re.escape(until)}|\Z)", "", text, count=1)


def item_of(text: str, key: str) -> str:
    found = re.search(rf"(?ms)^  {key}:.*?(?=^  \w|\Z)", text)
    assert found is not None
    return found.group()


REFUSED: list[tuple[str, Callable[[str], str], str, str]] = [
    ("missing item", lambda t: t.replace(item_of(t, "sleep"), ""), "items:", "item `sleep` (Sommeil) is missing"),
    (
        "unknown item",
        lambda t: t.replace("  sleep:", "  slep:"),
        "  slep:",
        "there is no item `slep` in raid 1; did you mean `sleep`?",
    ),
    (
        "doubled key",
        lambda t: t + item_of(t, "pain").replace("Invented", "Again"),
        "  pain:",
        "`pain` stands here twice (first on line 16); keep one",
    ),
    ("missing end", lambda t: without(t, "    low_label", "    high"), "  pain:", "pain: `low_label:` is missing"),
    ("missing text", lambda t: without(t, "    text", "    #"), "  pain:", "pain: `text:` is missing"),
    ("empty text", lambda t: t.replace('"Invented 3"', '"  "'), "    text:", "pain.text is empty"),
    ("empty help", lambda t: t.replace('# help: ""', 'help: ""', 1), "    help:", "or take the line out"),
    ("a number", lambda t: t.replace('"Invented 3"', "3"), "    text:", 'pain.text must be text; put it in quotes'),
    ("other language", lambda t: t.replace("language: fr", "language: en"), "language:", "language: 'en' is not 'fr'"),
    ("other version", lambda t: t.replace('"1"', '"9"'), "version:", "version: '9' is not '1'"),
    ("version unquoted", lambda t: t.replace('"1"', "1"), "version:", 'put it in quotes: "1"'),
    ("another one", lambda t: t.replace(": raid", ": haq-di"), "questionnaire:", "questionnaire: 'haq-di' is not"),
    ("no version", lambda t: t.replace('version: "1"\n', ""), "questionnaire:", "`version:` is missing here"),
    ("no note", lambda t: without(t, "licence", "#"), "questionnaire:", "`licence:` is missing here"),
    ("no day", lambda t: t.replace("2026-03-02", "spring"), "  date:", "date: 'spring' is no day"),
    ("day to come", lambda t: t.replace("2026-03-02", "2999-01-01"), "  date:", "date: 2999-01-01 cannot be"),
    ("day of old", lambda t: t.replace("2026-03-02", "1899-12-31"), "  date:", "leave is dated after 1900"),
    ("nothing seen", lambda t: t.replace("Invented 3", r"\u200d\u00a0"), "    text:", "pain.text shows nothing"),
    ("turned round", lambda t: t.replace("Invented 3", r"a\u202eb"), "    text:", "pain.text holds U+202E, which shows"),
    ("control", lambda t: t.replace("Invented 3", r"a\eb"), "    text:", "pain.text holds U+001B"),
    ("half a sign", lambda t: t.replace("Invented 3", r"a\ud800b"), "    text:", "pain.text holds U+D800"),
    ("too long", lambda t: t.replace("Invented 3", "a" * 5001), "    text:", "pain.text has 5001 characters"),
    ("too large", lambda t: "# " + "a" * 1_000_000 + "\n" + t, "#", "a questionnaire's text has at most 1000000"),
    ("unknown key", lambda t: "licens: x\n" + t, "licens:", "unknown key `licens`; did you mean `licence`?"),
    ("out of place", lambda t: t.replace("    # help", "    unit", 1), "    unit:", "pain is rating and has none"),
    ("options", lambda t: t.replace("    # help", "    options", 1), "    options:", "pain is rating and has none"),
    ("bare text", lambda t: t.replace(item_of(t, "pain"), "  pain: Mal\n"), "  pain:", "pain holds keys and values"),
    ("a list", lambda t: t[: t.index("items:")] + "items: [a]\n", "items:", "items holds a key for each of pain"),
    ("an anchor", lambda t: t.replace('"Invented 3"', '&a "x"'), "    text:", "anchors and aliases"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "line", "what"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_each_problem_is_said_with_its_line(
    shell: Shell, file: Path, spoil: Callable[[str], str], line: str, what: str
) -> None:
    file.write_text(spoil(file.read_text("utf-8")), "utf-8")
    lines = file.read_text("utf-8").splitlines()
    said = [one for one in shell.refused(*RAID, str(file)).splitlines() if what in one]
    assert said, shell(*RAID, str(file)).stderr
    name, number, _ = said[0].split(":", 2)
    assert name == str(file)
    assert lines[int(number) - 1].startswith(line)


def test_every_problem_at_once(shell: Shell, file: Path) -> None:
    text = file.read_text("utf-8")
    for _, spoil, _, _ in (REFUSED[0], REFUSED[2], REFUSED[3], REFUSED[8]):
        text = spoil(text)
    file.write_text(text, "utf-8")
    said = shell.refused(*RAID, str(file)).splitlines()
    assert len(said) == 4, said
    assert said == sorted(said, key=lambda one: int(one.split(":")[1]))


HAQ = ("questionnaires", "wording", "haq-di", "--language", "en")
OPTION = "      "


@pytest.mark.parametrize(
    ("spoil", "line", "what"),
    [
        (lambda t: t.replace('      "3"', '      # "3"', 1), "    options:", "options and 3 of them are here; missing: 3"),
        (lambda t: t.replace('      "3"', '      "4": "x"\n      "3"', 1), '      "4"', "has no option '4'; it has 0, 1, 2"),
        (lambda t: t.replace('      "3"', '      "2"', 1), '      "2"', "`2` stands here twice"),
    ],
    ids=["too few", "too many", "doubled"],
)  # fmt: skip
def test_every_option_has_a_label_and_no_other(
    shell: Shell, tmp_path: Path, spoil: Callable[[str], str], line: str, what: str
) -> None:
    path = tmp_path / "haq.yaml"
    path.write_text(spoil(filled(the_library().latest_questionnaire("haq-di"), "en")), "utf-8")
    said = next(one for one in shell.refused(*HAQ, str(path)).splitlines() if what in one)
    assert path.read_text("utf-8").splitlines()[int(said.split(":")[1]) - 1].startswith(line)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pain-vas-48h", "--language", "fr", "x"), "in our own words and complete: there is no wording to install"),
        (("raid", "--language", "de", "x"), "--language de: raid 1 has en, fr"),
        (("raid", "--language", "fr"), "give FILE, the owner's text; or --template"),
        (("raid", "--language", "fr", "x", "--template"), "give FILE, the owner's text; or --template"),
        (("raid", "--language", "fr", "nowhere.yaml"), "nowhere.yaml:1: cannot be read: No such file or directory"),
        (("nix", "--language", "fr", "x"), "there is no questionnaire nix"),
        (("raid", "--language", "fr", "--version", "7", "x"), "there is no questionnaire raid 7; versions: 1"),
    ],
)
def test_a_wrong_call_is_one_line(shell: Shell, words: tuple[str, ...], said: str) -> None:
    (line,) = shell.refused("questionnaires", "wording", *words).splitlines()
    assert said in line


def test_a_database_without_tables_is_one_line(file: Path, tmp_path: Path) -> None:
    urls = (f"sqlite:///{tmp_path}/a.sqlite", f"sqlite:///{tmp_path}/b.sqlite")
    said = Shell(environment_of(urls)).refused(*RAID, str(file))
    assert "study database: is empty: run `pro migrate`" in said


# --- what it does


def listed(shell: Shell, id_: str, **changed: str | None) -> dict[str, Any]:
    rows = json.loads(shell.well("questionnaires", "list", "--json", **changed))
    return next(row for row in rows if row["id"] == id_)


def test_it_is_installed_once_and_listed_honestly(database_urls: Urls, file: Path) -> None:
    shell = Shell(environment_of(database_urls))
    assert listed(shell, "raid")["wording_installed"] is False
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    done = shell.well(*RAID, str(file))
    assert re.fullmatch(rf"raid 1 in fr: installed as number 1 by system user \S+, sha256 {sha256}\n", done)
    assert shell.well(*RAID, str(file)) == f"raid 1 in fr: already installed, sha256 {sha256}\n"
    row = listed(shell, "raid")
    assert row["wording_installed"] is False, "English is missing"
    assert row["wording"]["languages"]["en"] == {"installed": False}
    french = row["wording"]["languages"]["fr"]
    assert (french["installed"], french["n"], french["sha256"]) == (True, 1, sha256)
    assert french["licence"]["date"] == "2026-03-02"
    assert "wording of EULAR not installed in en" in shell.well("questionnaires", "list")
    file.write_text(filled(the_library().questionnaire("raid", "1"), "en"), "utf-8")
    shell.well("questionnaires", "wording", "raid", "--language", "en", str(file))
    assert listed(shell, "raid")["wording_installed"] is True
    assert listed(shell, "raid", DATABASE_URL=None)["wording_installed"] is False
    own = listed(shell, "pain-vas-48h")
    assert (own["wording_installed"], own["wording"]["languages"]["fr"]) == (True, {"installed": True})


def test_a_database_that_cannot_be_read_is_none(shell: Shell, tmp_path: Path) -> None:
    done = shell("questionnaires", "list", "--json", DATABASE_URL=f"sqlite:///{tmp_path}/none.sqlite")
    assert done.exit_code == 0
    assert json.loads(done.stdout)
    assert done.stderr == "DATABASE_URL cannot be read: installed wordings are not known\n"
    assert not (tmp_path / "none.sqlite").exists()


def test_an_unknown_account_is_one_line(shell: Shell, file: Path) -> None:
    assert "--by: there is no active account 'who'" in shell.refused(*RAID, str(file), "--by", "who")


# --- a study that waits for it


def test_a_study_does_not_start_before_it_and_does_after(
    database_urls: Urls, owned_books: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pro.app, "load", lambda: owned_books)
    started: list[str] = []
    monkeypatch.setattr(serve.Server, "run", lambda _: started.append("serve"))
    monkeypatch.setattr(serve, "refuse_taken", lambda *_: None)
    monkeypatch.setattr(pro.commands.worker, "run", lambda _: started.append("worker"))
    shell = Shell(environment_of(database_urls))
    create = shell("study", "create", "--code", "THERA", "--protocol", "thera-demo")
    assert create.exit_code == 0
    site = ("site", "create", "--study", "THERA", "--code", "R", "--name", "Rennes", "--telephone", "02 99 28 43 21")
    warning, _, lacking = create.stderr.partition("\n")
    assert "thera-demo is a demonstration" in warning
    for said in (lacking, shell.refused("serve"), shell.refused("worker"), shell.refused(*site)):
        (line,) = said.splitlines()
        assert "raid 1 in en, fr (EULAR)" in line
        assert "`pro questionnaires wording raid --language fr FILE`" in line
    assert started == []
    for name, value in environment_of(database_urls).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match="3"):
        pro.app.create_app()
    assert found_by_doctor(shell)["ok"] is False
    assert "pro questionnaires wording raid --language en FILE" in found_by_doctor(shell)["mend"]
    for language in ("en", "fr"):
        path = tmp_path / f"raid.{language}.yaml"
        path.write_text(filled(owned_books.questionnaire("raid", "1"), language), "utf-8")
        shell.well("questionnaires", "wording", "raid", "--language", language, str(path))
    shell.well(*site)
    shell.well("serve")
    shell.well("worker")
    assert started == ["serve", "worker"]
    assert pro.app.create_app().test_client().get("/livez").status_code == 200
    assert found_by_doctor(shell)["ok"] is True


def found_by_doctor(shell: Shell) -> dict[str, Any]:
    findings = json.loads(shell("doctor", "--json").stdout)["findings"]
    return next(one for one in findings if one["what"] == "wording")
