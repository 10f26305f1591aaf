"""A comparison as lines of text that fit a width: nothing is cut, and no number is wrapped."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import fsum, isnan
from typing import TYPE_CHECKING, Any

from ..columns import Columns
from ..errors import listed
from ..numbers import number, percent, signed_percent
from ..tables.codes import WEIGHTED
from ..tables.series import ranges
from ..text import MARK
from .compare import changes
from .result import Result
from .worlds import said_of_assumed

if TYPE_CHECKING:
    import pandas as pd

#: Head, rows and the places of the columns that are aligned to the left.
Table = tuple[Sequence[str], Sequence[Sequence[str]], Sequence[int]]

GAP = "  "
#: Labels of scenarios are broken between words beyond this width, and heads of a table that is too wide beyond that.
HEAD, NARROW = 16, 11
#: What the ends of a range of GWh at risk are.
LOST = (
    "Lost: batteries that cannot be had, those bought elsewhere among them, with what is short anyway. Own cells: "
    "share of those made there that cannot be made."
)
RANGE = "Range: cells that need most give way first, or all users of a node alike."
#: What is told at the ends of a severity.
BY_SEVERITY = (
    "By severity: the first, at the low and the high end of how much of the flow stops; explain says why these."
)
#: What is told of the draws of a disruption.
DRAWN = (
    "5–95 %: of all, in draws of what has a low and a high end, demand and how many of the year's months a stop lasts "
    "too; drivers.csv says what it hangs on. Figures beside it are of twelve months."
)
#: Rows that own ones replaced that are told of a file.
MOST_REPLACED = 3
#: Drivers of an interval that are named.
MOST_DRIVERS = 3
#: Part of the plan by which a span over reference worlds is told instead of a number, and its mark.
WIDE, WIDE_MARK = 0.1, "†"
#: Share of the plan by which a loss hangs on what nobody knows for it to be told.
KNOWN = 0.01
#: GWh that a pair of suppliers must cost beyond the worse of the two to be told.
LEAST = 0.05


def comparison(
    result: Result, table: Columns | pd.DataFrame, base: str, place: str, width: int, mass: str = "kt"
) -> list[str]:
    """Batteries in GWh and each mineral in kt or another unit of mass, by scenario, with the change against the base.

    table: as `compare` gives it; place: what the numbers are of. Scenarios stand side by side; those that do not fit
    the width follow in further blocks, each beside the base.
    """
    labels = {name: str(entry["label"]) for name, entry in result.record["scenarios"].items()}
    others = [name for name in result.scenarios if name != base]
    rows = [("Batteries", dict(zip(table["scenario"], table["gwh"], strict=True)), "GWh")]
    by_mineral: dict[str, dict[str, float]] = {}
    for mineral, scenario, amount in zip(table["mineral"], table["scenario"], table["value"], strict=True):
        by_mineral.setdefault(mineral, {})[scenario] = amount
    for mineral, values in by_mineral.items():
        if any(values.values()):
            rows.append((result.record["codes"]["mineral"][mineral]["label"], values, mass))
    first = _column([""], [label for label, _, _ in rows], left=True)
    start = _column(_broken(labels[base]), [number(values[base]) for _, values, _ in rows])
    unit = _column(["unit"], [unit for _, _, unit in rows], left=True)
    columns = [_column(_broken(labels[name]), _changed(rows, base, name)) for name in others]
    fixed = _width([first, start, unit])
    against = f"; changes against {labels[base]}" if others else ""
    lines = textwrap.wrap(place + against, width)
    for number_, block in enumerate(_blocks(columns, width - fixed)):
        lines += [""] if number_ else []
        lines += _lines([first, start, *block, unit])
    return lines


def open_changes(result: Result, width: int) -> list[str]:
    """Minerals of the last year whose demand may rise or fall against the first scenario by the ends of their
    intensities; nothing where none may, or where a study has drawn intervals, which are told instead."""
    if "percentiles" in result.tables or len(result.scenarios) < 2:
        return []
    record, parts = result.record, []
    moved = changes(result, record["years"][-1])
    for name in result.scenarios[1:]:
        ends = {mineral: moved[mineral, name] for mineral in record["minerals"] if (mineral, name) in moved}
        either = [
            f"{record['codes']['mineral'][mineral]['label']} {percent(low, signed=True).removesuffix('%')} to"
            f" {percent(high, signed=True)}"
            for mineral, (low, _, high) in ends.items()
            if low < 0 < high
        ]
        whose = f"{record['scenarios'][name]['label']}: " if len(result.scenarios) > 2 else ""
        parts += [f"{whose}{listed(either)}"] if either else []
    what = "By the low and high ends of kg/kWh these may rise or fall"
    return wrapped([f"{what}: {'; '.join(parts)}."], width) if parts else []


def without_batteries(result: Result) -> list[str]:
    """Where no scenario puts any battery into use: everywhere, or by region and by use with their years."""
    cells, record = result.columns("cells"), result.record
    sold, years = [row for *row, gwh in cells.rows("region", "segment", "year", "value") if gwh > 0], record["years"]
    if not sold:
        return [f"No batteries in {record['region_label']} in {ranges(years)}: every need is zero."]
    lines = []
    for region in record["regions"]:
        found = {year for place, _, year in sold if place == region}
        if missing := [year for year in years if year not in found]:
            lines.append(f"No batteries: {region}, {ranges(missing)}.")
    used = {segment for _, segment, _ in sold}
    uses = [record["codes"]["segment"][name]["label"] for name in record["segments"] if name not in used]
    return [*lines, *(f"No batteries: {use}, {ranges(years)}." for use in uses)]


def supply(result: Result, width: int) -> list[str]:
    """Primary demand [kt] and recycled content of the last year by scenario; nothing without [flows]."""
    if "mineral_flows" not in result.tables:
        return []
    year, labels = result.record["years"][-1], result.record["codes"]["mineral"]
    flows: dict[tuple[str, str, str], float] = {}
    for *key, kt in result.columns("mineral_flows").rows("flow", "mineral", "scenario", "value", year=year):
        flows[*key,] = flows.get((*key,), 0.0) + kt

    def cells(mineral: str, scenario: str) -> list[str]:
        taken = flows.get(("input", mineral, scenario), 0.0)
        primary = flows.get(("primary_demand", mineral, scenario), 0.0)
        return [number(primary), f"{1 - primary / taken:.0%}"] if taken else ["0", ""]

    held = {mineral for (_, mineral, _), kt in flows.items() if kt > 0}
    minerals = [name for name in result.record["minerals"] if name in held]
    if not minerals:
        return [f"Mined and refined in {year}: nothing."]
    lines: list[str] = []
    for block in _by(result.scenarios, 3):
        head = [f"Mined and refined in {year}, kt"]
        for scenario in block:
            head += [str(result.record["scenarios"][scenario]["label"]), "recycled"]
        rows = [
            [labels[name]["label"], *(cell for scenario in block for cell in cells(name, scenario))]
            for name in minerals
        ]
        lines += [*([""] if lines else []), *fitted(head, rows, width)]
    return lines


def intervals(result: Result, width: int) -> list[str]:
    """5th to 95th percentiles of the last year, levels and changes; nothing without a sample study."""
    if "percentiles" not in result.tables:
        return []
    year, labels = result.record["years"][-1], result.record["codes"]["mineral"]
    quantity = "primary_demand" if "mineral_flows" in result.tables else "mineral_demand"
    table = result["percentiles"]
    table = table[(table["year"] == year) & (table["quantity"] == quantity)]
    here = table[table["region"] == result.record["region_label"]].set_index(["mineral", "scenario", "against"])
    first = result.scenarios[0]

    def ends(mineral: str, scenario: str, against: str = "") -> str:
        if (mineral, scenario, against) not in here.index:
            return ""
        low, high = (here.at[(mineral, scenario, against), end] for end in ("p5", "p95"))
        return f"{signed_percent(low)} to {signed_percent(high)}" if against else f"{number(low)}–{number(high)}"

    heading = "Mined and refined" if quantity == "primary_demand" else "Mineral demand"
    minerals = [name for name in result.record["minerals"] if name in here.index.get_level_values(0)]
    if not minerals:
        return [f"{heading} in {year}: none in any draw."]
    lines: list[str] = []
    for block in _by(result.scenarios, 2):
        head = [f"{heading} in {year}, kt, 5th–95th percentile"]
        for scenario in block:
            head += [str(result.record["scenarios"][scenario]["label"]), *(["change"] if scenario != first else [])]
        rows = []
        for name in minerals:
            rows.append([labels[name]["label"]])
            for scenario in block:
                rows[-1] += [ends(name, scenario), *([ends(name, scenario, first)] if scenario != first else [])]
        lines += [*([""] if lines else []), *fitted(head, rows, width)]
    return lines


def risks(result: Result, width: int) -> list[str]:
    """GWh at risk in the last year by disruption and scenario, and what binds; nothing without [exposure].

    Two scenarios stand side by side where that fits the width.
    """
    if "disruptions" not in result.tables or not len(result.columns("disruptions")):
        return []
    year = result.record["years"][-1]
    here = result.columns("disruptions").records(year=year)
    drawn = _drawn(result, year)
    lines: list[str] = []
    for region in dict.fromkeys(row["region"] for row in here):
        title, rows = f"GWh lost in {region}, {year}", [row for row in here if row["region"] == region]
        blocks = _lost(result, rows, title, drawn, 2)
        if any(len(line) > width for each in blocks for line in columns(*each)):
            blocks = _lost(result, rows, title, drawn, 1)
        for head, body, left in blocks:
            lines += [*([""] if lines else []), *fitted(head, body, width, left)]
    in_other_worlds = other_worlds(result, width)
    lines += ["", *in_other_worlds] if in_other_worlds else []
    text = []
    if any(MARK in line for line in lines):
        text.append(f"{MARK} Not in force: suspended, announced or hypothetical; explain says which.")
    text += [LOST, RANGE, DRAWN if drawn else BY_SEVERITY] if lines else []
    then = (_in_assumed, _weighted, _drivers, _short, _not_known)
    text += [*(line for part in then for line in part(result, year)), *_at_unknown(result)]
    return [*lines, *wrapped(text, width)]


def other_worlds(result: Result, width: int) -> list[str]:
    """GWh lost by disruption in each supply future of a run that names others beside its own, in the last year and the
    first scenario; an empty cell where a future has no such disruption, as with stops of what nobody knows, and nothing
    where there are no others, or nothing is lost in any."""
    if "lost_by_future" not in result.tables:
        return []
    first, labels = result.scenarios[0], result.record["codes"]["future"]
    table = result.columns("lost_by_future").records(scenario=first)
    futures = list(dict.fromkeys(row["future"] for row in table))
    lines: list[str] = []
    for region in dict.fromkeys(row["region"] for row in table):
        mine = [row for row in table if row["region"] == region]
        by = {(row["disruption"], row["future"]): row for row in mine}
        head = [
            f"GWh lost in {region}, {max(row['year'] for row in mine)}, {result.record['scenarios'][first]['label']}"
        ]
        for name in futures:
            head += [str(labels[name]["label"]), "of all"]
        body = []
        for code in dict.fromkeys(row["disruption"] for row in mine):
            row = next(row for row in mine if row["disruption"] == code)
            these = [by.get((code, name)) for name in futures]
            if any(
                max(each["lost_proportional"], each["lost_high"]) - each["shortage"] >= LEAST for each in these if each
            ):
                cells = [text for each in these for text in _in_a_world(each)]
                body.append([f"{row['label']}{'' if row['status'] == 'in_force' else MARK}", *cells])
        lines += [*([""] if lines else []), *fitted(head, body, width)] if body else []
    return lines


def _in_a_world(row: Mapping[Any, Any] | None) -> tuple[str, str]:
    """What a disruption takes in one supply future, in GWh and of the plan; nothing where that has none such."""
    if row is None:
        return "", ""
    lost = between(row["lost_best"], row["lost_proportional"])
    return lost, _percents(row["share_best"], row["share_proportional"])


def _in_assumed(result: Result, year: int) -> list[str]:
    """Which supply futures of the run are assumed, and of which one the figures beside the table by future are."""
    del year
    assumed = said_of_assumed(result.record, result.columns("inputs_used"))
    if not assumed:
        return []
    if other_worlds(result, NARROW):
        own = result.record["exposure"]["future"]["label"]
        assumed += f" All figures but those of the table with several worlds are of {own}."
    return [assumed]


def _lost(
    result: Result, rows: Sequence[Mapping[Any, Any]], title: str,
    drawn: Mapping[tuple[str, str, str], tuple[float, float]], size: int,
) -> list[Table]:  # fmt: skip
    """GWh lost in a region and what binds, the largest in the first scenario first, of so many scenarios side by side;
    what loses nothing is left out unless the run names its disruptions."""
    named = bool(result.record["config"]["exposure"]["disruptions"])
    records = {(row["disruption"], row["scenario"]): row for row in rows}
    out: list[Table] = []
    for block in _by(result.scenarios, size):
        head = [title]
        for scenario in block:
            label = str(result.record["scenarios"][scenario]["label"])
            head += [label, "of all", "5–95 %" if drawn else "by severity", "own cells"]
        body = []
        for row in sorted((row for row in rows if row["scenario"] == block[0]), key=lambda row: -row["lost_best"]):
            these = [records[row["disruption"], scenario] for scenario in block]
            if named or any(
                max(each["lost_proportional"], each["lost_high"]) - each["shortage"] >= LEAST for each in these
            ):
                mark = "" if row["status"] == "in_force" else MARK
                cells = [text for each in these for text in _as_text(each, drawn)]
                body.append([f"{row['label']}{mark}", *cells, str(row["binding_label"])])
        if body:
            out.append(([*head, "binds"], body, (0, len(head))))
    return out


def wrapped(sentences: Iterable[str], width: int) -> list[str]:
    """Sentences as lines of a width; the further lines of each, and one that is a command to copy, are indented."""
    return [line for text in sentences for line in (
        [text] if text.startswith(GAP) else textwrap.wrap(text, width, subsequent_indent=GAP))]  # fmt: skip


def _drawn(result: Result, year: int) -> dict[tuple[str, str, str], tuple[float, float]]:
    """5th and 95th percentile of the share of the plan that is lost, by scenario, region and disruption, of those that
    were drawn."""
    if "intervals" not in result.tables:
        return {}
    names = ("scenario", "region", "disruption", "share_p05", "share_p95")
    rows = result.columns("intervals").rows(*names, year=year, measure="lost")
    return {(scenario, region, code): (low, high) for scenario, region, code, low, high in rows}


def _weighted(result: Result, year: int) -> list[str]:
    """What is lost on average, by every set of weights; nothing where nothing is lost or one disruption is played."""
    if "weighted_loss" not in result.tables:
        return []
    table = result.columns("weighted_loss").records(year=year)
    if not table or max(row["disruptions"] for row in table) < 2 or max(row["value"] for row in table) < LEAST:
        return []
    parts = []
    for scenario in result.scenarios:
        mine = {row["weights"]: row for row in table if row["scenario"] == scenario}
        status = mine["status"]
        planned = status["planned"]
        ends = _percents(*(status[end] / planned if planned else 0.0 for end in ("low", "high")))
        parts.append(
            f"{result.record['scenarios'][scenario]['label']} {mine['equal']['share']:.0%}, "
            f"{status['share']:.0%} ({ends}), {mine['history']['share']:.0%}"
        )
    exposure = result.record["exposure"]
    begun = {code for code, event in exposure["disruptions"].items() if event["start"] <= year}
    played = exposure["weights"]["equal"]
    # What has no weight beside others closes every step.
    counted = [code for code in played if code in begun and played[code] > 0]
    which = "all played" if len(begun) == len(played) else f"all that have begun by {year}"
    which += " but what closes every step" if len(counted) < len(begun) else ""
    return [
        f"Lost on average if one of {len(counted)} disruptions comes ({which}), {', '.join(WEIGHTED.values())}: "
        f"{'; '.join(parts)}."
    ]


def _drivers(result: Result, year: int) -> list[str]:
    """What most of the interval of the first scenario's largest loss hangs on."""
    if "drivers" not in result.tables:
        return []
    where = {"measure": "lost", "scenario": result.scenarios[0], "year": year}
    table = list(result.columns("drivers").rows("disruption", "label", "importance", **where))
    if not table:
        return []
    first = table[0][0]
    label = result.record["exposure"]["disruptions"][first]["label"]
    parts = [f"{name} {part:.0%}" for code, name, part in table if code == first][:MOST_DRIVERS]
    return [f"{label}: the interval hangs on {listed(parts, MOST_DRIVERS)}."]


def _as_text(row: Mapping[Any, Any], drawn: Mapping[tuple[str, str, str], tuple[float, float]]) -> list[str]:
    """A range of GWh, and of the share of the plan, its interval (or GWh between the ends of the severity, where
    nothing was drawn), and of the cells made at home the share that is lost, where any are."""
    lost = between(row["lost_best"], row["lost_proportional"])
    at_home = f"{row['industry_best'] / row['made_at_home']:.0%}" if row["made_at_home"] else "none made"
    ends = between(row["lost_low"], row["lost_high"])
    if drawn:
        key = row["scenario"], row["region"], row["disruption"]
        ends = _percents(*drawn[key]) if key in drawn else ""
    return [lost, _percents(row["share_best"], row["share_proportional"]), ends, at_home]


def _percents(low: float, high: float) -> str:
    """A range of shares in per cent, or one number where both ends read alike."""
    ends = dict.fromkeys(f"{100 * end:.0f}" for end in (low, high))
    return f"{'–'.join(ends)}%"


def _short(result: Result, year: int) -> list[str]:
    """What cannot be built even without a disruption."""
    labels, lines = result.record["exposure"]["nodes"], []
    for scenario, node, short in result.columns("shortage").rows("scenario", "node", "value", year=year):
        who = result.record["scenarios"][scenario]["label"]
        what = labels[node]["label"]
        planned = fsum(gwh for (gwh,) in result.columns("cells").rows("value", year=year, scenario=scenario))
        share = f", {short / planned:.0%} of all," if planned else ""
        beyond = f"{number(short)} GWh{share} more than the reference world can supply ({what})"
        lines.append(f"{who}: {beyond}, counted in each figure above.")
        lines.append(f"  Follow it: explain --node {node} --scenario {scenario}")
    return lines


def _not_known(result: Result, year: int) -> list[str]:
    """Nodes that batteries need and whose suppliers are not known, those that most of them need first."""

    def rows(table: str, *names: str) -> Iterator[tuple[Any, ...]]:
        return result.columns(table).rows(*names, year=year)

    unknown = {
        node for node, measure, share in rows("concentration", "node", "measure", "value")
        if measure == "top1" and isnan(share)
    }  # fmt: skip
    # Of some the makers are known, and not how much they make: no stop of them binds either.
    cover = {each: {node for node, measure in rows("coverage", "node", "measure") if measure == each}
             for each in ("need", "accessible")}  # fmt: skip
    unknown |= cover["need"] - cover["accessible"]
    most: dict[str, float] = {}
    for node, measure, gwh in rows("exposure", "node", "measure", "value"):
        if measure == "dependent_gwh" and node in unknown and gwh > 0:
            most[node] = max(gwh, most.get(node, 0.0))
    labels = result.record["exposure"]["nodes"]
    # Of those that as much depends on the first by name.
    names = [str(labels[node]["label"]) for node in sorted(most, key=lambda node: (-most[node], node))]
    one = len(names) == 1
    what = {
        "none": f"no stop of {'it' if one else 'them'} is counted above, and {'it is not' if one else 'none is'} safe",
        "centre": "who leads them is taken to make as large a share as of the cathodes that go with them",
        "all": "who leads them is taken to make all",
    }[result.record["config"]["exposure"]["unknown"]]
    return [f"Not known here: who makes {listed(names, 8)}; {what}."] if names else []


def _at_unknown(result: Result) -> list[str]:
    """What changes by more than a hundredth of the plan if all that nobody knows stood in the country that leads it, in
    the scenario where that is most; the largest change first."""
    names = ("scenario", "region", "label", "unknown", "share_best")
    share = {(scenario, region, label, end): value
             for scenario, region, label, end, value in result.columns("lost_unknown").rows(*names)}  # fmt: skip
    found: dict[str, tuple[float, str]] = {}
    for (scenario, region, label, end), least in share.items():
        most = share[scenario, region, label, "all"]
        if end == "none" and most - least > max(KNOWN, found.get(label, (0.0,))[0]):
            who = result.record["scenarios"][scenario]["label"]
            found[label] = most - least, f"{label} {least:.0%} → {most:.0%} ({who})"
    texts = [text for _, text in sorted(found.values(), key=lambda each: -each[0])]
    what = "of all lost with none and with all of what nobody knows in the country that leads it"
    return [f"Share {what}: {listed(texts, 4)}."] if texts else []


def suppliers(result: Result, top: int, width: int) -> list[list[str]]:
    """The worst single suppliers and pairs of the last year in the first scenario, beside the others; pairs by what
    they cost beyond the worse of the two."""
    year, first = result.record["years"][-1], result.scenarios[0]
    labels = {name: str(entry["label"]) for name, entry in result.record["scenarios"].items()}
    out = []
    for table, what in (("stress_single", "One supplier stops"), ("stress_pairs", "Two suppliers stop")):
        here = result[table]
        here = here[here["year"] == year]
        ranked = here[here["scenario"] == first]
        if "more_than_worse" in ranked:
            ranked = ranked[ranked["more_than_worse"] > LEAST]
        ranked = ranked.head(top)
        if not len(ranked):
            continue
        risk = here.set_index(["scenario", "region", "label"])[["at_risk_best", "at_risk_proportional"]]
        head = [f"{what}: GWh at risk in {year}", *(labels[name] for name in result.scenarios)]
        rows = [
            [str(row.label), *(_ends(risk, (name, row.region, row.label)) for name in result.scenarios)]
            for row in ranked.itertuples()
        ]
        if table == "stress_pairs":
            head.append("beyond the worse")
            rows = [[*row, number(more)] for row, more in zip(rows, ranked["more_than_worse"], strict=True)]
        out.append(fitted(head, rows, width))
    return out


def by_rule(result: Result, width: int) -> list[str]:
    """Suppliers whose stop the rule takes into the library, most of the plan first."""
    table = result["library"]
    inside = table[(table["in_library"] == "yes") & (table["with_cells"] == "no")]
    if not len(inside):
        return []
    from ..case.by_rule import PLAN, RULE

    chemistries = result.record["codes"]["chemistry"]
    names = [
        f"{row.label} {row.value:.0%}" if row.value > PLAN
        else f"{row.label} {row.chemistry_share:.0%} of {chemistries[row.chemistry]['label']}"
        for row in inside.itertuples()
    ]  # fmt: skip
    way = ' exposure.library = "rule" plays them, with and without cells.'
    played = result.record["config"]["exposure"]["library"] == RULE
    text = (
        "In the library by rule, with the largest share of a year's plan that the stop costs, else of the cells of one "
        f"chemistry: {listed(names, len(names))}.{'' if played else way}"
    )
    return wrapped([text], width)


def worlds(result: Result, width: int) -> list[str]:
    """Lost by every disruption over other reference worlds and kinds of follow-on, with and without a stop of cells."""
    table, year = result["reference_worlds"], result.record["years"][-1]
    labels = {name: str(entry["label"]) for name, entry in result.record["scenarios"].items()}
    keys = ["scenario", "disruption", "region"]
    spans = table.groupby(keys)["lost"].agg(["min", "max"])
    cells = result["stress_cells"].set_index(keys)["with_cells"]
    rows, wide = [], False
    for (disruption, region), label in table.groupby(["disruption", "region"], sort=False)["label"].first().items():
        row = []
        for scenario in result.scenarios:
            low, high = spans.loc[(scenario, disruption, region)]
            planned = float(table[(table["scenario"] == scenario) & (table["region"] == region)]["planned"].iloc[0])
            mark = WIDE_MARK if high - low > WIDE * planned else ""
            wide |= bool(mark)
            also = cells.get((scenario, disruption, region))
            row += [f"{between(low, high)}{mark}", "" if also is None else number(also)]
        if any(cell.strip(f"0{WIDE_MARK}") for cell in row):
            rows.append([str(label), *row])
    head = [f"GWh lost in {year} over reference worlds and follow-on"]
    for scenario in result.scenarios:
        head += [labels[scenario], "with cells"]
    count = len(table[["adoption", "silicon"]].drop_duplicates())
    note = (
        f"Over {count} reference worlds, and plants that follow the plan where projects stand, where supply stands, or "
        "nowhere. With cells: of the run's own world, if the country stops its cells too."
    )
    notes = [note, *([f"{WIDE_MARK} More than a tenth of the plan apart: the span is the figure."] if wide else [])]
    return [*fitted(head, rows, width), *wrapped(notes, width)]


def _ends(risk: pd.DataFrame, key: tuple[str, ...]) -> str:
    """Both readings of a disruption; nothing where a scenario loses nothing by it."""
    return between(*risk.loc[key]) if key in risk.index else "0"


def between(one: float, two: float) -> str:
    """Two ends of a range, or one number where they read alike; what rounds to no tenth of a GWh is none."""
    one, two = (0.0 if abs(end) < LEAST else end for end in (one, two))
    return number(one) if number(one) == number(two) else f"{number(one)}–{number(two)}"


def lasting(result: Result, width: int) -> list[str]:
    """GWh at risk year by year of events that last longer than one, in the first scenario, with what is left of the
    stockpile at the end of each; nothing where none lasts."""
    table = result["stress_years"]
    here = table[table["scenario"] == result.scenarios[0]]
    years = here.groupby(["disruption", "region"])["event_year"].transform("max")
    stock = result.record["config"]["exposure"]["stockpile_months"] > 0
    rows = []
    for row in here[years > 1].itertuples():
        name = str(row.label) if row.event_year == 1 else ""
        risk = between(row.at_risk_best, row.at_risk_proportional)
        rows.append([name, str(row.year), risk, *([f"{row.stockpile_left:.0%}"] if stock else [])])
    first = result.record["scenarios"][result.scenarios[0]]["label"]
    head = ["Events that last", "year", f"GWh at risk, {first}", *(["stockpile left"] if stock else [])]
    return fitted(head, rows, width) if rows else []


def _by(names: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (names[at : at + size] for at in range(0, len(names), size))


def columns(head: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> list[str]:
    """Lines of a plain table: a head and rows of texts, right-aligned but for the columns in `left`."""
    parts = [_column([title], [row[place] for row in rows], left=place in left) for place, title in enumerate(head)]
    return _lines(parts)


def fitted(head: Sequence[str], rows: Sequence[Sequence[str]], width: int, left: Sequence[int] = (0,)) -> list[str]:
    """`columns` of a width: where they are wider, heads are broken between words, and the first column into lines."""
    lines = columns(head, rows, left)
    if max(map(len, lines)) <= width:
        return lines
    others = []
    for at in range(1, len(head)):
        cells = [row[at] for row in rows]
        others.append(_column(_in_two(head[at], max(map(len, cells), default=0)), cells, left=at in left))
    room = max(width - _width(others), NARROW)
    broken = [textwrap.wrap(row[0], room) or [""] for row in rows]
    # What a row holds beside its name stands on the first line of that.
    filled = [
        [head, [line for cell, name in zip(cells, broken, strict=True) for line in _spread(cell, len(name))]]
        for head, cells in others
    ]
    names = _column(textwrap.wrap(head[0], room), [line for name in broken for line in name], left=True)
    return _lines([names, *filled])


def _in_two(head: str, room: int) -> list[str]:
    """A head on two lines at most, as narrow as they can be, but not narrower than the room of the cells below it."""
    least = max(room, *map(len, head.split()), 1)
    found = (textwrap.wrap(head, width) for width in range(least, len(head) + 1))
    return next((lines for lines in found if len(lines) <= 2), [head])


def _spread(cell: str, lines: int) -> list[str]:
    """A cell over lines: on the first of them."""
    return [cell, *[" " * len(cell)] * (lines - 1)]


def replaced(own: Mapping[str, Any]) -> list[str]:
    """The first rows below that those of an own file replaced, by key. own: what the record says of the file."""
    rows = own.get("instead", ())
    changes = [f"{', '.join(each['key'])}: {each['change']}" for each in rows[:MOST_REPLACED]]
    more = f"; {len(rows) - MOST_REPLACED:,} more (record.json)" if len(rows) > MOST_REPLACED else ""
    return [f"Replaced: {'; '.join(changes)}{more}."] if rows else []


def cut(text: str, width: int, end: str) -> str:
    """A text of at most `width` characters, ended by `end` where it was longer."""
    return text if len(text) <= width else text[: width - len(end)].rstrip(" ,:") + end


def _changed(rows: Sequence[tuple[str, dict[Any, float], str]], base: str, name: str) -> list[str]:
    """Cells of one scenario: each number and, aligned beside it, its change against the base."""
    changes = [signed_percent(values[name] / values[base] - 1) if values[base] else "" for _, values, _ in rows]
    room = max(map(len, changes))
    return [f"{number(values[name])} {change:>{room}}" for (_, values, _), change in zip(rows, changes, strict=True)]


def _broken(label: str) -> list[str]:
    return textwrap.wrap(label, HEAD) or [""]


def _column(head: list[str], cells: list[str], left: bool = False) -> list[list[str]]:
    """[lines of the head, cells], all of one width."""
    room = max(map(len, [*head, *cells]))
    return [[text.ljust(room) if left else text.rjust(room) for text in part] for part in (head, cells)]


def _width(columns: Iterable[list[list[str]]]) -> int:
    return sum(len(head[0]) + len(GAP) for head, _ in columns)


def _blocks(columns: list[list[list[str]]], width: int) -> Iterable[list[list[list[str]]]]:
    """Columns in blocks that fit the width, at least one to a block; one empty block where there is no column."""
    block: list[list[list[str]]] = []
    for column in columns:
        if block and _width([*block, column]) > width + len(GAP):
            yield block
            block = []
        block.append(column)
    yield block


def _lines(columns: list[list[list[str]]]) -> list[str]:
    """Lines of a table; heads stand on its first row of cells."""
    height = max(len(head) for head, _ in columns)
    filled = [[" " * len(head[0])] * (height - len(head)) + head + cells for head, cells in columns]
    return [GAP.join(parts).rstrip() for parts in zip(*filled, strict=True)]
