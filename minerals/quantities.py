"""Catalogue of quantities: one definition each of name, dimensions, unit, meaning, equation and IAMC name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """A named quantity. dimensions: in the order of `axes.DIMENSIONS`; iamc: template of its IAMC variable, or ''."""

    name: str
    kind: str
    dimensions: tuple[str, ...]
    unit: str
    meaning: str
    equation: str = ""
    iamc: str = ""


QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        Quantity(
            "battery_demand", "input", ("scenario", "region", "segment", "year"), "GWh",
            "Energy of the batteries put into use in a year: in vehicles sold, storage commissioned and devices sold "
            "in the region. Nominal energy at beginning of life. Neither cells produced nor cells shipped.",
            iamc="Battery Demand|{segment}",
        ),
        Quantity(
            "market_share", "input", ("scenario", "region", "segment", "chemistry", "year"), "1",
            "Share of each base chemistry in the energy put into use; sums to one over chemistries.",
        ),
        Quantity(
            "silicon_uptake", "input", ("scenario", "region", "segment", "chemistry", "silicon", "year"), "1",
            "Share of the cells of a graphite chemistry whose anode holds that mass fraction of silicon.",
        ),
        Quantity(
            "mineral_intensity", "input", ("chemistry", "silicon", "mineral"), "kg/kWh",
            "Mass of a mineral in the battery per kWh of nominal energy, as contained element or anode-grade graphite.",
        ),
        Quantity(
            "intensity_trend", "input", ("chemistry", "mineral", "year"), "1",
            "Mass per kWh relative to today's, as specific capacity and energy density improve; 1 where intensities "
            "are held. A cell keeps what it was sold with.",
        ),
        Quantity(
            "graphite_route", "input", ("route", "year"), "1",
            "Share of anode graphite that is natural or synthetic: two routes into one anode, each with its own "
            "chokepoints. natural + synthetic = 1.",
        ),
        Quantity(
            "cell_price", "input", ("case", "region", "level", "family", "use", "year"), "USD_2025/kWh",
            "Price of cells or packs in real 2025 dollars.",
        ),
        Quantity(
            "learning_rate", "input", ("family",), "1",
            "Fall of the price, as a share, with each doubling of the energy ever put into use. A run with [prices] "
            "lists beside it the rate fitted to observed prices of lithium-ion packs: least squares of log price on "
            "log cumulative_energy, ends at two standard errors; the column used says which the curves take.",
            "learning_rate = 1 − 2^slope",
        ),
        Quantity(
            "cumulative_energy", "input", ("scenario", "family", "year"), "GWh",
            "Energy of all cells of a family put into use in the world up to the end of a year: a row of the input "
            "table, then each later year's batteries of the world scenario that [prices] names, whatever regions the "
            "run is about. Li-ion counts NMC, LFP, silicon-anode and other graphite cells together.",
            "cumulative_energy = given + Σ_year Σ_region,segment battery_demand × market_share of its members",
        ),
        Quantity(
            "node_use", "input", ("chemistry", "node"), "kg/kg, GWh/GWh",
            "Need for a product that only some chemistries use: per mass of a mineral in the cell, or per energy. The "
            "most specific row serves: chemistry, then family, then any. Products that every chemistry with a mineral "
            "needs stand in stage_yield.",
        ),
        Quantity(
            "supply_share", "input", ("future", "node", "country", "year"), "1",
            "Share of a country in the world supply of a node, of the year of its data; sums to one over countries. "
            "Codes with R_ are groups: bounds count them as one country and as many.",
        ),
        Quantity(
            "battery_supply", "input", ("future", "node", "year"), "kt, GWh/yr",
            "World supply of a node as published, capacity or output, and the share of it that batteries can have "
            "(available). It never depends on the scenario that is assessed.",
        ),
        Quantity(
            "supply_headroom", "input", ("node",), "1",
            "Where no supply is published: what there is above the need of the reference world, as share of that need.",
            "battery_supply = need of the reference world × (1 + supply_headroom)",
        ),
        Quantity(
            "cells", "result", ("scenario", "region", "segment", "chemistry", "silicon", "year"), "GWh",
            "Cells put into use, by chemistry and silicon fraction of the anode.",
            "cells = battery_demand × market_share × (silicon_uptake of the blend, or what the blends leave)",
            iamc="Battery Demand|{segment}|{chemistry}",
        ),
        Quantity(
            "mineral_demand", "result",
            ("scenario", "region", "segment", "chemistry", "silicon", "mineral", "year"), "kt",
            "Gross mineral demand: mass of each mineral in the cells put into use, before scrap and recycling. low and "
            "high take every intensity of the row at its low or high end.",
            "mineral_demand = cells × mineral_intensity × intensity_trend; 1 kg/kWh × 1 GWh = 1 kt",
            iamc="Material Demand|Battery|{mineral}",
        ),
        Quantity(
            "in_use_stock", "result", ("scenario", "region", "segment", "chemistry", "silicon", "year"), "GWh",
            "Batteries in use at the end of a year, as nominal energy at beginning of life; second lives apart.",
            "in_use_stock = Σ_cohort cells · survival",
        ),
        Quantity(
            "retirements", "result", ("scenario", "region", "segment", "chemistry", "silicon", "year"), "GWh",
            "Batteries leaving their first use in a year.",
            "retirements = Σ_cohort cells · (survival before − survival)",
        ),
        Quantity(
            "input", "result", ("scenario", "region", "mineral", "year"), "kt",
            "What cell making takes in: the mineral in the cells and in its scrap.",
            "input = mineral_demand / (1 − scrap)",
        ),
        Quantity(
            "secondary_supply", "result", ("scenario", "region", "mineral", "year"), "kt",
            "Recovered material that goes into new cells: of prompt scrap and of collected batteries. Never more than "
            "the input; what is over is surplus.",
            "secondary_supply = min(recovered_prompt + recovered, input)",
            iamc="Secondary Supply|Battery|{mineral}",
        ),
        Quantity(
            "primary_demand", "result", ("scenario", "region", "mineral", "year"), "kt",
            "What must be mined and refined: the input of cell making that is not secondary.",
            "primary_demand = input − secondary_supply",
            iamc="Primary Demand|Battery|{mineral}",
        ),
        Quantity(
            "recycled_content", "result", ("scenario", "region", "mineral", "year"), "1",
            "Share of the input of cell making that is secondary, as EU 2023/1542 counts it: recovered manufacturing "
            "waste that passed a recycler counts beside post-consumer waste.",
            "recycled_content = secondary_supply / input",
        ),
        Quantity(
            "end_of_life_recycling_rate", "result", ("scenario", "region", "mineral", "year"), "1",
            "Share of what leaves use for good that becomes secondary material.",
            "end_of_life_recycling_rate = recovered / (collected + uncollected)",
        ),
        Quantity(
            "mineral_flows", "result", ("scenario", "region", "mineral", "flow", "year"), "kt",
            "Every flow of the chain by mineral: mineral_demand, input, prompt_scrap, retired, reused, reuse_ended, "
            "collected, uncollected, recovered_prompt, recovered, lost, secondary_supply, surplus, primary_demand. "
            "They balance at every process.",
        ),
        Quantity(
            "upstream", "result", ("scenario", "region", "node", "stage", "year"), "kt",
            "Need for upstream products behind the primary demand, by stage: flake, sulphate, carbonate, concentrate.",
            "upstream = primary_demand × stage yields down to it",
        ),
        Quantity(
            "graphite_by_route", "result", ("scenario", "region", "segment", "route", "year"), "kt",
            "Gross graphite demand by route of anode material; natural + synthetic = graphite of mineral_demand.",
            "graphite_by_route = Σ_chemistry mineral_demand[graphite] × graphite_route",
            iamc="Material Demand|Battery|Graphite|{route}",
        ),
        Quantity(
            "price", "result", ("scenario", "family", "year"), "USD_2025/kWh",
            "Pack price of a chemistry family on its one-factor learning curve, in real 2025 dollars, from its last "
            "observed price on; scenario is the world adoption that moves it. No cost of materials and no scarcity is "
            "in it. low and high take anchor, learning rate and start at the ends that lower or raise it most; "
            "doublings says how far it reaches beyond what was seen.",
            "price = anchor × (cumulative_energy / cumulative_energy[anchor])^log2(1 − learning_rate)",
        ),
        Quantity(
            "price_points", "result", ("case", "family", "year"), "USD_2025/kWh",
            "Observed, forecast and announced pack prices, with the cumulative_energy of their year, and of those not "
            "observed the cumulative energy at which the curve comes to them (needs).",
        ),
        Quantity(
            "price_parity", "result", ("scenario", "region", "family", "measure", "year"), "USD_2025/kWh, tariff 1",
            "What makes a region's cells or packs cost what those of another region do: the gap, the tariff on imports "
            "(a share of their value) beside a credit in place, and the production credit beside a tariff in place. "
            "After the year of the prices both regions follow the family's curve, so that the gap keeps its share. "
            "low and high are those of the region's own price; freight is in it only where the prices hold it.",
            "own price − credit = other price × (1 + tariff)",
        ),
    )
}  # fmt: skip
