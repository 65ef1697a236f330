"""Which servers were asked from here, and those that said nothing of use."""

from collections.abc import Iterator, Sequence

from nswatch.tell import harmless
from nswatch_cli.check import words
from nswatch_cli.check.values import Look, ServerAnswer

Line = tuple[str, str]
_MOST = 6
_OF_SEVERAL = {
    "its name does not exist": "their names do not exist",
    "its name has no address": "their names have no address",
    "its address could not be found out": "their addresses could not be found out",
}


def told_of_servers(look: Look, width: int) -> Iterator[Line]:
    """Yield the failing ones, alike ones together, and what is not testable from here."""
    sides: Sequence[tuple[str, Sequence[ServerAnswer]]] = (
        (f"server{{s}} of {words.zone(look.zone)}", [each for each in look.parents if each.delegated is None]),
        ("name server{s}", [each for each in look.children if each.apex is None]),
        ("resolver{s}", [each for each in look.resolvers if each.apex is None]),
    )
    for noun, failing in sides:
        groups: dict[str, list[ServerAnswer]] = {}
        for answer in failing:
            groups.setdefault(why(answer), []).append(answer)
        for reason, answers in list(groups.items())[:_MOST]:
            who = {answer.name for answer in answers}
            names = words.servers(who) if len(who) > 2 and all(answer.host for answer in answers) else words.listed(who)
            told = f"  {noun.format(s='s' if len(who) > 1 else '')} {names}: "
            room = width - len(told)
            said = _OF_SEVERAL.get(reason, reason) if len(who) > 1 else reason
            yield told + (said if len(said) <= room else said.partition(" (")[0][:room]), "yellow"
    if look.ipv6 is False:
        yield "  IPv6 is not testable: it does not work from here", ""


def everyone(look: Look) -> Iterator[Line]:
    """Yield every server that was asked, with how and how fast it answered."""
    sides = ((f"Servers of {words.zone(look.zone)}", look.parents), ("Name servers", look.children),
             ("Resolvers", look.resolvers))  # fmt: skip
    for heading, answers in sides:
        if answers:
            yield "", ""
            yield f"  {heading}", "bold"
            yield from (_server(answer) for answer in answers)


def why(answer: ServerAnswer) -> str:
    """Return in words what a server said that is no answer."""
    if untestable(answer):
        return "not testable here (IPv6)"
    note = harmless.value(answer.note, 60) if answer.note else ""
    said = words.result(answer)
    if answer.facts is None:
        return note or said
    plain = answer.result in ("timeout", "nxdomain", "nodata")
    return said + (f" ({note})" if note and note != said and not plain else "")


def untestable(answer: ServerAnswer) -> bool:
    """Whether only the lack of IPv6 here keeps us from hearing this server."""
    return ":" in answer.address and answer.result in ("unreachable", "not_asked")


def _server(answer: ServerAnswer) -> Line:
    over = answer.transport.upper() if answer.transport is not None and answer.facts is not None else ""
    took = f"{answer.ms:.0f} ms" if answer.ms is not None else ""
    # An IPv6 address may take the room that a short name leaves.
    address = answer.address or "-"
    name = words.host(answer.host, 36) if answer.host else ""
    known = answer.apex is not None or answer.delegated is not None
    ttl = f"TTL {answer.facts.ttl}" if known and answer.facts is not None and answer.facts.ttl is not None else ""
    said = ttl if known else why(answer)
    return f"  {name:{max(len(name), 46 - max(15, len(address)))}} {address:15} {over:3} {took:>7}  {said}", ""
