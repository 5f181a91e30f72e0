"""What is typed in at enrolment. The forms only carry it: whether it holds is decided in `pro.services.enrolment`.
No field has an answer before somebody gives one."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import date

from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectMultipleField, StringField


class EnrolForm(FlaskForm):
    page = HiddenField()
    once = HiddenField()
    site = HiddenField()
    criteria = SelectMultipleField(choices=[], validate_choice=False)
    """Keys of the criteria that were ticked."""
    screening_value = StringField()
    screened_on = StringField()
    name = StringField()
    phone = StringField()
    shared = StringField()
    """`yes`: another person shares the telephone of somebody who is enrolled already."""
    day0 = StringField()
    language = StringField()
    zone = StringField()

    def ticked(self) -> Mapping[str, bool]:
        return dict.fromkeys(self.criteria.data or (), True)

    def made_once(self) -> str:
        """What tells this form from every other; a form sent twice makes one patient."""
        given = str(self.once.data or "")
        return given if re.fullmatch(r"[0-9a-f]{32}", given) else uuid.uuid4().hex


class PhoneForm(FlaskForm):
    name = StringField()
    """Asked for where the contact is missing."""
    phone = StringField()
    shared = StringField()
    """`yes`: another patient of the site has this mobile too."""
    step = HiddenField()


class WithdrawForm(FlaskForm):
    why = StringField()
    earlier_data = StringField()


def new_once() -> str:
    return uuid.uuid4().hex


def whole_number(typed: str | None) -> int | None:
    """None where it is not one; what range it may have is the protocol's business."""
    text = (typed or "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,3}", text) else None


def day(typed: str | None) -> date | None:
    """A date as the browser's field sends it, or as it is written in Europe; None where it is none."""
    text = (typed or "").strip()
    european = re.fullmatch(r"([0-9]{1,2})[/.]([0-9]{1,2})[/.]([0-9]{4})", text)
    try:
        if european:
            number, month, year = map(int, european.groups())
            return date(year, month, number)
        return date.fromisoformat(text)
    except ValueError:
        return None
