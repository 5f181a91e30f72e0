"""Patients come in, change their telephone, and leave."""

from pro.services.enrolment.checks import DAYS_AHEAD
from pro.services.enrolment.facts import COMMAND_LINE, By, Doer, Enrolled, Ineligible, NotEnrollable, Problem
from pro.services.enrolment.inclusion import enrol
from pro.services.enrolment.journeys import overdue_since, set_out
from pro.services.enrolment.known import sharing
from pro.services.enrolment.leaving import EARLIER, WHY, Stops, preview_withdrawal, withdraw
from pro.services.enrolment.links import first_link, revoke_links
from pro.services.enrolment.sheet import Appointment, Sheet, first_sms, sheet
from pro.services.enrolment.sweeping import Swept, sweep
from pro.services.enrolment.telephone import (
    Moves,
    change_phone,
    check_name,
    check_phone,
    lacks_contact,
    opt_in_again,
    preview_phone_change,
)
from pro.services.enrolment.trial import NotHeard, TestSms, confirm_test, send_test, test_digits
from pro.services.enrolment.where import Place, place

__all__ = [
    "COMMAND_LINE",
    "DAYS_AHEAD",
    "EARLIER",
    "WHY",
    "Appointment",
    "By",
    "Doer",
    "Enrolled",
    "Ineligible",
    "Moves",
    "NotEnrollable",
    "NotHeard",
    "Place",
    "Problem",
    "Sheet",
    "Stops",
    "Swept",
    "TestSms",
    "change_phone",
    "check_name",
    "check_phone",
    "confirm_test",
    "enrol",
    "first_link",
    "first_sms",
    "lacks_contact",
    "opt_in_again",
    "overdue_since",
    "place",
    "preview_phone_change",
    "preview_withdrawal",
    "revoke_links",
    "send_test",
    "set_out",
    "sharing",
    "sheet",
    "sweep",
    "test_digits",
    "withdraw",
]
