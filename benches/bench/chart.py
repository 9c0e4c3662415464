"""The chart: the start of a function, and peerings by size, for ours, Python and the floor."""

from typing import Any

from bench import cost
from bench.goals import MEASURED
from bench.svg import FAINT, Drawing, LogScale

OURS, PYTHON, FLOOR = "#0969da", "#bf8700", "#8c959f"
COLORS = {"ours": OURS, "Python": PYTHON, "floor": FLOOR}
STARTS = [
    ("init", "init ms", "ms"),
    ("first call", "first ms", "ms"),
    ("first call, 128 MB share", "first ms at 128 MB, 20 ms periods", "ms"),
    ("warm call", "warm ms", "ms"),
    ("CPU, first call", "first CPU ms", "ms"),
    ("peak memory", "peak RSS MB", "MB"),
    ("zipped", "zip MB", "MB"),
]
SUBJECTS = {"ours": f"ours {MEASURED}", "Python": f"Python {MEASURED}", "floor": "floor (lambda_runtime)"}
LEAST = 0.02  # the left end of the logarithmic scale of the bars


def draw(document: dict[str, Any]) -> str:
    drawing = Drawing(980, 620)
    drawing.text(20, 30, "Isthmus, the same in Python with boto3, and a bare Lambda runtime loop", 16, bold=True)
    for index, (name, color) in enumerate(COLORS.items()):
        drawing.bar(20 + index * 110, 42, 12, 12, color)
        drawing.text(38 + index * 110, 52, name)
    starts(drawing, document["functions"])
    alone = [each for each in document["peerings"] if each["at_once"] == 1]
    tables = sorted({each["tables"] for each in alone})
    panel = Panel(drawing, 560, "a peering of two Regions, seconds", alone, "seconds", tables)
    panel.draw(0, (0.3, 300), lambda count: cost.throttled_seconds(count), "EC2's bucket for CreateRoute")
    panel = Panel(drawing, 560, "1,000 peerings, dollars", alone, "dollars per 1,000", tables)
    panel.draw(1, (0.12, 0.4), lambda _: 1000 * cost.dollars(cost.TRANSITIONS, 4, 0), "six transitions, four invocations")
    return str(drawing)


def starts(drawing: Drawing, functions: dict[str, dict[str, float]]) -> None:
    drawing.text(20, 85, f"one function ({MEASURED}: one EC2 call over TLS), logarithmic", 13, bold=True)
    scale = LogScale(LEAST, 2000, 185, 470)
    for row, (label, figure, unit) in enumerate(STARTS):
        top = 100 + row * 70
        drawing.text(20, top + 26, label)
        for index, (name, subject) in enumerate(SUBJECTS.items()):
            value = functions[subject][figure]
            drawing.bar(185, top + index * 18, max(scale(value) - 185, 1), 15, COLORS[name])
            drawing.text(scale(value) + 6, top + index * 18 + 12, f"{value:.3g} {unit}", 11)


class Panel:
    """One chart by number of route tables, with logarithmic axes."""

    def __init__(
        self, drawing: Drawing, left: int, title: str, peerings: list[dict[str, Any]], key: str, tables: list[int]
    ) -> None:
        self.drawing, self.left, self.title = drawing, left, title
        self.peerings, self.key, self.tables = peerings, key, tables

    def draw(self, place: int, extent: tuple[float, float], limit: Any, limit_name: str) -> None:
        top = 75 + place * 275
        across = LogScale(1, max(max(self.tables), 10), self.left + 40, self.left + 390)
        up = LogScale(*extent, top + 215, top + 25)
        self.drawing.text(self.left, top + 10, self.title, 13, bold=True)
        for decade in sorted({extent[0], *up.decades(), extent[1]}):
            self.drawing.line([(across(1), up(decade)), (self.left + 390, up(decade))])
            self.drawing.text(self.left + 34, up(decade) + 4, f"{decade:g}", 10, "end")
        for count in self.tables:
            self.drawing.line([(across(count), top + 215), (across(count), top + 220)], FAINT)
            self.drawing.text(across(count), top + 232, str(count), 10, "middle")
        self.drawing.text(self.left + 215, top + 248, "route tables a side", 11, "middle")
        bound = [(across(count), up(limit(count))) for count in self.tables]
        self.drawing.line(bound, FLOOR, 2, dashed=True)
        self.drawing.text(bound[0][0] + 6, bound[0][1] + (-6 if place == 0 else 28), limit_name, 10, fill=FLOOR)
        for name, above in (("ours", -16), ("Python", 8)):
            rows = sorted((each["tables"], each[self.key]) for each in self.peerings if each["implementation"] == name)
            points = [(across(count), up(value)) for count, value in rows]
            self.drawing.line(points, COLORS[name], 2)
            for (x, y), (_, value) in zip(points, rows, strict=True):
                self.drawing.dot(x, y, COLORS[name])
                self.drawing.text(x, y - above, f"{value:.2g}", 10, "middle", COLORS[name])
