"""What a name means: quantity, table, or an entry of a code list."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from ..errors import UsageError, did_you_mean, listed
from ..quantities import QUANTITIES
from ..tables.check_supply import ANY
from ..tables.inputs import Inputs

#: Code list → its code column.
LISTS = {
    "chemistries": "chemistry", "minerals": "mineral", "regions": "region", "segments": "segment",
    "scenarios": "scenario", "nodes": "node", "supply_futures": "future", "countries": "country",
    "country_groups": "group", "disruption": "disruption", "sources": "source",
}  # fmt: skip
#: Table whose events have several rows.
DISRUPTION = "disruption"
#: Future of supply that a country and a node are described with.
TODAY = "today"


def describe(name: str | None, inputs: Inputs) -> str:
    """Words for a name; without one, everything that has a name. Raises UsageError for an unknown one."""
    if not name:
        groups = {"quantities": list(QUANTITIES), **{table: _codes(inputs, table) for table in LISTS}}
        return "\n".join(f"{group}: {', '.join(names)}" for group, names in groups.items())
    told = []
    if quantity := QUANTITIES.get(name):
        told.append(
            f"{name} ({quantity.kind}) [{quantity.unit}]\n  {quantity.meaning}"
            f"\n  dimensions: {', '.join(quantity.dimensions)}"
            + (f"\n  equation:   {quantity.equation}" if quantity.equation else "")
            + (f"\n  IAMC name:  {quantity.iamc}" if quantity.iamc else "")
        )
    if table := inputs.tables.get(name):
        fields = [f"    {field.name}: {field.description}" for field in table.schema.fields]
        told.append(f"table {table.file}, {len(table.frame)} rows\n  {table.schema.description}\n" + "\n".join(fields))
    for listing, column in LISTS.items():
        frame = inputs[listing]
        if listing == DISRUPTION:
            told += _disruption(frame[frame[column] == name], inputs)
            continue
        for row in frame[frame[column] == name].drop(columns=["line", "corrected_by"]).to_dict("records"):
            entries = [f"  {key}: {value}" for key, value in row.items() if key != column and value != ""]
            entries += MORE[listing](name, inputs) if listing in MORE else []
            told.append(f"{name} ({column}, {inputs.tables[listing].file})\n" + "\n".join(entries))
    if not told:
        known = [*QUANTITIES, *inputs.tables, *(code for listing in LISTS for code in _codes(inputs, listing))]
        hint = did_you_mean(name, known) or f"; `minerals describe` lists all ({listed(list(QUANTITIES), 4)} …)"
        raise UsageError(f"nothing is named {name}{hint}")
    return "\n\n".join(told)


def _codes(inputs: Inputs, listing: str) -> list[str]:
    """Codes of a list, each once."""
    return list(dict.fromkeys(inputs[listing][LISTS[listing]]))


def _disruption(rows: pd.DataFrame, inputs: Inputs) -> list[str]:
    """One event: when, how long, and each flow it cuts with its note."""
    if not len(rows):
        return []
    first, file = rows.iloc[0], inputs.tables[DISRUPTION].file
    months = f"{first['months']:g} months from {int(first['start'])} on"
    lines = [f"{first['disruption']} (disruption, {file})", f"  label: {first['label']}",
             f"  status: {first['status'].replace('_', ' ')}, {months}",
             f"  played: {first['played']}", f"  reported_by: {first['reported_by']}"]  # fmt: skip
    notes: dict[str, list[str]] = {}
    for row in rows.itertuples():
        what = "exports" if row.kind == "export" else "output"
        of = "every node" if row.node == ANY else row.node
        notes.setdefault(str(row.note), []).append(f"{row.value:.0%} of {what} of {of} from {row.country}")
    for note, cuts in notes.items():
        lines += [f"  cuts: {'; '.join(cuts)}", f"    note: {note}"]
    return ["\n".join(lines)]


def _group(name: str, inputs: Inputs) -> list[str]:
    """Members of a group of countries."""
    frame = inputs["country_group"]
    return [f"  members: {', '.join(frame[frame['group'] == name]['country'])}"]


def _country(name: str, inputs: Inputs) -> list[str]:
    """Groups a country is in, and what it supplies today, most first."""
    frame = inputs["country_group"]
    groups = list(frame[frame["country"] == name]["group"])
    shares = _today(inputs)
    shares = shares[shares["country"] == name].sort_values("value", ascending=False, kind="stable")
    parts = [f"{row.node} {row.value:.1%}" for row in shares.itertuples()]
    return [
        *([f"  groups: {', '.join(groups)}"] if groups else []),
        *([f"  supplies ({TODAY}): {listed(parts)}"] if parts else []),
    ]


def _node(name: str, inputs: Inputs) -> list[str]:
    """Who supplies a node today, most first."""
    shares = _today(inputs)
    shares = shares[shares["node"] == name].sort_values("value", ascending=False, kind="stable")
    parts = [f"{row.country} {row.value:.1%}" for row in shares.itertuples()]
    year = f", data of {int(shares['year'].iloc[0])}" if len(shares) else ""
    return [f"  supplied by ({TODAY}{year}): {listed(parts)}"] if parts else []


def _today(inputs: Inputs) -> pd.DataFrame:
    """Newest shares of supply of every node, as they are today."""
    frame = inputs["supply_share"]
    frame = frame[(frame["future"] == TODAY) & (frame["value"] > 0)]
    return frame[frame["year"] == frame.groupby("node")["year"].transform("max")]


#: Lists whose entries have more to say than their row.
MORE: dict[str, Callable[[str, Inputs], list[str]]] = {
    "country_groups": _group, "countries": _country, "nodes": _node,
}  # fmt: skip
