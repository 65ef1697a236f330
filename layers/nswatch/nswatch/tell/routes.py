"""How a message is put to the routes of a topic."""

import json

from nswatch.tell.texts import Text

LIMIT = 256 * 1024
"""Bytes of an SNS message."""
_SHARE = LIMIT // 2 - 4096
"""For each of the two copies of the email text, as JSON; the rest is the SMS and the frame."""


def sns_message(text: Text) -> str:
    """Return the JSON for SNS with ``MessageStructure=json``, under 256 KiB.

    ``default`` (SQS, Lambda, HTTPS) is the email's text. Where that is too long, it is cut at the end of a line.
    """
    body = text.email
    while len(json.dumps(body).encode()) > _SHARE:
        shorter = body[: len(body) * 9 // 10]
        body = shorter[: shorter.rfind("\n") + 1] or shorter
    return json.dumps({"default": body, "email": body, "sms": text.sms})
