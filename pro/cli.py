"""The `pro` command: finds its parts in `pro.commands` when they are asked for, and says what is wrong in one line.

A module of `pro.commands` gives `commands`, the click commands it adds; the first module of a row gives the command
itself. Exit codes: 0 it holds, 1 it was checked and does not hold, 2 the call or its input is wrong.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import click

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "demo": ("demo",),
    "serve": ("serve",),
    "worker": ("worker",),
    "migrate": ("migrate",),
    "doctor": ("doctor",),
    "questionnaires": ("score", "questionnaires", "drafts", "fhir", "preview", "wording"),
    "protocol": ("protocol", "schedule", "texts", "calendar", "amend", "rehearse"),
    "study": ("study",),
    "site": ("site",),
    "staff": ("staff",),
    "patient": ("patient", "course"),
    "extend": ("extend",),
    "flares": ("flares",),
    "audit": ("audit",),
}
"""Command → the modules of `pro.commands` that make it; those that do not exist yet are passed over."""

SAID_OF: Mapping[str, str] = {
    "demo": "Play an invented study on this machine: web, worker and virtual phones.",
    "serve": "Answer patients and staff on HOST:PORT, after checking that the databases stand.",
    "worker": "Send reminders, close windows and tell staff of flares, until stopped; any number of workers may run.",
    "migrate": "Make or upgrade the tables of both databases; safe to run again, and by several machines at once.",
    "doctor": "Settings, databases, migrations, clock, keys, provider, worker, messages, ledger: "
    "each ok or wrong, with the mend.",
    "questionnaires": "Questionnaires: what there is, scores, worked examples, wordings, previews, in and out.",
    "protocol": "Protocols: check, publish, and what they plan.",
    "study": "The study of this installation.",
    "site": "The sites of a study.",
    "staff": "Who signs in at the desk.",
    "patient": "Patients of the study.",
    "extend": "Let open windows end later, for one patient or, after an outage, for a whole site.",
    "flares": "Flare rules: what they would have said of recorded data.",
    "audit": "The audit trail: take it away, and check that nothing was changed.",
}
"""What `pro --help` says of each: its first sentence, written down because reading every module takes seconds."""


class Wrong(click.ClickException):
    """The call or its input is wrong: a line a problem on standard error."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        click.echo(self.message, err=True)


class Family(click.Group):
    """A command of several modules: the one named like what is asked for is read, else one by one until it is there."""

    others: tuple[str, ...] = ()

    def list_commands(self, ctx: click.Context) -> list[str]:
        while self.others:
            self._read(self.others[0])
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        while cmd_name not in self.commands and self.others:
            self._read(cmd_name if cmd_name in self.others else self.others[0])
        return super().get_command(ctx, cmd_name)

    def _read(self, name: str) -> None:
        self.others = tuple(other for other in self.others if other != name)
        module = _module(name)
        for each in module.commands if module is not None else ():
            self.add_command(each)


class Commands(click.Group):
    """Loads a command's modules only when it is called, and never shows a traceback unless asked to."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(SAID_OF.items()))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        first, *others = COMMANDS.get(cmd_name, (None,))
        module = _module(first) if first else None
        found = next((each for each in module.commands if each.name == cmd_name), None) if module else None
        if isinstance(found, Family):
            found.others = tuple(others)
        return found

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with one_line():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with contextlib.nullcontext() if ctx.params.get("traceback") else one_line():
            return super().invoke(ctx)


def _module(name: str) -> ModuleType | None:
    full = f"pro.commands.{name}"
    return importlib.import_module(full) if importlib.util.find_spec(full) is not None else None


@contextlib.contextmanager
def one_line() -> Iterator[None]:
    """Turns whatever goes wrong inside into plain lines and exit code 2."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise Wrong(error.format_message().replace("\n", " ")) from None
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except BrokenPipeError:
        raise
    except Exception as error:
        raise Wrong(_said(error)) from None


def _said(error: Exception) -> str:
    """The problems of an error that lists them; else its first line, without a database's statement and values."""
    problems = getattr(error, "problems", None)
    if problems:
        return "\n".join(str(problem) for problem in problems)
    said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
    if type(error).__module__.startswith("pro."):
        return said
    return f"{type(error).__name__}: {said} (--traceback after pro shows where)"


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--traceback", is_flag=True, help="Show where an unexpected error comes from.")
def main(traceback: bool) -> None:
    """Patient-reported outcomes by SMS diary, for clinical studies."""


if __name__ == "__main__":
    importlib.import_module("pro.cli").main()  # not this copy, whose classes the commands do not know
