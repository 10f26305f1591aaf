"""Words that tables use for more than one thing of a kind, each said once."""

from __future__ import annotations

#: Region whose rows serve every region without rows of its own.
WORLD = "World"
#: What a row holds for where it names none: every chemistry, node, stage or place of its kind.
ANY = "any"
#: What a use is measured by where it is not a mineral: the energy of the cell.
ENERGY = "energy"
#: Source and quality of a figure that nobody publishes: its value is empty, its low and high the ends it must lie in.
#: Also what a plant makes where nobody says.
UNKNOWN = "unknown"
#: Sets of weights by which disruptions count together, and what they are called.
WEIGHTED = {
    "equal": "countries weighted alike",
    "status": "weighted by their status",
    "history": "weighted by past stops",
}
#: Routes of anode graphite, in the order of their axis.
GRAPHITE_ROUTES = ("natural", "synthetic")
#: Region whose rules of trade are those of the European Union. The IEA's Europe is wider.
EUROPE = "Europe"
#: Region whose law they are, and that of its members.
UNION = "EU27"
#: Source and quality of a figure that we assume.
ASSUMED = "assumed"
#: Source and quality of a row that is the user's own and names no other.
OWN = "own"
#: Stages in the order in which material passes them.
STAGES = ("mining", "refining", "active_material", "cell")
