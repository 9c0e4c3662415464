"""The results as tables, for the terminal and for `docs/PERFORMANCE.md`."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.goals import Goal

FIGURES = [
    "init ms", "init CPU ms", "first ms", "first CPU ms", "warm ms", "warm CPU ms",
    "first ms at 128 MB, 100 ms periods", "first ms at 128 MB, 20 ms periods", "warm ms at 128 MB, 20 ms periods",
    "peak RSS MB", "zip MB", "first EC2 calls", "first connections", "warm connections",
]  # fmt: skip


def functions_table(functions: dict[str, dict[str, float]]) -> str:
    names = list(functions)
    rows = [[figure, *(_number(functions[name].get(figure)) for name in names)] for figure in FIGURES]
    return table(["median of a round each", *names], rows)


def peerings_table(peerings: list[dict[str, Any]]) -> str:
    head = ["", "tables a side", "at once", "wall s", "EC2 calls", "transitions", "invocations", "billed ms", "$ per 1,000"]
    keys = ["implementation", "tables", "at_once", "seconds", "calls", "transitions", "invocations", "billed_ms"]
    rows = [[_number(each[key]) for key in keys] + [f"{each['dollars per 1,000']:.3f}"] for each in peerings]
    return table(head, rows)


def memory_table(memory: dict[str, dict[str, float]]) -> str:
    rows = [[case, _number(of["peak MB"]), _number(of["limit MB"]), _number(of["seconds"])] for case, of in memory.items()]
    return table(["200 tables a VPC, a table of", "peak MB", "the function's memory, MB", "seconds"], rows)


def sizes_table(sizes: list[dict[str, Any]]) -> str:
    """A row for each function; the size that it has is marked."""
    functions = list(dict.fromkeys(row["function"] for row in sizes))
    head = ["ms a call, and $ for a million", *(f"{row['memory MB']} MB" for row in sizes if row["function"] == functions[0])]
    return table(head, [[name, *(_size(row) for row in sizes if row["function"] == name)] for name in functions])


def _size(row: dict[str, Any]) -> str:
    figures = f"{row['ms a call']:.0f} ms, ${row['$ per million']:.2f}"
    return f"**{figures}**" if row["is its size"] else figures


def crowd_table(crowd: list[dict[str, Any]]) -> str:
    head = ["case", "seconds", "least", "ratio (≤ 1.5)", "calls of EC2", "throttled", "succeeded", "failed"]
    keys = ["case", "seconds", "least", "ratio", "calls", "throttled", "succeeded", "failed"]
    return table(head, [[_number(row[key]) for key in keys] for row in crowd])


def sweep_table(sweep: dict[str, float]) -> str:
    limits = {"seconds": "900: a function's longest time", "peak MB": "256: the function's memory, with some 60 for the SDK"}
    return table(["figure", "measured", "limit"], [[name, _number(sweep[name]), limits.get(name, "")] for name in sweep])


def groups_table(groups: dict[str, float]) -> str:
    limits = {"plan ms": "250", "peak MB": "64", "mesh of 51 ms": "1", "sweep line ms": "beside *all with all ms*"}
    order = ["vpcs", "pairs", "refused", "overlaps", "overlaps ms", "plan ms", "peak MB", "mesh of 51 pairs", "mesh of 51 ms"]
    order += ["compared vpcs", "all with all ms", "sweep line ms"]
    return table(["figure", "measured", "limit"], [[name, _number(groups[name]), limits.get(name, "")] for name in order])


def lanes_table(lanes: dict[str, Any]) -> str:
    """A group by lanes, and the same pairs by one execution each."""
    head = ["case", "by", "peered", "seconds", "least", "÷ least", "calls", "least", "÷ least", "refused", "transitions a peering"]
    rows = []
    for case in lanes["cases"]:
        of, pairs = case["lanes"], case["by pairs"]
        least, calls = of["least seconds at the share"], of["least calls"]
        for name, row, transitions in [("lanes", of, of["transitions"] / case["pairs"]), ("pairs", pairs, 6.0)]:
            bound = least if name == "lanes" else of["least seconds"]
            figures = [row["up"], row["seconds"], bound, row["seconds"] / bound, row["calls"], calls, row["calls"] / calls]
            rows.append([case["case"], name, *map(_number, figures), _number(row["throttled"]), f"{transitions:.3f}"])
    return table(head, rows)


def goals_table(goals: list[Goal]) -> str:
    rows = [[goal.figure, goal.goal, goal.measured, "met" if goal.met else "**missed**"] for goal in goals]
    return table(["figure", "goal", "measured", ""], rows)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown with aligned columns."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


TABLES: dict[str, Callable[[Any], str]] = {
    "functions": functions_table,
    "peerings": peerings_table,
    "memory": memory_table,
    "sizes": sizes_table,
    "crowd": crowd_table,
    "sweep": sweep_table,
    "groups": groups_table,
    "lanes": lanes_table,
}


def all_tables(document: dict[str, Any], goals: list[Goal]) -> dict[str, str]:
    """The tables of what was measured."""
    tables = {name: draw(document[name]) for name, draw in TABLES.items() if name in document}
    return {"goals": goals_table(goals), **tables, "conditions": conditions(document)}


def conditions(document: dict[str, Any]) -> str:
    machine = document["machine"]
    return (
        f"{machine['cores']} cores of {machine['processor']}, Linux {machine['kernel']}, {machine['day']}; "
        f"load average {machine['load']} at the start; medians of {machine['rounds']} interleaved rounds; "
        f"the share of a core is enforced by {machine['quota']}."
    )


def write_into(page: Path, tables: dict[str, str]) -> None:
    """Replaces the text between `<!-- name -->` and the next `<!-- name -->`."""
    text = page.read_text()
    for name, content in tables.items():
        mark = f"<!-- {name} -->"
        text, count = re.subn(f"{mark}.*?{mark}", lambda _, m=mark, c=content: f"{m}\n{c}\n{m}", text, flags=re.DOTALL)
        assert count == 1, f"{page} has no two marks {mark}"
    page.write_text(text)


def _number(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"
