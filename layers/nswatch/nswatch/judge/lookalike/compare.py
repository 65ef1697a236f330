"""Two hosts in, a near miss or nothing out: which parts are compared, and what is allowed to differ."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from nswatch.judge import confusables
from nswatch.judge.lookalike import embedded
from nswatch.judge.lookalike.alignment import Edit, align
from nswatch.judge.lookalike.result import Lookalike, changes_of, kinds_of, lined_up
from nswatch.judge.route53 import explain, parse
from nswatch.names import public_suffix, registrable

_CHANGED_TLD = 0.6
_BUDGETS = ((12, 2.5), (8, 2.0), (6, 1.5), (4, 1.1), (3, 0.5), (0, 0.1))
_SIBLING_BUDGET = 1.1
_GENERIC = frozenset({"dns", "host", "name", "nic", "domain", "server"})
"""Labels that unrelated operators share under different suffixes: every registry is nic.SOMETHING."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """A host as it is compared: labels before the registrable domain, its first label, its public suffix; decoded."""

    sub: str
    label: str
    suffix: str
    domain: str
    """The registrable domain in canonical form."""

    @property
    def name(self) -> str:
        """The registrable domain, decoded; a public suffix itself has only a label."""
        return f"{self.label}.{self.suffix}" if self.suffix else self.label


def near_miss(candidate_host: str, expected_host: str) -> Lookalike | None:
    """Return how ``candidate_host`` nearly is ``expected_host``, or None; both canonical. Never raises."""
    if candidate_host == expected_host or (parse(candidate_host) and parse(expected_host)):
        return None
    there, here = _parts(candidate_host), _parts(expected_host)
    for compared, names in (
        ("registrable domain", (there.domain, here.domain)),
        ("host", (candidate_host, expected_host)),
    ):
        if names[0] != names[1] and confusables.decode(names[0]) == confusables.decode(names[1]):
            return _same_to_the_eye(candidate_host, expected_host, compared, names)
    if there.domain == here.domain:
        impossible = parse(expected_host) is not None and explain(candidate_host) != ""
        return _sibling(candidate_host, expected_host, there.sub, here.sub, any_edit=impossible)
    if _share_a_private_suffix(candidate_host, expected_host, there, here):
        return _sibling(candidate_host, expected_host, there.label, here.label)
    return (
        _by_domain(candidate_host, expected_host, there, here)
        or _by_separators(candidate_host, expected_host, there, here)
        or embedded.find(candidate_host, expected_host, there.domain, here.domain)
    )


def closest(candidate_host: str, expected_hosts: Iterable[str]) -> Lookalike | None:
    """Return the near miss of ``candidate_host`` that is hardest to see among ``expected_hosts``, or None.

    A host that is expected itself is none; one in an expected host's registrable domain is only compared with that
    domain's hosts, because the same operator names them all.
    """
    expected = sorted(set(expected_hosts))
    if candidate_host in expected:
        return None
    own = _parts(candidate_host)
    siblings = [host for host in expected if _parts(host).domain == own.domain]
    found = [pair for pair in (near_miss(candidate_host, host) for host in siblings or expected) if pair is not None]
    if not found:
        return None
    # Among equals the host with the same labels in front is the one that was imitated.
    return min(found, key=lambda pair: (-pair.score, _parts(pair.genuine).sub != own.sub, pair.genuine))


def imitations(hosts: Iterable[str], genuine: Collection[str], *, route53: bool) -> list[str]:
    """Return those of ``hosts`` that imitate ``genuine`` ones, or with ``route53`` pass for that provider's names."""
    return [
        host
        for host in sorted(set(hosts).difference(genuine))
        if closest(host, genuine) is not None or (route53 and explain(host) != "")
    ]


@lru_cache(maxsize=4096)
def _parts(host: str) -> _Parts:
    domain, suffix = registrable(host), public_suffix(host)
    label = domain[: -len(suffix) - 1] if domain.endswith("." + suffix) else domain
    sub = host[: -len(domain) - 1] if len(host) > len(domain) else ""
    suffix = suffix if domain != label else ""
    return _Parts(confusables.decode(sub), confusables.decode(label), confusables.decode(suffix), domain)


@cache
def _icann_suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True, only_icann=True)


def _same_to_the_eye(candidate: str, genuine: str, compared: str, names: tuple[str, str]) -> Lookalike:
    """Tell two names that differ in characters that do not show: lined up as they are in the DNS."""
    aligned = lined_up(names[0], align(*names) or ())
    clauses = ("other characters that do not show",)
    return Lookalike(candidate, genuine, compared, 1.0, ("invisible character",), aligned, names, clauses)


def _share_a_private_suffix(candidate: str, genuine: str, there: _Parts, here: _Parts) -> bool:
    """Whether both hosts stand right beneath a suffix of the list's private part, whose owner then names them.

    ns1.sakura.ne.jp: the list has sakura.ne.jp for its customers' sites, but its name servers are there too.
    """
    if not (candidate == there.domain and genuine == here.domain and there.suffix == here.suffix):
        return False
    suffix = public_suffix(genuine)
    return "." in suffix and bool(_icann_suffixes().publicsuffix(suffix) != suffix)


def _budget(length: int) -> float:
    return next(budget for least, budget in _BUDGETS if length >= least)


def _score(cost: float, length: int) -> float:
    return max(0.0, round(1 - cost / (1 + length / 4), 2))


def _by_domain(candidate: str, genuine: str, there: _Parts, here: _Parts) -> Lookalike | None:
    """Few edits between the registrable labels, and perhaps another suffix."""
    length = min(len(there.label), len(here.label))
    changed = there.suffix != here.suffix
    if changed and not (there.suffix and here.suffix):
        return None
    if there.label == here.label:
        if not _tells_apart(there, here):
            return None
        edits: tuple[Edit, ...] | None = ()
    else:
        edits = align(there.label, here.label, _budget(length) - _CHANGED_TLD * changed)
    if edits is None:
        return None
    cost = sum(edit.cost for edit in edits) + _CHANGED_TLD * changed
    with_front = there.sub == here.sub
    front = f"{there.sub}." if there.sub and with_front else ""
    edits = tuple(_moved(edit, len(front)) for edit in edits)
    names = (front + there.name, front + here.name)
    clauses = changes_of(*names, edits)
    if changed:
        starts = (len(front + there.label) + 1, len(front + here.label) + 1)
        edits = (*edits, *_suffix_edits(there.suffix, here.suffix, starts))
        clauses = (*clauses, f".{there.suffix} in place of .{here.suffix}")
    return Lookalike(
        candidate,
        genuine,
        "registrable domain",
        _score(cost, length),
        kinds_of(edits),
        lined_up(names[0], edits),
        (there.domain, here.domain),
        clauses,
    )


def _tells_apart(there: _Parts, here: _Parts) -> bool:
    """Whether one label under two suffixes is more than chance."""
    label = here.label
    if label in _GENERIC:
        return False
    if len(label) >= 4:
        return True
    if not here.sub or there.sub != here.sub:
        return False
    return len(label) == 3 or align(there.suffix, here.suffix, 1.0) is not None


def _suffix_edits(there: str, here: str, starts: tuple[int, int]) -> list[Edit]:
    edits = align(there, here) or ()
    at, of = starts
    return [Edit("changed TLD", at + edit.at, edit.there, of + edit.of, edit.here, edit.cost) for edit in edits]


def _moved(edit: Edit, by: int) -> Edit:
    return Edit(edit.kind, edit.at + by, edit.there, edit.of + by, edit.here, edit.cost)


def _by_separators(candidate: str, genuine: str, there: _Parts, here: _Parts) -> Lookalike | None:
    """Find the same letters with dots and hyphens elsewhere: dns.host.example, ns1dnshost.example."""
    front, genuine_front = _before_suffix(there), _before_suffix(here)
    if there.suffix != here.suffix or len(here.label) < 4:
        return None
    if front.translate(_SEPARATORS) != genuine_front.translate(_SEPARATORS):
        return None
    edits = align(front, genuine_front, _BUDGETS[0][1])
    return None if edits is None else _of_hosts(candidate, genuine, edits, len(here.label))


_SEPARATORS = str.maketrans("", "", ".-")


def _before_suffix(parts: _Parts) -> str:
    return f"{parts.sub}.{parts.label}" if parts.sub else parts.label


def _sibling(candidate: str, genuine: str, there: str, here: str, *, any_edit: bool = False) -> Lookalike | None:
    """One operator's hosts: only a disguise that no operator gives a host of its own.

    With ``any_edit`` any small difference: the operator is known to have no such host.
    """
    edits = align(there, here, _SIBLING_BUDGET)
    if not edits or not (any_edit or all(_is_disguise(edit, there, here) for edit in edits)):
        return None
    return _of_hosts(candidate, genuine, edits, min(len(there), len(here)))


def _is_disguise(edit: Edit, there: str, here: str) -> bool:
    match edit.kind:
        case "leading zero" | "invisible character" | "diacritic":
            return True
        case "homoglyph" if not (edit.there + edit.here).isascii():
            return True
        case "homoglyph":
            # Clara and dara, ian and lan are given names under ns.cloudflare.com; nsl and ns1 are not two servers.
            return any(map(str.isdigit, _label_at(there, edit.at) + _label_at(here, edit.of)))
        case "hyphen" if edit.there + edit.here == "-":
            # Between digits it parts two numbers: a1-64 and a16-4 are two servers of one operator.
            around = there[max(0, edit.at - 1) : edit.at + 2] if edit.there else here[max(0, edit.of - 1) : edit.of + 2]
            return not (around[0].isdigit() and around[-1].isdigit())
        case _:
            return False


def _label_at(text: str, index: int) -> str:
    return text[text.rfind(".", 0, index) + 1 :].partition(".")[0]


def _of_hosts(candidate: str, genuine: str, edits: tuple[Edit, ...], length: int) -> Lookalike:
    names = confusables.decode(candidate), confusables.decode(genuine)
    return Lookalike(
        candidate,
        genuine,
        "host",
        _score(sum(edit.cost for edit in edits), length),
        kinds_of(edits),
        lined_up(names[0], edits),
        (candidate, genuine),
        changes_of(*names, edits),
    )
