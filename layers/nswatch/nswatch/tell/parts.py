"""The notice of a page whose change another domain was paged for: the page's own texts, with that said first."""

import json
from dataclasses import replace
from string import Template

from nswatch.record.port import OutboxItem
from nswatch.respond import common
from nswatch.respond.incident import MessageKind
from nswatch.tell import gsm7, harmless
from nswatch.tell.english import LANGUAGES
from nswatch.tell.evidence import paragraph
from nswatch.tell.sms import SUBJECT_LENGTH

_LANGUAGE = LANGUAGES["en"]


def as_part(message: OutboxItem, part_of: str) -> OutboxItem:
    """Return a page as the notice that the change which ``part_of`` was paged for hit this domain too."""
    incident = "/".join(harmless.ascii_name(part, 300) for part in part_of.split("/"))
    page, notice = (f"nswatch {_LANGUAGE.kinds[kind]}: " for kind in (MessageKind.PAGE, MessageKind.NOTICE))
    subject = f"{notice}{_say('part_short', id=incident)}: {message.subject.removeprefix(page)}"
    texts = json.loads(message.body)
    first = "\n".join(paragraph(_say("part", id=incident)))
    texts |= {name: f"{first}\n\n{texts[name]}" for name in ("default", "email") if name in texts}
    if "sms" in texts:
        prefix = "nswatch: "
        texts["sms"] = gsm7.fit(f"{prefix}{_say('part_short', id=incident)}: {texts['sms'].removeprefix(prefix)}")
    return replace(common.as_part(message, part_of), subject=subject[:SUBJECT_LENGTH], body=json.dumps(texts))


def _say(phrase: str, **values: str) -> str:
    return Template(_LANGUAGE.phrases[phrase]).substitute(values)
