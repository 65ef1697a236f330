"""The notice that a planned change's window is about to end while its values are not in the watchlist."""

from datetime import datetime
from string import Template

from nswatch.expect.watchlist import DomainEntry, PlannedChange
from nswatch.tell import gsm7, harmless, times
from nswatch.tell.english import LANGUAGES
from nswatch.tell.evidence import paragraph


def forms(change: PlannedChange, entry: DomainEntry, now: datetime) -> tuple[str, str, str]:
    """Return (subject of at most 99 ASCII characters, email, SMS of one part) for a planned change of ``entry``."""
    language = LANGUAGES.get(entry.language, LANGUAGES["en"])

    def say(phrase: str, **values: object) -> str:
        return Template(language.phrases[phrase]).substitute(values)

    id_ = harmless.value(change.id, 24)
    left = say("left", duration=times.duration(change.ends - now, language.phrases))
    lines = [
        say("window_title", change=id_, domain=harmless.name(entry.domain)),
        "",
        f"{say('window_ends')}  {times.both(change.ends)} ({left})",
        f"{say('window_by')}  {', '.join(harmless.words(person, 40) for person in change.by[:4])}",
        "",
        *paragraph(say("window_done")),
        *paragraph(say("window_after")),
    ]
    short = say("window_short", change=id_, domain=harmless.ascii_name(entry.domain, 36))
    ends = say(
        "window_sms",
        utc=times.brief_utc(change.ends, language.months),
        jst=times.brief_jst_clock(change.ends),
    )
    subject = f"nswatch {language.kinds['notice']}: {short}"
    return subject[:99], harmless.printable(lines), gsm7.fit(gsm7.to_gsm7(f"{say('sms_prefix')}{short}: {ends}"))
