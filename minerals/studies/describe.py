"""What a name means: quantity, table, or an entry of a code list."""

from __future__ import annotations

from ..errors import UsageError, did_you_mean, listed
from ..quantities import QUANTITIES
from ..tables.inputs import Inputs

#: Code list → its code column.
LISTS = {
    "chemistries": "chemistry", "minerals": "mineral", "regions": "region", "segments": "segment",
    "scenarios": "scenario", "nodes": "node", "supply_futures": "future", "countries": "country", "sources": "source",
}  # fmt: skip


def describe(name: str | None, inputs: Inputs) -> str:
    """Words for a name; without one, everything that has a name. Raises UsageError for an unknown one."""
    if not name:
        groups = {"quantities": list(QUANTITIES), **{table: inputs.codes(table) for table in LISTS}}
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
        for row in frame[frame[column] == name].drop(columns=["line", "corrected_by"]).to_dict("records"):
            entries = [f"  {key}: {value}" for key, value in row.items() if key != column and value != ""]
            told.append(f"{name} ({column}, {inputs.tables[listing].file})\n" + "\n".join(entries))
    if not told:
        known = [*QUANTITIES, *inputs.tables, *(code for listing in LISTS for code in inputs.codes(listing))]
        hint = did_you_mean(name, known) or f"; `minerals describe` lists all ({listed(list(QUANTITIES), 4)} …)"
        raise UsageError(f"nothing is named {name}{hint}")
    return "\n\n".join(told)
