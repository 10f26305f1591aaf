"""What a name means: quantity, table, entry of a code list, constraint or objective of the mix, key of a run file."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from ..config.run_file import KeyOfRunFile, keys, keys_by_kind
from ..config.study import KINDS
from ..errors import UsageError, did_you_mean, listed
from ..mix.docs import Description, descriptions, goals
from ..mix.equation import plain, prose
from ..quantities import QUANTITIES
from ..tables.codes import ANY, UNKNOWN
from ..tables.history import WORDS, Measure, Past, ends_of, past_of
from ..tables.inputs import Inputs
from ..tables.own import NEVER
from ..tables.rows_file import ROWS, row_form
from .screen import cut

#: Code list → its code column.
LISTS = {
    "chemistries": "chemistry", "minerals": "mineral", "regions": "region", "segments": "segment",
    "scenarios": "scenario", "nodes": "node", "supply_futures": "future", "countries": "country",
    "country_groups": "group", "disruption": "disruption", "sources": "source",
}  # fmt: skip
#: Columns that reading adds to those of the file.
ADDED = ["line", "corrected_by"]
#: Table whose events have several rows.
DISRUPTION = "disruption"
#: Future of supply that a country and a node are described with.
TODAY = "today"


def describe(name: str | None, inputs: Inputs, width: int = 100) -> str:
    """Words for a name; of a group of names, each with its meaning in a line of at most `width` letters; without one,
    the groups. Raises UsageError for an unknown one."""
    if not name:
        return _groups(inputs, width)
    blocks = [_group_of_names(name, inputs, width)] if name in GROUPS else []
    if quantity := QUANTITIES.get(name):
        blocks.append(
            f"{name} ({quantity.kind}) [{quantity.unit}]\n  {quantity.meaning}"
            f"\n  dimensions: {', '.join(quantity.dimensions)}"
            + (f"\n  equation:   {quantity.equation}" if quantity.equation else "")
            + (f"\n  IAMC name:  {quantity.iamc}" if quantity.iamc else "")
        )
    if table := inputs.tables.get(name):
        fields = [f"    {field.name}: {field.description}" for field in table.schema.fields]
        blocks.append(
            f"table {table.file}, {len(table.frame)} rows\n  {table.schema.description}\n" + "\n".join(fields)
        )
    for listing, column in LISTS.items():
        frame = inputs[listing]
        if listing == DISRUPTION:
            blocks += _disruption(frame[frame[column] == name], inputs)
            continue
        for row in frame[frame[column] == name].drop(columns=ADDED).to_dict("records"):
            entries = [f"  {key}: {_spelt(value)}" for key, value in row.items() if key != column and value != ""]
            entries += MORE[listing](name, inputs) if listing in MORE else []
            blocks.append(f"{name} ({column}, {inputs.tables[listing].file})\n" + "\n".join(entries))
    blocks += [_constraint(name, family) for family in _families(name)]
    if goal := goals().get(name):
        blocks.append(f"{name} (objective of the mix, {goal.file}) [{goal.unit}]\n  {goal.meaning}")
    blocks += [_key(key, width) for key in _keys(name)]
    blocks += [_rows(table, inputs, width) for table in _tables_of_rows(name, inputs)]
    if not blocks:
        raise _unknown(name, inputs)
    return "\n\n".join(blocks)


def _spelt(value: Any) -> Any:
    """A value of a list; codes that are joined by ; as words."""
    return value.replace(";", ", ") if isinstance(value, str) and " " not in value else value


def _groups(inputs: Inputs, width: int) -> str:
    """The groups of names with how many each has, and the first of them."""
    lines = [
        "`minerals describe GROUP` lists the names of a group,",
        "`minerals describe NAME` says what a name means.",
        "",
    ]
    for group, names in named(inputs).items():
        lines.append(cut(f"{group:<16}{len(names):>5}  {', '.join(names[:12])}", width, "…"))
    return "\n".join(lines)


def _group_of_names(group: str, inputs: Inputs, width: int) -> str:
    """Every name of a group, each with its meaning in a line."""
    names = named(inputs)[group]
    meanings = GROUPS[group](inputs)
    return "\n".join([f"{group} ({len(names)})", *_list({name: meanings[name] for name in names}, width)])


def _list(meanings: Mapping[str, str], width: int) -> list[str]:
    """Names with what each means, in a line each."""
    wide = min(max(map(len, meanings), default=0), width // 2)
    return [cut(f"  {name:<{wide}}  {' '.join(meaning.split())}", width, "…") for name, meaning in meanings.items()]


def _labels(listing: str) -> Callable[[Inputs], dict[str, str]]:
    """What reads the label of each code of a list, or its citation or note where it has none."""

    def read(inputs: Inputs) -> dict[str, str]:
        frame = inputs[listing]
        column = next(name for name in ("label", "citation", "note") if name in frame)
        return dict(zip(frame[LISTS[listing]], map(str, frame[column]), strict=True))

    return read


def entries(name: str, inputs: Inputs) -> list[dict[str, Any]]:
    """What a name means as data, one entry for each thing of that name; equations of the mix in LaTeX. Raises
    UsageError for an unknown one."""
    found: list[dict[str, Any]] = []
    if name in GROUPS and name not in inputs.tables:
        names = named(inputs)[name]
        meanings = GROUPS[name](inputs)
        found += [{"is": "group", "name": name, "names": {each: meanings[each] for each in names}}]
    if quantity := QUANTITIES.get(name):
        found.append({"is": "quantity", **asdict(quantity)})
    if table := inputs.tables.get(name):
        fields = {field.name: field.description for field in table.schema.fields}
        found.append({"is": "table", "name": name, "file": table.file, "rows": len(table.frame),
                      "description": table.schema.description, "fields": fields})  # fmt: skip
    for listing, column in LISTS.items():
        frame = inputs[listing]
        rows = frame[frame[column] == name].drop(columns=ADDED)
        for row in json.loads(rows.to_json(orient="records")):
            found.append({"is": column, "table": inputs.tables[listing].file, **row})
    found += [{"is": "constraint", **asdict(family), "name": name, "family": family.name} for family in _families(name)]
    if goal := goals().get(name):
        found.append({"is": "objective", **asdict(goal)})
    found += [{"is": "key of a run file", "name": name, **asdict(key)} for key in _keys(name)]
    found += [
        {"is": "rows of a run file", "name": f"{ROWS}.{table}", **asdict(row_form(inputs.tables[table]))}
        for table in _tables_of_rows(name, inputs)
    ]
    if not found:
        raise _unknown(name, inputs)
    return found


def named(inputs: Inputs) -> dict[str, list[str]]:
    """Everything that has a name, by group."""
    return {
        "quantities": list(QUANTITIES),
        "tables": list(inputs.tables),
        **{table: _codes(inputs, table) for table in LISTS},
        "constraints": [constraint for family in descriptions().values() for constraint in family.constraints],
        "objectives": list(goals()),
        "keys": list(keys()),
    }


def _unknown(name: str, inputs: Inputs) -> UsageError:
    """The error for a name that nothing has."""
    rows = [f"{ROWS}.{table}" for table in inputs.tables if table not in NEVER]
    known = [*inputs.tables, *descriptions(), *rows, *(one for names in named(inputs).values() for one in names)]
    hint = did_you_mean(name, known) or f"; `minerals describe` lists all ({listed(list(QUANTITIES), 4)} …)"
    return UsageError(f"nothing is named {name}{hint}")


def _keys(name: str) -> list[KeyOfRunFile]:
    """Keys of a run file of that path, or that end with it."""
    return [key for path, found in keys_by_kind().items() if path == name or path.endswith(f".{name}") for key in found]


def _key(key: KeyOfRunFile, width: int) -> str:
    """A key with its unit, values, default and an example; of a table, the keys below it."""
    below = [other for path, other in keys().items() if path.startswith(f"{key.path}.")]
    several = 0 < len(key.kinds) < len(KINDS)
    lines = [
        f"{key.path} ({'table' if below else 'key'} of a run file)"
        + (f", kind {listed(key.kinds, 20)}" if several else ""),
        *textwrap.wrap(key.description, width, initial_indent="  ", subsequent_indent="  "),
    ]
    lines += [f"  unit:    {key.unit}"] if key.unit else []
    lines += [f"  values:  {', '.join(key.values)}"] if key.values else []
    lines += [f"  default: {key.default or ('none: it must be set' if key.required else 'none')}"] if not below else []
    lines += [f"  example: {key.path} = {key.example}"] if key.example else []
    return "\n".join([*lines, *_list({other.path: other.description for other in below}, width)])


def _tables_of_rows(name: str, inputs: Inputs) -> list[str]:
    """The table of which a key path below `rows` holds rows; none for other names."""
    first, _, path = name.partition(".")
    table = path.partition(".")[0]
    return [table] if first == ROWS and table in inputs.tables and table not in NEVER else []


def _rows(table: str, inputs: Inputs, width: int) -> str:
    """How rows of a table are written in a run file."""
    form, schema = row_form(inputs.tables[table]), inputs.tables[table].schema
    lines = [
        f"{ROWS}.{table} (rows of a run file)",
        *textwrap.wrap(schema.description, width, initial_indent="  ", subsequent_indent="  "),
        f"  a row:   {ROWS}.{form.path}",
    ]
    lines += [f"  further: {', '.join(form.further)} may follow the key, any for all"] if form.further else []
    lines += [f"  unit:    {form.unit}, of a number alone"] if form.unit else []
    lines += [f"  needs:   {', '.join(form.needed)}"] if form.needed else []
    hang = " " * len("  columns: ")
    lines += textwrap.wrap(f"  columns: {', '.join(form.columns)}", width, subsequent_indent=hang)
    return "\n".join([*lines, f"  example: {ROWS}.{form.example}"])


def _families(name: str) -> list[Description]:
    """Families of that name, or with a constraint of that name."""
    return [family for family in descriptions().values() if name == family.name or name in family.constraints]


def _constraint(name: str, family: Description) -> str:
    """A family of constraints: why, where it stands in the model, its equations, the key of the run file, sources."""
    names = ", ".join(f"{constraint}[{index}]" for constraint, index in family.constraints.items())
    lines = [f"{name} (constraint of the mix, {family.file}) [{family.unit}]", f"  {prose(family.why)}",
             f"  in the model: {names}"]  # fmt: skip
    for latex in family.equations:
        lines.append(f"  {'equation:' if latex is family.equations[0] else '':<13} {plain(latex)}")
    lines += [f"  note:         {prose(note)}" for note in family.notes]
    lines += [f"  run file:     {family.key}"] if family.key else []
    lines += [f"  source:       {prose(family.source)}"] if family.source else []
    return "\n".join(lines)


def _codes(inputs: Inputs, listing: str) -> list[str]:
    """Codes of a list, each once."""
    return list(dict.fromkeys(inputs[listing][LISTS[listing]]))


def _disruption(rows: pd.DataFrame, inputs: Inputs) -> list[str]:
    """One event: when, how long, and each flow it cuts with its note."""
    if not len(rows):
        return []
    first, file = rows.iloc[0], inputs.tables[DISRUPTION].file
    past = past_of(inputs.rows("event_history"), str(first["instrument"])) if first["instrument"] else None
    months = _with_ends(first["months"], first["months_low"], first["months_high"], past, "months")
    months += f" months from {int(first['start'])} on"
    lines = [f"{first['disruption']} (disruption, {file})", f"  label: {first['label']}",
             f"  status: {first['status'].replace('_', ' ')}, {months}",
             f"  played: {first['played']}", f"  reported_by: {first['reported_by']}"]  # fmt: skip
    if past is not None:
        stops = f"past stops {WORDS[str(first['instrument'])]} ({', '.join(past.events)})"
        lines.append(f"  ends: where its rows give none, those of {stops}")
    notes: dict[str, list[str]] = {}
    for row in rows.itertuples():
        what = "exports" if row.kind == "export" else "output"
        of = "every node" if row.node == ANY else row.node
        severity = _with_ends(row.value, row.low, row.high, past, "lost")
        notes.setdefault(str(row.note), []).append(f"{severity} of {what} of {of} from {row.country}")
    for note, cuts in notes.items():
        lines += [f"  cuts: {'; '.join(cuts)}", f"    note: {note}"]
    return ["\n".join(lines)]


def _with_ends(value: float, low: float, high: float, past: Past | None, measure: Measure) -> str:
    """A value with its ends, as given or of the past."""
    value, low, high, _ = ends_of(value, low, high, past, measure)
    words = [f"{each:.0%}" if measure == "lost" else f"{each:g}" for each in (value, low, high)]
    return words[0] + (f" ({words[1]}–{words[2]})" if low != high else "")


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
    if not len(shares):
        frame = inputs["supply_share"]
        searched = frame.loc[(frame["node"] == name) & (frame["quality"] == UNKNOWN), "year"]
        return [f"  supplied by: not known, no share found in {searched.max()}"] if len(searched) else []
    parts = [f"{row.country} {row.value:.1%}" for row in shares.itertuples()]
    return [f"  supplied by ({TODAY}, data of {int(shares['year'].iloc[0])}): {listed(parts)}"]


def _today(inputs: Inputs) -> pd.DataFrame:
    """Newest shares of supply of every node, as they are today."""
    frame = inputs["supply_share"]
    frame = frame[(frame["future"] == TODAY) & (frame["value"] > 0)]
    return frame[frame["year"] == frame.groupby("node")["year"].transform("max")]


#: Lists whose entries have more to say than their row.
MORE: dict[str, Callable[[str, Inputs], list[str]]] = {
    "country_groups": _group, "countries": _country, "nodes": _node,
}  # fmt: skip
#: Groups of names, and what reads the meaning of each name of one.
GROUPS: dict[str, Callable[[Inputs], dict[str, str]]] = {
    "quantities": lambda _: {name: f"[{each.unit}] {each.meaning}" for name, each in QUANTITIES.items()},
    "tables": lambda inputs: {name: table.schema.description for name, table in inputs.tables.items()},
    **{listing: _labels(listing) for listing in LISTS},
    "constraints": lambda _: {
        name: f"[{family.unit}] {prose(family.why)}"
        for family in descriptions().values()
        for name in family.constraints
    },
    "objectives": lambda _: {name: f"[{goal.unit}] {goal.meaning}" for name, goal in goals().items()},
    "keys": lambda _: {path: key.description for path, key in keys().items()},
}
