"""Charts as SVG without script or outside resources: a waterfall and lines by month. The same drawing stands on the page and in the PDF.

Colours are classes, so that each page styles them (light, dark, print). A drawing is 360 units wide: at that width its letters are those of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

STYLE = (
    "text{font:11px 'Noto Sans SC',system-ui,sans-serif;fill:#1c2321}.grid{stroke:#ddd8ca;stroke-width:1}.full{fill:#56605c}.lost{fill:#b4541f}"
    ".score{fill:#1a6b4a}.line{fill:none;stroke:#12403f;stroke-width:2}.other{stroke:#b4541f}.dot{fill:#12403f}.soft{fill:#56605c}"
)
"""The colours of a drawing that stands on a light page by itself."""
_WIDTH = 360
_ROW = 34
_LEFT, _RIGHT, _TOP, _BOTTOM = 26, 352, 12, 24
_HEIGHT = 190
_FULL = 1_000
_HIGHEST_FLOOR = 75
_THRESHOLDS = (85, 90)


@dataclass(frozen=True, slots=True)
class Bar:
    """A step of the waterfall from `start` to `end`, both in tenths of a point; `kind`: `full`, `lost` or `score`."""

    label: str
    shown: str
    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Series:
    """Scores in millionths by place on the axis of days, None where there is none."""

    name: str
    scores: Sequence[int | None]


def waterfall(bars: Sequence[Bar], told: str) -> str:
    """Bars one below the other, each with its name and figure above it, from 0 to 100 points. `told` says it in words."""
    drawn = [f'<line class="grid" x1="{x}" y1="0" x2="{x}" y2="{len(bars) * _ROW}"/>' for x in (0.5, _WIDTH / 2, _WIDTH - 0.5)]
    for place, bar in enumerate(bars):
        y, left, right = place * _ROW, min(bar.start, bar.end), max(bar.start, bar.end)
        x, width = left * _WIDTH / _FULL, max((right - left) * _WIDTH / _FULL, 1)
        drawn.append(f'<text x="2" y="{y + 13}">{escape(bar.label)}</text><text x="{_WIDTH - 2}" y="{y + 13}" text-anchor="end">{escape(bar.shown)}</text>')
        drawn.append(f'<rect class="{bar.kind}" x="{x:.1f}" y="{y + 18}" width="{width:.1f}" height="11"/>')
    return _drawing(len(bars) * _ROW, drawn, told)


def months(days: Sequence[str], series: Sequence[Series], told: str) -> str:
    """Dashed lines (all of it is hypothesis) from a dot that is today, over days a month apart, with 85 and 90 marked."""
    known = [score for one in series for score in one.scores if score is not None]
    lowest = min(max(min(known, default=0) // 10_000_000 * 10 - 10, 0), _HIGHEST_FLOOR)
    marks = sorted({lowest, 100, *(round((lowest + _THRESHOLDS[0]) / 20) * 10 for _ in range(lowest < 60)), *_THRESHOLDS})

    def across(place: int) -> float:
        return _LEFT + place * (_RIGHT - _LEFT) / max(len(days) - 1, 1)

    def down(points: float) -> float:
        return _TOP + (100 - points) * (_HEIGHT - _TOP - _BOTTOM) / (100 - lowest)

    drawn = [
        f'<line class="grid" x1="{_LEFT}" y1="{down(mark):.1f}" x2="{_RIGHT}" y2="{down(mark):.1f}"/>'
        f'<text x="{_LEFT - 4}" y="{down(mark) + 4:.1f}" text-anchor="end">{mark}</text>'
        for mark in marks
    ]
    for place in _spread(len(days)):
        anchor = "start" if not place else "end" if place == len(days) - 1 else "middle"
        drawn.append(f'<text x="{across(place):.1f}" y="{_HEIGHT - 6}" text-anchor="{anchor}">{escape(days[place][:7])}</text>')
    for number, one in enumerate(series):
        run = [(across(place), down(score / 1_000_000)) for place, score in enumerate(one.scores) if score is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
        drawn.append(f'<polyline class="{"line other" if number else "line"}" stroke-dasharray="5 4" points="{path}"/>')
        if run:
            drawn.append(f'<circle class="dot" cx="{run[0][0]:.1f}" cy="{run[0][1]:.1f}" r="3"/>')
    return _drawing(_HEIGHT, drawn, told)


def _spread(count: int) -> list[int]:
    """At most four places along an axis, the first and the last among them."""
    return sorted({round(part * (count - 1) / 3) for part in range(4)}) if count else []


def _drawing(height: int, drawn: Sequence[str], told: str) -> str:
    label = escape(told, quote=True)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'
