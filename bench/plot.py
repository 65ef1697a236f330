"""A plot with two logarithmic axes, as SVG."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 420, 70, 320, 20, 50
_COLOURS = ("#1b6ca8", "#c0392b", "#1e8449", "#8e44ad", "#b9770e", "#34495e", "#117a65")


def log_log(places: Sequence[float], lines: Mapping[str, Sequence[float]], along: str) -> str:
    """Return the SVG of some lines over the same places; ``along`` says what those are. All numbers are above 0."""
    values = [value for line in lines.values() for value in line]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    first, last = math.log10(places[0]), math.log10(places[-1])

    def x(place: float) -> float:
        return _LEFT + (math.log10(place) - first) / ((last - first) or 1) * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _HEIGHT - _BOTTOM - (math.log10(value) - low) / ((high - low) or 1) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif"'
        ' font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for power in range(low, high + 1):
        height = y(10**power)
        parts += [
            f'<path d="M{_LEFT} {height:.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>',
            f'<text x="{_LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{10**power:,}</text>',
        ]
    for place in places:
        middle = x(place)
        parts += [
            f'<path d="M{middle:.1f} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#ddd"/>',
            f'<text x="{middle:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{place:,}</text>',
        ]
    parts.append(f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 10}" text-anchor="middle">{along}</text>')
    for number, (name, line) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in zip(places, line, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(place):.1f}" cy="{y(value):.1f}" r="3" fill="{colour}"/>'
            for place, value in zip(places, line, strict=True)
        ]
        height = _TOP + 20 + 22 * number
        parts += [
            f'<rect x="{_WIDTH - _RIGHT + 16}" y="{height - 10}" width="12" height="12" fill="{colour}"/>',
            f'<text x="{_WIDTH - _RIGHT + 34}" y="{height}">{escape(name)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])
