"""Drives the pages as a person would: reads what stands there, touches what can be touched."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

from pro.web.words import say

WORDS = {
    "start": "start.button",
    "resume": "start.resume",
    "next": "item.next",
    "back": "item.back",
    "skip": "item.skip",
    "really-skip": "item.skip-yes",
    "review": "review.title",
    "send": "review.send",
    "thanks": "thanks.title",
    "read": "urgent.go-on",
    "here": "item.on-phone",
    "received": "item.received",
}
"""What a person looks for, and where the wording stands."""

EVENING: Mapping[str, object] = {
    "joint-pain-diary.worst_pain": 8,
    "joint-pain-diary.average_pain": 5,
    "joint-pain-diary.stiffness": "45",
    "joint-pain-diary.tender": [],
    "joint-pain-diary.swollen": [],
    "joint-pain-diary.flare": True,
    "joint-pain-diary.rest_pain": 5,
    "joint-pain-diary.warm_joint": False,
    "injection-diary.dose": "yes",
    "injection-diary.site": "thigh-left",
    "injection-diary.reaction": ["none"],
    "injection-diary.temperature_taken": False,
    "injection-diary.infection": ["none"],
    "injection-diary.other_medicine": None,
}
"""An evening with a flare, in the order of the questions; None is skipped on purpose."""


def newest_link(address: str, phone: str) -> str:
    """The link in the newest SMS on a virtual phone, as `/demo/phone.json` shows it."""
    with urllib.request.urlopen(f"{address}/demo/phone.json") as answer:
        texts = json.load(answer)
    body = next(text["body"] for text in texts if text["patient"] == phone)
    found = re.search(r"http\S+/d/\S+", body)
    assert found is not None, body
    return found.group()


@dataclass
class Patient:
    """A patient with a browser."""

    page: Page
    language: str

    def words(self, key: str) -> str:
        return say(f"phone.{WORDS[key]}", self.language)

    def press(self, key: str) -> None:
        self.page.get_by_role("button", name=self.words(key), exact=True).locator("visible=true").first.click()

    def open(self, link: str) -> None:
        self.page.goto(link)
        self.press("start")

    def answer(self, answers: Mapping[str, object]) -> None:
        """Answers what is asked, in its order; fails where another question stands. Goes on from a place to rest."""
        for item, value in answers.items():
            self.rest()
            if value is None:
                self.skip(item)
                continue
            self.give(item, value)
            self.press("next")

    def field(self, item: str) -> Locator:
        """The visible fields of the item that is asked now."""
        found = self.page.locator(f'[name="{item}"]')
        expect(found.first).to_be_attached()
        return found

    def rest(self) -> None:
        """Touches on from the calm page between two parts, where it stands."""
        calm = self.page.locator("button[name=on]:visible")
        if calm.count():
            calm.click()

    def place(self, item: str, value: int) -> None:
        """A mark on the line, by keyboard and in tens; without script the number."""
        line = self.page.locator(".vas:visible")
        if not line.count():
            self.field(item).first.fill(str(value))
            return
        line.press("Home")
        for _ in range(value // 10):
            line.press("PageUp")

    def give(self, item: str, value: object) -> None:
        fields = self.field(item)
        if isinstance(value, int) and fields.first.get_attribute("type") == "text":
            self.place(item, value)
            return
        if isinstance(value, list) and value and self.page.locator(".map:visible").count():
            self.page.locator("button[name=list]:visible").click()
        if isinstance(value, str) and fields.first.get_attribute("type") not in ("radio", "checkbox"):
            fields.first.fill(value)
        elif value == []:
            self.touch(self.page.locator(f'[name="{item}.none"]'))
        elif isinstance(value, list):
            for one in value:
                self.touch(self.page.locator(f'[name="{item}"][value="{one}"]'))
        else:
            text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
            self.touch(self.page.locator(f'[name="{item}"][value="{text}"]'))

    @staticmethod
    def touch(field: Locator) -> None:
        """Touches the label, as a finger does."""
        field.locator("xpath=ancestor::label[1]").locator("visible=true").first.click()

    def skip(self, item: str) -> None:
        self.field(item)
        self.press("skip")
        self.press("really-skip")

    def heading(self) -> Locator:
        return self.page.get_by_role("heading", level=1).locator("visible=true")

    def send(self) -> str:
        """Submits from the review page; gives the receipt code."""
        expect(self.heading()).to_have_text(self.words("review"))
        self.press("send")
        expect(self.heading()).to_have_text(self.words("thanks"))
        return self.receipt()

    def receipt(self) -> str:
        found = re.search(r"\b[2-9A-Z]{3}-[2-9A-Z]{3}-[2-9A-Z]{4}\b", self.page.locator("main").inner_text())
        assert found is not None, self.page.locator("main").inner_text()
        return found.group()


def stored(rows: list[dict[str, Any]], patient_id: int) -> list[dict[str, Any]]:
    """What is stored of a patient's newest submission, without what differs from sitting to sitting."""
    keep = ("questionnaire", "version", "day", "mode", "completeness", "answers", "scores", "evaluation", "language")
    mine = [row for row in rows if row["patient_id"] == patient_id]
    newest = max(row["assessment_id"] for row in mine if row["id"] == max(one["id"] for one in mine))
    return [{key: row[key] for key in keep} for row in mine if row["assessment_id"] == newest]
