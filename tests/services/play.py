"""A patient's sitting played through the services, without pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import event, insert

from pro.clock import FixedClock, Moment
from pro.services import answering
from pro.services.answering import Closed, Incomplete, Save, Started, Submitted
from pro.services.parts import Parts
from pro.store.tables import metadata

CALM: dict[str, object] = {
    "joint-pain-diary.worst_pain": 3,
    "joint-pain-diary.average_pain": 2,
    "joint-pain-diary.stiffness": 15,
    "joint-pain-diary.tender": ["R-knee"],
    "joint-pain-diary.swollen": [],
    "joint-pain-diary.flare": False,
    "injection-diary.dose": "yes",
    "injection-diary.site": "thigh-left",
    "injection-diary.reaction": ["none"],
    "injection-diary.temperature_taken": False,
    "injection-diary.infection": ["none"],
    "injection-diary.other_medicine": ["none"],
}
BAD = CALM | {
    "joint-pain-diary.worst_pain": 8,
    "joint-pain-diary.flare": True,
    "joint-pain-diary.swollen": ["R-MCP2"],
    "joint-pain-diary.rest_pain": 5,
    "joint-pain-diary.warm_joint": True,
}


def give_link(parts: Parts, patient_id: int, token: str = "t" * 22, until: datetime | None = None) -> str:
    """A link of this patient; `token` is what the SMS would carry."""
    now = parts.clock.now()
    row = {
        "token_hash": answering.token_hash(token),
        "patient_id": patient_id,
        "made_at": now.study,
        "expires_at": until or now.study + timedelta(days=2),
    }
    with parts.study.writing() as session:
        session.connection().execute(insert(metadata.tables["link"]), row)
    return token


def begin(parts: Parts, token: str, moment: Moment | None = None, **more: object) -> Started:
    started = answering.start(parts, token, moment or parts.clock.now(), **more)  # type: ignore[arg-type]
    assert isinstance(started, Started), started
    return started


def saves(answers: Mapping[str, object], client: str = "phone", first: int = 1) -> list[Save]:
    return [
        Save(client, seq, item, "skipped" if value is None else "answered", value)
        for seq, (item, value) in enumerate(answers.items(), start=first)
    ]


def fill(
    parts: Parts, token: str, answers: Mapping[str, object] = CALM, moment: Moment | None = None
) -> Submitted | Incomplete | Closed:
    """Opens the link on the newest diary, gives every answer and submits."""
    moment = moment or parts.clock.now()
    diary = next(one for one in answering.open_link(parts, token, moment).waiting if one.repeats)
    started = begin(parts, token, moment, assessment_id=diary.assessment_id)
    assessment = started.sitting.assessment_id
    saved = answering.save(parts, started.session_token, assessment, saves(answers), moment)
    assert not saved.refused, saved
    assert not saved.closed, saved
    return answering.submit(parts, started.session_token, assessment, moment)


def stand(parts: Parts, at: datetime) -> Moment:
    """Puts the test's clock to an instant."""
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    clock.moment = Moment(at, at)
    return clock.moment


@contextmanager
def counted(parts: Parts) -> Iterator[list[str]]:
    """The SQL statements sent meanwhile, without BEGIN and COMMIT; and `COMMIT` once per commit."""
    seen: list[str] = []

    def statement(_c: object, _cursor: object, text: str, *_rest: object) -> None:
        if not text.startswith("BEGIN"):
            seen.append(text)

    def commit(_c: object) -> None:
        seen.append("COMMIT")

    engine = parts.study.engine
    event.listen(engine, "before_cursor_execute", statement)
    event.listen(engine, "commit", commit)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", statement)
        event.remove(engine, "commit", commit)
