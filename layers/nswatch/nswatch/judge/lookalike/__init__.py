"""Near misses of a name server's name: what was done to the genuine name, how hard it is to see, both lined up.

In May 2020 ``ns-1515.awsdns-061.org`` stood where ``ns-1515.awsdns-61.org`` belonged. Equality with the expected set
finds such a change; this rule says what it is, so that a person half asleep believes it.

What is compared is the *registrable domain*, because that is what an attacker can obtain; the host's other labels
only decide between equals. In order: the same label under another public suffix, few edits between the labels
(`alignment`), the same letters with dots or hyphens elsewhere, and the genuine domain embedded in another (`embedded`).
Hosts of one registrable domain are siblings of one operator (ada and adam under ns.cloudflare.com): they are told only
for a pure disguise, a digit against a letter (nsl for ns1), an IDN twin or a leading zero. Names that Route 53's
rule allows are never look-alikes of one another.

**Costs.** An edit costs what a reader would need to notice it: 1 for a plain insertion, drop or substitution, less
for what the eye or the brain repairs. The total must stay within a budget that grows with the shorter label, or short
names would all be near misses:

    ============================  =====   ======================  ======
    IDN twin (UTS #39), unseen     0.05   label of 1 or 2          0.1
    accent                         0.2    3                        0.5
    leading zero                   0.4    4 or 5                   1.1
    ASCII twin, hyphen or dot      0.5    6 or 7                   1.5
    vague ASCII twin, doubled      0.6    8 to 11                  2.0
    another public suffix          0.6    12 and more              2.5
    neighbours swapped             0.7
    ============================  =====   ======================  ======

So one plain edit needs four characters, two need eight; a homoglyph in a name of three is found, ``ns.aa.jp`` against
``ns.ab.jp`` is not. No two cheap edits are together cheaper than the one plain edit that explains them both. The
score is 1 - cost / (1 + length / 4), from 0 to 1: long names hide an edit better.

Sources: UTS #39 (confusables, skeletons); dnstwist's categories as a check-list (addition, homoglyph, hyphenation,
insertion, omission, repetition, replacement, subdomain, transposition, TLD and dictionary swaps; bit flips, plurals
and vowel swaps are substitutions and insertions here); Damerau-Levenshtein in its optimal-string-alignment form.
"""

from nswatch.judge.lookalike.compare import closest, imitations, near_miss
from nswatch.judge.lookalike.nearby import near_misses
from nswatch.judge.lookalike.result import Lookalike

__all__ = ["Lookalike", "closest", "imitations", "near_miss", "near_misses"]
