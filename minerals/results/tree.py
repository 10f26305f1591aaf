"""An explanation as a summary, a tree of its rows, and its sources: what `minerals explain` prints."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd
from rich.console import Group
from rich.markup import escape
from rich.tree import Tree

from ..numbers import number
from ..tables.codes import ASSUMED, OWN, UNKNOWN
from .explain import Explanation, Factor, Leaf, Row
from .result import Result

#: Segments and chemistries named in the summary.
MOST = 4
CHANGED = "run file"
#: Tables of parts that scale the row before them -> the column that says whose.
PARTS = {"region_part": "region", "group_place": "country"}


def demand_tree(result: Result, explanation: Explanation) -> Group:
    """For rich to print. Each row and each note is spelled out once, where it first serves; later it is only named."""
    codes = result.record["codes"]
    mineral = codes["mineral"][explanation.mineral]
    label = result.record["scenarios"][explanation.scenario]["label"]
    place = f"{mineral['label']}, {explanation.region}, {explanation.year}, {label}"
    head = f"[bold]{escape(place)}: {number(explanation.value)} kt[/bold]\n{escape(mineral['basis'])}"
    summary = [escape(line) for line in _summary(codes, explanation)]
    if not explanation.leaves:
        return Group(head, "Nothing that is put into use contains it.", *summary)
    rows = explanation.rows()
    return Group(head, *summary, *instead(result, rows), Teller(result).tree(explanation), sources(result, rows))


def _summary(codes: dict[str, Any], explanation: Explanation) -> list[str]:
    """What the number is mostly made of, the cells that do without, and how well its rows are founded."""
    lines = []
    for name, kind in (("uses", "segment"), ("chemistries", "chemistry")):
        sums: Counter[str] = Counter()
        for leaf in explanation.leaves:
            sums[codes[kind][getattr(leaf, kind)]["label"]] += leaf.value  # type: ignore[assignment]
        parts = [f"{what} {value / explanation.value:.0%}" for what, value in sums.most_common(MOST)]
        more = f", {len(sums) - MOST} more" if len(sums) > MOST else ""
        lines += [f"Largest {name}: {', '.join(parts)}{more}"] if parts else []
    if explanation.leaves and explanation.without:
        parts = [codes["chemistry"][name]["label"] for name in explanation.without]
        share = sum(explanation.without.values()) / explanation.gwh
        lines.append(f"Without it: {share:.0%} of {number(explanation.gwh)} GWh ({', '.join(parts)})")
    if explanation.leaves:
        rows = explanation.rows()
        lines.append(f"It rests on {len(rows)} rows ({graded(rows)}); the leaves re-add to it.")
    return lines


def graded(rows: pd.DataFrame) -> str:
    """How many rows are of each grade."""
    grades = Counter(map(grade, rows.to_dict("records")))
    return ", ".join(f"{count} {kind}" for kind, count in grades.most_common())


def replaced(result: Result) -> dict[str, Row]:
    """What each own row of a result replaces, by its name, as the record has it."""
    return {one["row"]: one for each in result.record.get("own_rows", ()) for one in each.get("instead", ())}


def instead(result: Result, rows: pd.DataFrame) -> list[str]:
    """How many of some rows are own ones that stand in the place of shipped ones, as a line; none where none is."""
    known = replaced(result)
    count = sum(row in known for row in rows["rows"])
    many = f"{count} own rows replace others" if count > 1 else "1 own row replaces another"
    return [f"{many}: what stood there is told beside it."] if count else []


class Teller:
    """Builds the tree and remembers which rows and notes were told."""

    def __init__(self, result: Result) -> None:
        self.codes: dict[str, Any] = result.record["codes"]
        self.replaced = replaced(result)
        self.rows: set[str] = set()
        #: note → place of the row that it was printed with
        self.notes: dict[str, str] = {}

    def tree(self, explanation: Explanation) -> Tree:
        """Segments, largest first; in each its chemistries."""
        tree = Tree("", hide_root=True)
        groups: dict[tuple[str, str], list[Leaf]] = {}
        for leaf in explanation.leaves:
            groups.setdefault((leaf.region, leaf.segment), []).append(leaf)
        several = len({region for region, _ in groups}) > 1
        for (region, segment), leaves in sorted(groups.items(), key=lambda item: -sum(leaf.value for leaf in item[1])):
            name = self.codes["segment"][segment]["label"] + (f", {region}" if several else "")
            gwh = leaves[0].factors[0]
            subtotal = number(sum(leaf.value for leaf in leaves))
            branch = tree.add(f"[bold]{escape(name)}[/bold]  {subtotal} kt in {number(gwh.value)} GWh")
            self.add(branch, [gwh])
            for leaf in leaves:
                silicon = f" with {leaf.silicon:.0%} Si" if leaf.silicon else ""
                product = " × ".join(f"{factor.value:.6g} {factor.unit}".removesuffix(" 1") for factor in leaf.factors)
                chemistry = self.codes["chemistry"][leaf.chemistry]["label"]
                twig = branch.add(f"{escape(chemistry + silicon)}  {leaf.value:.4g} kt = {product}")
                self.add(twig, leaf.factors[1:])
        return tree

    def add(self, branch: Tree, factors: list[Factor] | tuple[Factor, ...]) -> None:
        """A line for each row not told yet, and one that names the others."""
        again = []
        for factor in factors:
            for row in factor.rows:
                if row["rows"] in self.rows:
                    again.append(f"{factor.name} {_place(row)}")
                    continue
                self.rows.add(row["rows"])
                branch.add(f"[dim]{escape(self._words(factor, row))}[/dim]")
        if again:
            branch.add(f"[dim]told above: {escape(', '.join(dict.fromkeys(again)))}[/dim]")

    def _words(self, factor: Factor, row: Row) -> str:
        """What a row says, where it stands, and where it was read or why it is assumed."""
        year = f" in {int(row['year'])}" if pd.notna(row["year"]) else ""
        filled = f" ({factor.fill})" if factor.fill in ("linear", "hold") else ""
        place, kind = _place(row), grade(row)
        origin = "; ".join(filter(None, (row["source"].replace(";", ", "), row["locator"])))
        if row["source"] == OWN:
            origin = "; ".join(filter(None, (row["locator"], row["note"])))
        elif kind in (ASSUMED, CHANGED, UNKNOWN):
            first = self.notes.setdefault(row["note"], place)
            origin = row["note"] if first == place else f"note as at {first}"
        what = f"{factor.name} scaled by" if row["rows"] in factor.scales else factor.name
        if row["table"] in PARTS:
            what = f"× part of {row[PARTS[row['table']]]}"
        if row["rows"] in factor.behind:
            what = f"behind it, {row['table'].replace('_', ' ')}"
        mended = f"; corrected by {row['corrected_by']}" if row["corrected_by"] else ""
        if (below := self.replaced.get(row["rows"])) is not None:
            mended += f"; replaces a row below: {below['change']}"
        value = float(row["value"])
        shown = f"{value:.6g}" if value == value else f"between {float(row['low']):g} and {float(row['high']):g}"
        return f"{what} {shown}{year}{filled}: {place} [{kind}]{f' {origin}' if origin else ''}{mended}"


def _place(row: Row) -> str:
    """file:line; the words of a `--set` have no line."""
    return f"{row['file']}:{int(row['line'])}" if row["line"] else str(row["file"])


def grade(row: Any) -> str:
    """Quality of a row; a share that the run file changed is its author's, not an assumption of ours."""
    return CHANGED if row["source"] == CHANGED else str(row["quality"])


def sources(result: Result, rows: pd.DataFrame) -> Tree:
    """What the sources of some rows are."""
    citations = result["sources_used"].set_index("source")["citation"].to_dict()
    citations[ASSUMED] = "our assumption; the reasoning is in the note of the row"
    citations[UNKNOWN] = "no figure that may be passed on was found; the note of the row says what was"
    citations[CHANGED] = "changed by the run file or --set: yours, not ours"
    keys = dict.fromkeys(key for text in rows["source"] for key in str(text).split(";"))
    tree = Tree("[bold]Sources[/bold]")
    for key in keys:
        tree.add(escape(f"{key}: {citations.get(key, '')}"))
    return tree
