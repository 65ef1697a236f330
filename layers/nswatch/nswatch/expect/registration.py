"""How registration data are compared: registrars by their letters, locks and states by EPP's words."""

import unicodedata
from collections.abc import Collection, Iterable


def same_registrar(one: str, other: str) -> bool:
    """Whether two spellings name one registrar: letter case, spaces, width and punctuation make no difference."""
    return _letters(one) == _letters(other)


def _letters(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())


def missing_locks(locks: Iterable[str], status: Collection[str]) -> tuple[str, ...]:
    """Return which of ``locks`` a status does not show, sorted.

    Registries without EPP's two sides say ``transferProhibited`` (RFC 9083 section 10.2.2), which may be either.
    """
    shown = {state.lower() for state in status}
    return tuple(sorted(lock for lock in set(locks) if not {lock.lower(), _of_no_side(lock)} & shown))


def _of_no_side(lock: str) -> str:
    return lock.lower().removeprefix("client").removeprefix("server")


def is_alarming(state: str) -> bool:
    """Whether a state takes the domain from DNS or from its holder, or is on the way there (RFC 5731, RFC 3915)."""
    lowered = state.lower()
    return lowered.endswith("hold") or lowered.startswith(("pending", "redemption"))
