"""Screen proofs, made as an owner or an ethics committee would ask for them."""

from __future__ import annotations

import html as escaped
import os
import re
import subprocess
import sys
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pro.cli import main
from pro.library import DEFAULT_ROOT, load


def preview(*args: object) -> Result:
    return CliRunner().invoke(main, ["questionnaires", "preview", *(str(arg) for arg in args)])


@pytest.fixture(scope="module")
def made(chromium_path: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The proofs of a questionnaire with branches, as HTML and PDF, and of one whose wording has an owner."""
    assert chromium_path
    out = tmp_path_factory.mktemp("proofs")
    for args in (("joint-pain-diary", "--version", "1", "--pdf"), ("raid", "--version", "1")):
        command = [
            sys.executable,
            "-m",
            "pro.cli",
            "questionnaires",
            "preview",
            *args,
            "--language",
            "fr",
            "--out",
            str(out),
        ]
        result = subprocess.run(command, capture_output=True, text=True, timeout=300, env=_outside())
        assert result.returncode == 0, result.stderr
        assert result.stdout.count(str(out)) == len(result.stdout.splitlines())
    return out


def _outside() -> dict[str, str]:
    """A process of its own (two browsers of one process do not agree), without a study's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("DATABASE_URL")}
    return {**kept, "PYTHONPATH": str(Path(__file__).parents[2])}


@cache
def read(out: Path, id_: str) -> str:
    (path,) = out.glob(f"{id_}-*.html")
    assert re.fullmatch(rf"{id_}-1-fr-\d{{4}}-\d\d-\d\d\.html", path.name)
    return escaped.unescape(path.read_text("utf-8"))


@pytest.mark.browser
@pytest.mark.parametrize("id_", ["joint-pain-diary", "raid"])
def test_every_item_in_its_words_and_as_a_picture(made: Path, id_: str) -> None:
    text = read(made, id_)
    for item in load().questionnaire(id_, "1").items:
        assert item.text["fr"] in text
        assert re.search(
            rf'<figure id="{item.key}">.*?alt="{item.key}, .*?src="data:image/jpeg;base64,[^"]{{2000}}', text, re.S
        )
    for screen in ("start", "review-1", "thanks"):
        assert f'<figure id="{screen}">' in text


@pytest.mark.browser
@pytest.mark.parametrize("id_", ["joint-pain-diary", "raid"])
def test_it_names_the_file_it_was_made_from_and_needs_nothing_beside_it(made: Path, id_: str) -> None:
    text = read(made, id_)
    assert sha256((DEFAULT_ROOT / f"library/{id_}/1.yaml").read_bytes()).hexdigest() in text
    assert re.search(r"Chromium \d+\.\d", text)
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", text)


@pytest.mark.browser
def test_branches_are_told_and_walked(made: Path) -> None:
    text = read(made, "joint-pain-diary")
    assert text.count("flare est oui ou worst_pain vaut au moins 4") == 4
    assert '<figure id="review-2">' in text
    assert '<figure id="stiffness.too-high">' in text
    assert '<figure id="flare.no-answer">' in text


@pytest.mark.browser
def test_demonstration_wording_says_so_and_own_wording_does_not(made: Path) -> None:
    assert "FORMULATION DE DÉMONSTRATION" in read(made, "raid")
    assert "EULAR" in read(made, "raid")
    assert "FORMULATION DE DÉMONSTRATION" not in read(made, "joint-pain-diary")


@pytest.mark.browser
def test_the_pdf_is_one(made: Path) -> None:
    (path,) = made.glob("*.pdf")
    assert path.read_bytes()[:5] == b"%PDF-"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("raid", "--language", "de"), "--language de"),
        (("das28", "--language", "fr"), "asked of nobody"),
        (("nothing", "--language", "fr"), "there is no questionnaire nothing"),
    ],
)
def test_wrong_calls(args: tuple[str, ...], said: str, tmp_path: Path) -> None:
    result = preview(*args, "--out", tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_without_a_browser_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = preview("raid", "--language", "fr", "--out", tmp_path)
    assert result.exit_code == 2
    assert "Chromium" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_words_of_the_proof_stand_in_both_languages() -> None:
    from pro.preview.words import SAID

    assert SAID["en"].keys() == SAID["fr"].keys()
