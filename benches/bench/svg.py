"""The SVG elements of a chart: text, lines, bars, and logarithmic axes."""

import math
from dataclasses import dataclass, field
from html import escape

INK, FAINT = "#24292f", "#d0d7de"
FONT = "font-family='system-ui, sans-serif'"


@dataclass
class Drawing:
    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def text(
        self, x: float, y: float, content: str, size: int = 12, anchor: str = "start", fill: str = INK, bold: bool = False
    ) -> None:
        weight = " font-weight='600'" if bold else ""
        at = f"x='{x:.1f}' y='{y:.1f}'"
        self.parts.append(
            f"<text {at} font-size='{size}' text-anchor='{anchor}' fill='{fill}'{weight} {FONT}>{escape(content)}</text>"
        )

    def line(self, points: list[tuple[float, float]], color: str = FAINT, width: float = 1, dashed: bool = False) -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = " stroke-dasharray='4 4'" if dashed else ""
        self.parts.append(f"<polyline points='{path}' fill='none' stroke='{color}' stroke-width='{width}'{dash}/>")

    def dot(self, x: float, y: float, color: str) -> None:
        self.parts.append(f"<circle cx='{x:.1f}' cy='{y:.1f}' r='3.5' fill='{color}'/>")

    def bar(self, x: float, y: float, width: float, height: float, color: str) -> None:
        self.parts.append(f"<rect x='{x:.1f}' y='{y:.1f}' width='{width:.1f}' height='{height}' rx='2' fill='{color}'/>")

    def __str__(self) -> str:
        size = f"width='{self.width}' height='{self.height}' viewBox='0 0 {self.width} {self.height}'"
        background = f"<rect width='{self.width}' height='{self.height}' fill='white'/>"
        return f"<svg xmlns='http://www.w3.org/2000/svg' {size}>\n{background}\n" + "\n".join(self.parts) + "\n</svg>\n"


@dataclass(frozen=True)
class LogScale:
    """Maps a positive number to a coordinate."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        value = max(value, self.low)
        return self.start + (self.end - self.start) * math.log(value / self.low) / math.log(self.high / self.low)

    def decades(self) -> list[float]:
        return [10.0**power for power in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)]
