"""The texts of one message: rendered from the finding, the incident and the domain's contacts, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from nswatch.expect.watchlist import DomainEntry, PlannedChange
from nswatch.respond.incident import Incident, Message
from nswatch.tell import window
from nswatch.tell.case import AskAccount, Case, unknown_account
from nswatch.tell.letter import letter
from nswatch.tell.sms import sms, subject


@dataclass(frozen=True, slots=True)
class Text:
    """One message in its three forms.

    ``subject``: ASCII, one line, at most 99 characters. ``email``: plain text without control characters but newlines,
    about 76 columns. ``sms``: characters of GSM 03.38, at most 160 septets (one part), one line.
    """

    subject: str
    email: str
    sms: str


def render(
    message: Message,
    incident: Incident,
    entry: DomainEntry | None,
    now: datetime,
    ask_account: AskAccount = unknown_account,
) -> Text:
    """Return the texts of ``message``, an element of ``incident.messages``.

    ``entry`` is the domain's watchlist entry; None for a group that is no domain, or a domain no longer watched: then
    there are no contacts to tell. ``ask_account`` is asked at most once, where something is wrong. Whatever a name
    server sent is rendered harmless (see `harmless`).
    """
    case = Case(message, incident, entry, now, ask_account)
    return Text(subject=subject(case), email=letter(case), sms=sms(case))


def render_window(change: PlannedChange, entry: DomainEntry, now: datetime) -> Text:
    """Return the texts of the notice that the window of ``change`` ends soon and its values are not applied."""
    subject_line, email, short = window.forms(change, entry, now)
    return Text(subject=subject_line, email=email, sms=short)
