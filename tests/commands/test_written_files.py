"""Every command that writes where it is told: what cannot be written is one line that names option, path and why."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pro.cli import main

ROOT = Path(__file__).resolve().parents[2]
REHEARSE = ("protocol", "rehearse", "thera-demo", "--patients", "1")
CALENDAR = ("protocol", "calendar", "thera-demo", "--day0", "2026-10-05", "--zone", "Europe/Paris", "--html")
EXPORT = ("questionnaires", "export")
PREVIEW = ("questionnaires", "preview", "raid", "--language", "en", "--out")


@pytest.fixture
def a_file(tmp_path: Path) -> Path:
    file = tmp_path / "README.md"
    file.write_text("kept\n", "utf-8")
    return file


@pytest.fixture
def fhir(tmp_path: Path) -> Path:
    file = tmp_path / "fhir.json"
    item = {"linkId": "pain", "type": "integer", "text": "Pain"}
    file.write_text(json.dumps({"resourceType": "Questionnaire", "status": "draft", "item": [item]}), "utf-8")
    return file


def pro(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def refused(told: Result, said: str) -> None:
    assert (told.exit_code, told.stderr) == (2, said + "\n")


@pytest.mark.parametrize("call", [(*EXPORT, "raid", "--out"), CALENDAR, (*REHEARSE, "--html")])
def test_a_file_in_a_folder_that_is_not_there(call: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "nosuch" / "x"
    option = call[-1]
    refused(pro(*call, str(file)), f"{option}: {file} cannot be written: there is no folder {file.parent}")


@pytest.mark.parametrize("call", [(*EXPORT, "--all", "--out"), (*REHEARSE, "--out"), PREVIEW])
def test_a_folder_under_a_file(call: tuple[str, ...], a_file: Path) -> None:
    folder = a_file / "deeper"
    refused(pro(*call, str(folder)), f"--out: {folder} cannot be written: a file stands where a folder is needed")


def test_a_folder_that_is_a_file(a_file: Path) -> None:
    said = f"--out: {a_file} cannot be written: a file stands where a folder is needed"
    refused(pro(*EXPORT, "--all", "--out", str(a_file)), said)
    assert a_file.read_text("utf-8") == "kept\n"


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    refused(pro(*EXPORT, "raid", "--out", str(tmp_path)), f"--out: {tmp_path} cannot be written: it is a folder")


def test_a_draft_under_a_file(a_file: Path, fhir: Path) -> None:
    out = a_file / "deeper" / "1.yaml"
    told = pro("questionnaires", "import", str(fhir), "--id", "mine", "--out", str(out))
    assert told.exit_code == 2
    assert told.stderr.splitlines()[-1] == f"--out: {out} cannot be written: a file stands where a folder is needed"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_folder_that_is_not_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    file = tmp_path / "x.json"
    refused(pro(*EXPORT, "raid", "--out", str(file)), f"--out: {file} cannot be written: {tmp_path} is not open to you")
