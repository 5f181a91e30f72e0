"""The proof as one HTML file that needs nothing beside it: what an owner or an ethics committee is shown."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from pro.domain.paths import Ways
from pro.domain.questionnaire import Questionnaire
from pro.domain.showing import named
from pro.preview.camera import Film, Shot
from pro.preview.words import Words

_ENVIRONMENT = Environment(loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True)


@dataclass(frozen=True, slots=True)
class Proof:
    questionnaire: Questionnaire
    language: str
    published: bool
    made_at: datetime
    ways: Ways
    film: Film

    @property
    def name(self) -> str:
        """`raid-1-fr-2026-04-14`: what the file is called."""
        one = self.questionnaire
        return f"{one.id}-{one.version}-{self.language}-{self.made_at:%Y-%m-%d}"


def html(proof: Proof) -> str:
    one, language = proof.questionnaire, proof.language
    words = Words(one, language)
    s = words.said
    asked = [item for item in one.items if item.result_of is None]
    return _ENVIRONMENT.get_template("proof.html").render(
        s=s,
        language=language,
        id=one.id,
        version=one.version,
        title=one.title[language],
        recall=one.recall[language],
        warning=s["demonstration"].format(owner=one.wording_owner) if one.is_placeholder(language) else "",
        about=_about(proof, s),
        remarks=_remarks(proof, s),
        items=[
            {
                "key": item.key,
                "text": item.text[language],
                "answers": words.answers(item),
                "when": words.condition(item.show_if),
            }
            for item in asked
        ],
        ways=_ways(proof, words),
        chapters=_chapters(proof, words),
    )


def _about(proof: Proof, s: Any) -> list[tuple[str, str]]:
    one = proof.questionnaire
    wording = s["own"]
    if one.wording_owner is not None:
        sha256 = one.wordings.get(proof.language)
        told = s["installed"] if sha256 else s["demonstration"]
        wording = told.format(owner=one.wording_owner) + (f" {sha256}" if sha256 else "")
    return [
        (s["state"], s["published" if proof.published else "draft"]),
        (s["file"], one.sha256),
        (s["wording"], wording),
        (s["language"], proof.language),
        (s["made"], f"{proof.made_at:%Y-%m-%d %H:%M} UTC"),
        (s["browser"], f"Chromium {proof.film.browser}"),
    ]


def _remarks(proof: Proof, s: Any) -> list[str]:
    computed = tuple(item.key for item in proof.questionnaire.items if item.result_of is not None)
    found = {"never": proof.ways.never, "no-out": proof.ways.always, "computed": computed}
    return [s[name].format(keys=", ".join(keys)) for name, keys in found.items() if keys]


def _ways(proof: Proof, words: Words) -> list[dict[str, Any]]:
    deciding = {key for item in proof.questionnaire.items if item.show_if for key in named(item.show_if)}
    return [
        {
            "given": "; ".join(
                f"{key} = {words.value(key, value)}" for key, value in way.answers.items() if key in deciding
            ),
            "shown": way.shown,
        }
        for way in proof.ways.paths
    ]


def _chapters(proof: Proof, words: Words) -> list[tuple[str, list[dict[str, str]]]]:
    screens, s = proof.film.screens, words.said
    items = {item.key: item for item in proof.questionnaire.items}
    asked = [
        _figure(key, screens[key], item.short[proof.language], words.condition(item.show_if))
        for key, item in items.items()
        if key in screens
    ]
    reviews = [_figure(name, shot, f"{s['way']} {name[7:]}") for name, shot in screens.items() if name[:7] == "review-"]
    rests = [_figure(name, shot) for name, shot in screens.items() if name not in items and name.startswith("part-")]
    messages = [_figure(name, shot, s[name.partition(".")[2]]) for name, shot in proof.film.messages.items()]
    return [
        (s["start"], [_figure("start", screens["start"])]),
        (s["screens"], asked),
        (s["rest"], rests),
        (s["messages"], messages),
        (s["reviews"], reviews),
        (s["thanks"], [_figure("thanks", screens["thanks"])]),
    ]


def _figure(name: str, shot: Shot, text: str = "", when: str = "") -> dict[str, str]:
    return {
        "id": name,
        "name": name,
        "text": text,
        "when": when,
        "normal": b64encode(shot.normal).decode(),
        "large": b64encode(shot.large).decode(),
    }
