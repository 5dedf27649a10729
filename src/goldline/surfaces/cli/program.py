"""The program: its commands by name, loaded when called, and how every failure is said.

Exit codes: 0 done; 1 refused or failed, nothing half done; 2 a wrong argument; 3 done, but rows were quarantined.
What a command makes goes to standard output, everything said about it to standard error.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, Final

import click
import psycopg

from goldline.core.errors import GoldlineError

FAILED: Final = 1
WRONG_ARGUMENT: Final = 2
QUARANTINED: Final = 3
INTERRUPTED: Final = 130
LANGUAGES: Final = ("en", "zh-Hans")

_HERE: Final = "goldline.surfaces.cli"
COMMANDS: Final = {
    "init": ("install:init", "Create or complete the database's tables."),
    "doctor": ("install:doctor", "Say what is wrong with this installation, and how to mend it."),
    "import": ("importing:group", "Take in events from files, or the Olist tables."),
    "run": ("running:run", "Judge: step what has been taken in."),
    "dispatch": ("running:dispatch", "Send what the outbox holds: payouts and webhooks."),
    "serve": ("running:serve", "Serve the pages and the API."),
    "demo": ("running:demo", "A made-up marketplace, live in the browser."),
    "report": ("reporting:group", "What became of the promises."),
    "score": ("scoring:score", "What an account scores, why, and what would move it most."),
    "intercept": ("goods:intercept", "Stop defective goods: chart what buyers tell, and raise the alarms."),
    "recall": ("goods:recall", "Recall the open orders of a listing or a lot, and tell their consumers."),
    "explain": ("reporting:explain", "Explain everything promised about one order."),
    "campaign": ("campaign:group", "Special campaigns: preview, run, pause, and what came of them."),
    "grade": ("quality:grading", "How honest, credible, professional and engaging a text is."),
    "incentive": ("quality:incentive", "Share a day's extra traffic among good content, and measure it."),
    "screen": ("screening:screen", "What in a text breaks an advertising law, and how to say it honestly."),
    "decide": ("deciding:decide", "Ask for a decision now: may this refund be paid at once?"),
    "duplicates": ("duplicates:duplicates", "Which captions are the same, and which look mass produced."),
    "check-listings": (
        "listings:check_listings",
        "Hold listings against themselves: title, attributes, units, brand, price.",
    ),
    "policy": ("policy:group", "Check, test, explain and publish policy packs."),
    "statement": ("reviewing:show_statement", "Why a sanction was imposed, as it was told."),
    "review": ("reviewing:group", "Reviewers: who they are, and how they agree."),
    "overturn": ("reviewing:overturning", "Take the findings of a bad policy back; rehearse it first."),
    "capacity": ("reviewing:capacity", "How many reviewers the cases need."),
    "rectified": ("reviewing:rectified", "What plans to mend achieved."),
    "quarantine": ("quarantine:group", "See, re-drive or drop what could not be taken in."),
    "notice": ("notice:group", "Declare once what moves or stops the clocks of many orders."),
    "breaker": ("breaker:group", "See which breakers have tripped, and release them."),
    "endpoint": ("endpoint:group", "Add, list, disable and enable the receivers of webhooks."),
    "calendar": ("calendar:group", "Load the working days that deadlines count."),
    "link": ("people:link", "The consumer's link to an order's guarantee page."),
    "user": ("people:user", "People's accounts, and their roles."),
    "approval": ("approval:group", "See what waits for a second person, and approve or refuse it."),
    "audit": ("audit:group", "See who changed what, and verify that the trail is as it was written."),
    "erase": ("erasing:erase", "Replace a consumer's identifier by a pseudonym everywhere; rehearsed without --yes."),
    "key": ("key:group", "Create, list and revoke API keys."),
    "docs": ("docs:group", "Generate reference documents."),
}
_ALIASES: Final = {"migrate": "init"}


class _Program(click.Group):
    """Loads a command's module only when that command is called, so that every command starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        place = COMMANDS.get(_ALIASES.get(cmd_name, cmd_name))
        if place is None:
            return None
        module, _, name = place[0].partition(":")
        command: click.Command = getattr(import_module(f"{_HERE}.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.command(cls=_Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="goldline", message="%(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Say more on standard error.")
def program(*, verbose: bool) -> None:
    """Goldline keeps a marketplace's promises to its customers.

    All data lives in GOLDLINE_HOME, or in the PostgreSQL that DATABASE_URL names.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; say its failure in one sentence; give the exit code."""
    try:
        outcome: Any = program.main(
            args=None if arguments is None else list(arguments), prog_name="goldline", standalone_mode=False
        )
    except BrokenPipeError:
        # Whoever read our output has had enough, as `head` does; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (click.Abort, KeyboardInterrupt):
        return _fail("Interrupted.", INTERRUPTED)
    except Exception as fault:  # noqa: BLE001 - the one place where every failure becomes a sentence
        return _fail(*_said(fault))
    return outcome if isinstance(outcome, int) else 0


def _said(fault: Exception) -> tuple[str, int]:
    """The sentence for a failure, and its exit code."""
    if isinstance(fault, click.exceptions.NoArgsIsHelpError):
        return fault.format_message(), WRONG_ARGUMENT
    if isinstance(fault, click.ClickException):
        return _usage(fault), WRONG_ARGUMENT if isinstance(fault, click.UsageError) else FAILED
    if isinstance(fault, GoldlineError):
        return str(fault), FAILED
    if isinstance(fault, psycopg.Error):
        first = " ".join(str(fault).split("\n")[0].split()) or type(fault).__name__
        return f"The database refused: {first}. See `goldline doctor`.", FAILED
    logging.getLogger("goldline").debug("unexpected", exc_info=fault)
    text = " ".join(str(fault).split())
    what = f"Unexpected {type(fault).__name__}: {text or 'no message'}"
    return f"{what}. This is a fault of ours; please report it.", FAILED


def _usage(fault: click.ClickException) -> str:
    """A wrong argument as one sentence that names the command to ask for help."""
    message = " ".join(fault.format_message().split())
    context = getattr(fault, "ctx", None)
    advice = f" See `{context.command_path} --help`." if context is not None else ""
    return f"{message}{advice}"


def counted(count: int, noun: str) -> str:
    """A number and its noun: '1 key', '1,200 keys'."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _fail(message: str, code: int) -> int:
    click.echo(message if message.startswith("Usage:") else f"goldline: {message}", err=True)
    return code
