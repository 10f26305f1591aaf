"""Catalogue of quantities: one definition each of name, dimensions, unit, meaning, equation and IAMC name."""

from __future__ import annotations

from .haste import value_class


@value_class
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
            "Share of the cells of a graphite chemistry whose anode holds that mass fraction of silicon, as contained "
            "Si in the active material.",
        ),
        Quantity(
            "mineral_intensity", "input", ("chemistry", "silicon", "mineral"), "kg/kWh",
            "Mass of a mineral per kWh of nominal energy, as contained element (silicon too, in whatever it comes) or "
            "anode-grade graphite. The input table is of the cell; a result is of the battery, cell and pack.",
            "mineral_intensity of the battery = mineral_intensity of the cell + pack_intensity",
        ),
        Quantity(
            "finer_intensity", "result", ("segment", "chemistry", "silicon", "mineral", "year"), "kg/kWh",
            "Mass of a mineral per kWh of the battery, cell and pack, where own rows of mineral_intensity say it by "
            "use or year of sale; it goes before mineral_intensity and its trend. A cell keeps what it was sold with.",
            "finer_intensity = mineral_intensity by use and year of sale + pack_intensity",
        ),
        Quantity(
            "pack_intensity", "input", ("mineral",), "kg/kWh",
            "What a pack or rack adds to its cells per kWh of nominal energy: casing, busbars, cables. The same for "
            "every chemistry.",
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
            "price_floor", "input", ("family",), "USD_2025/kWh",
            "Cost of the minerals in a pack, which learning does not lower while their prices hold; in the curves of a "
            "run with prices.floor = minerals.",
        ),
        Quantity(
            "price_relative", "input", ("chemistry",), "1",
            "Pack price of a chemistry or family without a learning curve, as a multiple of another's: a silicon blend "
            "of its base, Li-S of Li-metal, LMO and LCO of the average pack. It moves with the curve it is a multiple "
            "of.",
        ),
        Quantity(
            "cumulative_energy", "input", ("scenario", "family", "year"), "GWh",
            "Energy of all cells of a family put into use in the world up to the end of a year: a row of the input "
            "table, then each later year's batteries of the world scenario that [prices] names, whatever regions the "
            "run is about. Li-ion counts NMC, LFP, silicon-anode and other graphite cells together.",
            "cumulative_energy = given + Σ_year Σ_region,segment battery_demand × market_share of its members",
        ),
        Quantity(
            "node_use", "input and result", ("chemistry", "node"), "kg/kg, kg/kWh, GWh/GWh",
            "Need for a product that only some chemistries use: per mass of a mineral in the cell, or per energy (of a "
            "node in kt per kWh of the cell, which a result has as kt/GWh, the same number). The "
            "most specific row serves: chemistry, then family, then any. Products that every chemistry with a mineral "
            "needs stand in stage_yield; a result has both, with chemistry empty for all that hold the mineral.",
        ),
        Quantity(
            "supply_share", "input", ("future", "node", "country", "year"), "1",
            "Share of a country in the world supply of a node, of the year of its data; sums to one over countries. "
            "Codes with R_ are groups: bounds count them as one country and as many. A share that nobody publishes is "
            "one row of quality unknown: value empty, low 0, high 1. It never binds and is never counted as safe.",
        ),
        Quantity(
            "marginal_location", "input", ("node", "country"), "1",
            "Share of a country in what is added to the world supply of a node; sums to one over countries.",
        ),
        Quantity(
            "expansion_cost", "input", ("measure", "node", "group"), "USD_2025/(kg/yr), USD_2025/(kWh/yr), year, 1",
            "What a new plant costs (capital), how long it takes (lead), what its product costs above that of the top "
            "producer (premium), how fast known plants grow (growth), and most of that growth that is built for one "
            "group of regions (follow_on): within the top producing country and outside it.",
        ),
        Quantity(
            "event_history", "input", ("event", "item", "measure"), "1, month",
            "What a past stop, quota or licence of exports took: the share of normal exports lost over the months, and "
            "the months until they were back, or those seen where they were not (ended = no).",
            "lost = 1 − Σ event_volume / (months × normal event_volume)",
        ),
        Quantity(
            "event_weight", "input", ("status",), "1",
            "How much a disruption counts by what became of the measure, as a part of one that is in force.",
        ),
        Quantity(
            "supply_utilisation", "input", ("node",), "1",
            "Where no supply is published: what plants put out of what they could make, output ÷ capacity.",
            "battery_supply = need of the reference world ÷ supply_utilisation",
        ),
        Quantity(
            "cell_plant", "input", ("company", "site", "status"), "GWh/yr",
            "Nameplate of a plant of cells, whole plant and not what a row adds: what stands, and what is to come by "
            "how far it is. Empty where nobody publishes it. Of a plant of several families nobody says the shares.",
        ),
        Quantity(
            "plant_delivery", "input", ("status",), "1",
            "Share of the nameplate of plants that is delivered, by how far they are.",
            "capacity = operating + Σ plant_delivery × what a row adds to the plant",
        ),
        Quantity(
            "plant_utilisation", "input", ("node", "country", "year"), "1",
            "Output over nameplate of plants that stand, by what they make and where; any holds where no other row "
            "does.",
            "output = operating × plant_utilisation",
        ),
        Quantity(
            "cell_origin", "input", ("region", "family", "maker", "year"), "1",
            "Share of the cells that a region uses, by where they are made, as observed; sums to one over makers.",
            "origin = own / need + (1 − own / need) × what others export, weighed by what was observed",
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
            "recycling", "result", ("scenario", "region", "mineral", "measure", "year"), "1",
            "recycled_content and end_of_life_recycling_rate by mineral.",
        ),
        Quantity(
            "recycling_targets", "result", ("scenario", "region", "law", "measure", "item", "year"), "1",
            "What a law on recycling asks for (target) beside what the run has (value): collection by use, recovery of "
            "what reaches recyclers by mineral, recycled_content. Told, not enforced; optimise.recycled_content has a "
            "mix keep to the last. recycled_content is that of all uses of the run; the law asks it of batteries of "
            "vehicles and industry, not of portable ones.",
        ),
        Quantity(
            "second_life_stock", "result", ("scenario", "region", "year"), "GWh",
            "Batteries in a second life at the end of a year, as nominal energy at beginning of life.",
        ),
        Quantity(
            "production_lines", "result", ("scenario", "region", "measure", "year"), "GWh/yr, 1",
            "Lines commissioned in a year, by growth of the batteries put into use or as flows.lines gives them, and "
            "the scrap_rate that follows: young lines scrap more of their input.",
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
            "upstream = Σ_ways primary_demand × stage yields down to it; of joint ways the largest",
        ),
        Quantity(
            "material_price", "input", ("node", "year"), "USD_2025/kg, USD_2025/kWh",
            "Price of the product of a node in the market that is quoted, mostly China, without value-added tax. "
            "Linear between given years, held beyond them: no price is foreseen. A node without rows has none here.",
        ),
        Quantity(
            "material_value", "result", ("scenario", "region", "node", "stage", "year"), "million USD_2025",
            "What the upstream need of a node is worth at the price of its year (price). low and high take the price "
            "at its ends. Stages contain each other and do not add up; nodes without a price are left out.",
            "material_value = upstream × material_price; 1 kt × 1 USD/kg = 1 million USD",
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
            "observed price on; scenario is the world adoption that moves it. No scarcity is in it, and of the cost of "
            "materials a floor where prices.floor = minerals: then what is above the floor falls. low and high take "
            "anchor, learning rate, floor and start at the ends that lower or raise it most; doublings says how far it "
            "reaches beyond what was seen.",
            "price = floor + (anchor − floor) × (cumulative_energy / that of the anchor)^log2(1 − learning_rate)",
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
        Quantity(
            "trade_offs", "result", ("chemistry", "silicon", "year", "measure", "item"), "Wh/kg, Wh/L, kg/kWh, 1",
            "Chemistries side by side: specific_energy and energy_density of chemistry_performance in years between "
            "those of its rows (none is carried on beyond them), mineral_intensity by mineral, and weakest_top1, the "
            "share of the leading country in the most concentrated node that a chemistry cannot do without; high is 1 "
            "where it uses a node of which nobody says who makes it.",
            "weakest_top1 = max over nodes used of top1",
        ),
        Quantity(
            "cell_owners", "result", ("region", "owner", "year"), "GWh/yr",
            "Nameplate of the plants of cells in a region by country of the owner, several in equal parts: operating; "
            "value with what is delivered of what is to come, announced all that is not cancelled. unsized: plants of "
            "which nobody says how large they are. Plans without a year count from 2030. Of plants in China those of "
            "foreign makers alone are listed.",
            "value = operating + Σ plant_delivery × what a row adds to the plant",
        ),
        Quantity(
            "next_gen_plants", "result", ("technology", "item", "company", "site", "status", "year"), "GWh/yr, kt/yr",
            "Plants of new chemistries in the world, one a row, by place, status and year as listed; empty where "
            "nobody publishes their size or year.",
        ),
        Quantity(
            "plants_by_place", "result", ("country", "owner", "chemistry", "year"), "GWh/yr",
            "Nameplate of the plants of cells of the world by where they stand, by country of the owner and by what "
            "they are listed to make: families joined by ;, of which nobody says the shares, or unknown. Columns as in "
            "cell_owners. Of plants in China those of foreign makers and of new chemistries alone are listed.",
            "value = operating + Σ plant_delivery × what a row adds to the plant",
        ),
        Quantity(
            "yardsticks", "result", ("good",), "1",
            "Share of the leading country in goods beside batteries, as listed: what the concentration of LFP cathode "
            "is held against. The ends are figures of other counts where there are any.",
        ),
        Quantity(
            "cell_materials", "result", ("chemistry", "silicon", "node", "year"), "USD_2025/kWh",
            "What makers buy for a kWh of cells of a chemistry, active materials and the metal of foils: use at the "
            "price of its year, low and high at the ends of that. Empty where nobody prices it. With the copper and "
            "aluminium of the pack; without scrap.",
            "cell_materials = use × material_price",
        ),
        Quantity(
            "battery_cost", "result", ("scenario", "region", "segment", "chemistry", "silicon", "year"),
            "million USD_2025",
            "What the packs of the batteries put into use cost where they are used, in the years with a price: the "
            "curve of the family in the first world adoption of [prices], times price_relative, times what the "
            "region's average pack cost ÷ the World's when last observed, less the production credit in place. One "
            "price serves all uses, though packs of storage cost less than those of cars; and a region's ratio also "
            "holds which chemistries it bought. A chosen mix has the credit of its own variant, and under "
            "optimise.prices = consistent the curve that it leads to itself.",
            "battery_cost = cells × price × price_relative × regional price / world price",
        ),
        Quantity(
            "disruption", "input", ("disruption", "country", "node"), "1",
            "Share of what a country exports of a node (kind = export), or of all it makes (output), that an event "
            "takes away, from its year on. A figure is that of twelve months; its own count in intervals and "
            "stress_years alone.",
        ),
        Quantity(
            "battery_supply", "input and result", ("future", "node", "year"), "kt, GWh/yr",
            "World supply of a node as published, capacity or output, and the share of it that batteries can have "
            "(available). In a result, where nothing is published: what plants make, where their list is whole, else "
            "the need of the reference world ÷ utilisation; fill says which. It never depends on the scenario that is "
            "assessed.",
            "battery_supply = published × available, else output of plants, else reference_need ÷ supply_utilisation",
        ),
        Quantity(
            "supply", "result", ("future", "node", "country", "year"), "kt, GWh",
            "What a country makes of a node for batteries, without a disruption; exported: what is left of it after "
            "its home region is served; added: delivered part of announced plants, and what standing plants outside "
            "the top country make above their share. Shares of 2020 to 2026 stand for all later years, unless a future "
            "has its own.",
            "supply = max(supply_share × battery_supply + delivery × announced plants, standing plants × utilisation)",
        ),
        Quantity(
            "supply_cut", "result", ("disruption", "node", "country", "year"), "kt, GWh",
            "What a disruption leaves of what a country could make (value), makes with the inputs that it leaves "
            "(made), and "
            "exports (exported), where it changes any of these.",
            "exported = max(made − need of its home, 0) × (1 − severity)",
        ),
        Quantity(
            "reference_need", "result", ("region", "node", "year"), "kt, GWh",
            "Need of each region in the reference world that [exposure] names, where its next stage stands, less what "
            "is "
            "recovered (value), and with it (gross). What is exported is shared by gross need; others than those "
            "assessed take at most "
            "value − what they make. The sum of value is what supply rests on where nothing is published.",
        ),
        Quantity(
            "concentration", "result", ("future", "node", "year", "measure"), "1",
            "How few countries make a node: top1, top3, concern_share, hhi, hhi_wgi, non_allied_share, n1_left. "
            "data_year is the year of the shares. low and high: groups of countries as many, and as one; value is the "
            "upper one, as published indices have it. Measures disagree and are never averaged. Of a node whose shares "
            "nobody publishes there is top1 alone: value empty, low 0 and high 1, country who is taken to lead, "
            "data_year when no share was found.",
        ),
        Quantity("top1", "measure", ("node", "year"), "1", "Share of the largest country; a group is never it.",
                 "top1 = max_k s_k"),
        Quantity("top3", "measure", ("node", "year"), "1", "Share of the three largest suppliers together."),
        Quantity("concern_share", "measure", ("node", "year"), "1",
                 "Share of the countries of concern that [exposure] names; high: with what nobody allocates.",
                 "concern_share = Σ_concern s_k"),
        Quantity("hhi", "measure", ("node", "year"), "1",
                 "Herfindahl–Hirschman index, from 0 to 1: above 0.25 is commonly called highly concentrated.",
                 "hhi = Σ_k s_k²"),
        Quantity("hhi_wgi", "measure", ("node", "year"), "1",
                 "HHI weighted by governance risk: the latest mean of the six Worldwide Governance Indicators. A group "
                 "has the mean risk of the node's other suppliers.",
                 "hhi_wgi = Σ_k s_k² · risk_k, risk = 0.5 − WGI / 5"),
        Quantity("non_allied_share", "measure", ("node", "year"), "1",
                 "Share from outside the allies that [exposure] names; what nobody allocates is in it, but in low.",
                 "non_allied_share = 1 − Σ_allies s_k"),
        Quantity("n1_left", "measure", ("node", "year"), "1",
                 "Share of supply that is left without the largest supplier.", "n1_left = 1 − top1"),
        Quantity(
            "geopolrisk", "result", ("region", "node", "year", "measure"), "1",
            "GeoPolRisk, a published indicator beside ours, of mined materials whose origins of a region's imports are "
            "known, in the year of that trade: hhi of who mines (of the run's first year), import_risk and score. "
            "Production at home does not lower it.",
            "score = hhi × import_risk, import_risk = Σ_k share of imports_k × political instability_k",
        ),
        Quantity(
            "cell_capacity", "input and result", ("country", "measure", "year"), "GWh/yr",
            "Capacity (nameplate), production and demand of cells by country and bloc, as published. A result has the "
            "blocs of the report alone, and of the OECD what the United States and Europe leave.",
        ),
        Quantity(
            "announced_capacity", "input and result", ("region", "chemistry", "year"), "GWh/yr",
            "Nameplate of cell plants announced for one chemistry. A run with [exposure] lists it beside its supply; "
            "capacity_limit bounds adoption by it, and [optimise] the new lines of a kind that a row names.",
        ),
        Quantity(
            "exposure", "result", ("scenario", "region", "chemistry", "silicon", "node", "year", "measure"), "1",
            "How batteries hang on concentrated nodes. By chemistry, without a scenario: weakest_hhi, weakest_concern, "
            "path_concern; by region and scenario their mean by GWh, and by node dependent_gwh, exposure_top1, "
            "exposure_concern. among: the nodes counted, as all, cathode, mining, cathode mining.",
        ),
        Quantity("weakest_hhi", "measure", ("chemistry", "silicon", "year"), "1",
                 "HHI of the most concentrated node that a chemistry uses, among all nodes, one stage, or the cathode "
                 "chain of a stage; node says which.", "weakest_hhi = max_n hhi_n"),
        Quantity("weakest_concern", "measure", ("chemistry", "silicon", "year"), "1",
                 "Share of the countries of concern in the node where it is largest.",
                 "weakest_concern = max_n concern_share_n"),
        Quantity("path_concern", "measure", ("chemistry", "silicon", "year"), "1",
                 "Share that passes through a country of concern at any stage, if stages are independent; low: full "
                 "overlap, high: none.",
                 "max a_n ≤ 1 − Π (1 − a_n) ≤ min(1, Σ a_n), a_n = concern_share"),
        Quantity("dependent_gwh", "measure", ("scenario", "region", "node", "year"), "1",
                 "Share of the GWh whose cells use a node at all."),
        Quantity("exposure_top1", "measure", ("scenario", "region", "node", "year"), "1",
                 "Share of the GWh that uses a node, times the node's largest share.",
                 "exposure_top1 = dependent_gwh × top1"),
        Quantity("exposure_concern", "measure", ("scenario", "region", "node", "year"), "1",
                 "Share of the GWh that uses a node, times the share of the countries of concern in it.",
                 "exposure_concern = dependent_gwh × concern_share"),
        Quantity(
            "coverage", "result", ("scenario", "region", "node", "stage", "year", "measure"), "kt, GWh, 1",
            "Need of each node and what could cover it: need, own supply, recovered, exported by others, share_of_pool "
            "(the part of those exports that the region gets), accessible, and its bounds: accessible_none (others "
            "take all they lack first) and accessible_all (the region takes all); share_of_world_need; and as share "
            "of need own_coverage, accessible_coverage, friendly_coverage, without_largest_coverage; of a mine also "
            "own_share_of_reserves, share of the world's reserves that lies in the region. Need is where the next "
            "stage "
            "stands: of active materials that of the cells made in the region, of what is refined that of the active "
            "materials made there, and so on; from_home is the share of a need that own plants make, own supply first. "
            "follow_on is what is built because of the "
            "plan where it needs more than is accessible, which comes on top; others what the uses that the scope "
            "leaves out "
            "keep of it.",
            "accessible = own + recovered + λ · gross, λ · gross + Σ_others min(lacked, λ · gross_other) = Σ exported; "
            "share_of_pool = λ · gross ÷ Σ exported",
        ),
        Quantity("friendly_coverage", "measure", ("scenario", "region", "node", "year"), "1",
                 "What would be accessible if only the allies exported, ÷ need; above 1 there is more than is needed."),
        Quantity("without_largest_coverage", "measure", ("scenario", "region", "node", "year"), "1",
                 "What would be accessible without the largest exporter, ÷ need."),
        Quantity("own_coverage", "measure", ("scenario", "region", "node", "year"), "1",
                 "Own supply and recovered material ÷ need."),
        Quantity("accessible_coverage", "measure", ("scenario", "region", "node", "year"), "1",
                 "All that is accessible without a disruption ÷ need."),
        Quantity(
            "cell_makers", "result", ("region", "node", "country", "year"), "1",
            "Where the cells come from that a region uses, by place of making, as exposure has it: the newest observed "
            "origin (cell_origin), moved along with what makers make of the world's cells since; where none was "
            "observed own plants go first, and the rest by what others export; or as [exposure] says "
            "(made_at_home, origin). home: made in the region.",
            "share_m = observed_m × world share now ÷ then, own plants first",
        ),
        Quantity(
            "node_chain", "result", ("node", "chemistry", "into"), "1",
            "Share of a chemistry's use of a node that goes into another node; the rest goes into its cells as it is.",
        ),
        Quantity(
            "gwh_at_risk", "result",
            ("scenario", "region", "disruption", "allocation", "segment", "chemistry", "silicon", "year"), "GWh",
            "Planned batteries that can be had without a disruption and not with it, those with bought cells among "
            "them. "
            "allocation = best: cells that need most of what is short give way first; proportional: all users of a "
            "node "
            "are cut alike, stage by stage. Zero without a disruption. Bought cells are lost as far as their makers "
            "lack "
            "inputs; makers of a country that stops its exports of materials go on. Of makers that share what is left "
            "with their others (maker_inputs) best counts in both.",
            "gwh_at_risk = to be had − to be had with it; to be had = max Σ_c (z_c + y_c): z made at home, y bought",
        ),
        Quantity(
            "shortage", "result", ("scenario", "region", "node", "year"), "GWh",
            "Planned batteries that cannot be had even without a disruption, and the node that binds most. Never part "
            "of "
            "gwh_at_risk, and always part of what is lost.",
            "shortage = planned − to be had",
        ),
        Quantity(
            "disruptions", "result", ("scenario", "region", "disruption", "year"), "GWh",
            "One row a disruption. planned, and made_at_home of it; lost: shortage and what is at risk, in both "
            "readings (lost_best, lost_proportional; share_ of the plan) and by best reallocation at the ends of the "
            "severity, for the same twelve months (lost_low, lost_high); at_risk without the shortage; industry: the "
            "same of cells made at home; outside: lost if the cells of the countries that close were made by the "
            "others abroad, or where there are none by the plants that the plan has at home, and not at all where it "
            "has none; for stops of exports of materials never less than lost_best, but less where the makers of the "
            "country that closes are cut most; the node that binds most, the vehicles that the cells at risk would "
            "have served (empty where a use of one's own that loses some has no pack_size), their packs "
            "(million_usd_2025), and first_year_below: the first year from which what is "
            "lost (best) stays at or below the threshold, as "
            "share of the plan. In IAMC names, Battery Supply is lost and Battery Cell Production is industry, by "
            "Best Reallocation or Proportional.",
            "lost = shortage + at_risk",
            iamc="{what} Lost|{disruption}|{reading}",
        ),
        Quantity(
            "lost_by_future", "result", ("future", "scenario", "region", "disruption", "year"), "GWh",
            "What disruptions cost in the last year, as in disruptions, in the supply future of the run and those of "
            "exposure.other_futures: the same plans, the same events, other makers.",
        ),
        Quantity(
            "weighted_loss", "result", ("scenario", "region", "weights", "year"), "GWh",
            "Batteries lost on average by the disruptions that have begun, if one of them comes, by best reallocation "
            "and with what is short anyway. weights: equal (countries alike, then their stops with and without cells, "
            "then stops), status (by what became of the measure, as event_weight says; low and high: at the ends of "
            "these weights), history (countries by how often they have cut, stops by how much of a year's exports past "
            "ones took). No set is the truth. What closes every node is left out. share: value ÷ planned.",
            "weighted_loss = Σ weight × lost_best, Σ weight = 1",
        ),
        Quantity(
            "lost_unknown", "result", ("scenario", "region", "disruption", "unknown", "year"), "GWh",
            "What the disruptions that cost most, and a stop of each node that nobody knows by the country that leads "
            "it, cost in the last year, as in disruptions, by how much of what nobody knows stands in that country and "
            "stops with it: none, centre (its share of the cathodes that go with the node, or of the node where that "
            "is known and the amount is not), all. Of such a node as much is had as the plan needs.",
            "accessible of such a node = recovered + (need − recovered) · (1 − share · severity)",
        ),
        Quantity(
            "lost_minerals", "result", ("scenario", "region", "disruption", "mineral", "stage", "year"), "kt",
            "Graphite, lithium, nickel and cobalt that cannot be had under a disruption, by best reallocation and with "
            "what is short anyway: in the batteries that are lost (stage cell), and in what cells lost at home would "
            "have "
            "held (active_material); planned, and the share of it.",
        ),
        Quantity(
            "loss_by_length", "result", ("scenario", "region", "disruption", "year", "months", "stock_months"), "GWh",
            "Batteries (lost) and cells made at home (industry) that a disruption of the last year costs by how many "
            "months it lasts, shortage among them, by best reallocation; share: of the plan of these months. L "
            "months need L/12 of the plan, from L/12 of what is accessible in a year and from the stock, which is "
            "consumed once and replaces what the stop takes and no more. stock_months: of the need of each node, "
            "spread evenly over the months of the stop: none, that of the run, 1, 3 and 6. A stop of a year or less "
            "begins with the last year. One of 24 months takes the year before and the last, where both are years of "
            "the run and the event has begun, else the last year twice. Prices change nothing: beyond about a year "
            "it is an upper end.",
            "lost = Σ_years part · (shortage + at risk of the year with a stock of 12/L · stock_months)",
        ),
        Quantity(
            "months_that_halve", "result", ("scenario", "region", "disruption", "year"), "months",
            "The least stock of all nodes that a disruption takes from, in months of their need, that halves what is "
            "at risk by best reallocation in the last year; empty where nothing is at risk, or a stock of twelve "
            "months does not halve it, as with cells, of which there is no stock.",
        ),
        Quantity(
            "binding_nodes", "result", ("scenario", "region", "disruption", "node", "year"), "GWh per 1 % of need",
            "What one more hundredth of its planned need of a node would let be built, found by solving again; nodes "
            "that would not let more be built are left out. covered: accessible ÷ need.",
        ),
        Quantity(
            "accessible", "result", ("scenario", "region", "disruption", "node", "year"), "kt, GWh",
            "What a disruption leaves accessible of each node of which it leaves less (value), beside its need and "
            "what is "
            "accessible without.",
            "accessible = min(without, own + recovered + share_of_pool × exported − others + follow_on + stockpile)",
        ),
        Quantity(
            "supply_gap", "result", ("scenario", "region", "disruption", "node", "year", "cut"), "kt, GWh",
            "What more of each node within the region's reach lowers the last year's GWh at risk by a cut of a half, "
            "eight tenths or all: the least addition relative to need. announced: nameplate of plants announced in the "
            "world outside the countries of concern, for scale: neither delivered nor the region's own.",
            "min Σ_n more_n / need_n so that buildable ≥ buildable without − (1 − cut) × gwh_at_risk",
        ),
        Quantity(
            "gap_plants", "result", ("node", "company", "country", "start"), "kt/yr, GWh/yr",
            "Named plants of the nodes of supply_gap outside the countries of concern that may come, by start: what "
            "each adds to what operates or came before at the same place (value), its owner (who may have a seat in "
            "such a country), status and source. Nameplate, of which a part is delivered (plant_delivery) and none is "
            "the region's own by right; ambitions and paused plants are told though no future counts on them. The list "
            "of plants is not complete.",
        ),
        Quantity(
            "trade_rules", "result", ("scenario", "region", "rule", "node", "stage", "year"), "1",
            "Rules on shares of supply beside what pro-rata sourcing holds, in the years in which they hold: "
            "minimum_own (made within the region by the rule's group ÷ need, or recovered ÷ need of refining), "
            "maximum_single (the largest third country), exclusion (a group of countries). Told, never enforced. "
            "Sourcing of the scenario optimised is pro rata here too; mix_rule holds the rule against what it chooses "
            "to buy.",
        ),
        Quantity(
            "sourcing", "result",
            ("scenario", "region", "year", "chain", "stage_from", "country_from", "stage_to", "country_to"), "kt",
            "Way of a mineral from stage to stage and country to country in the last year, pro rata to what is made "
            "and exported: own supply first. No trade that was observed. Of the scenario optimised too it is pro rata; "
            "mix_sourcing has what it chooses to buy.",
        ),
        Quantity(
            "intervals", "result", ("scenario", "region", "disruption", "year", "measure"), "GWh",
            "What is lost in draws of what it rests on, for a fixed plan by best reallocation: of the batteries (lost: "
            "short or at risk) and of the cells that are planned to be made at home (industry). p05, p50, p95: "
            "percentiles of the draws, and share_ of them those of the share of the plan, whose demand is drawn too; "
            "value: with every input at its value, as in disruptions where that lasts a year. Drawn are how much is "
            "cut, and for how many of the year's months, country shares, the world's published supply or else the "
            "utilisation of plants, delivery of announced plants, materials per kWh, the observed origin of cells, "
            "where what is built for the plan stands, demand, market shares, and with exposure.unknown at the centre "
            "the share of who leads what nobody knows, from 0 to 1. Of the three disruptions that cost most in the "
            "last year; of all in every year in stress. In IAMC "
            "names, the 5th, 50th and 95th Percentile.",
            iamc="{what} Lost|{disruption}|{reading}",
        ),
        Quantity(
            "drivers", "result", ("scenario", "region", "disruption", "year", "measure", "driver"), "1",
            "Which uncertain inputs the spread of an interval comes from, the largest first, from one hundredth on. "
            "importance: squared rank correlation of input and result over the sum of those that chance alone does not "
            "give. driver: table and row of the input, label: what it is called.",
            "importance = ρ² ÷ Σ ρ²",
        ),
        Quantity(
            "grid", "result", ("point", "scenario", "quantity", "item"), "kt, GWh, million USD_2025, 1",
            "The last year of each combination of a study of kind grid, in the order of its axes, the last of which "
            "moves first; a column for each axis has its value. quantity: mineral_demand and primary_demand of all "
            "regions by mineral, battery_demand, lost_best and lost_proportional by disruption, and of a mix that is "
            "chosen the exposure and cost of its mix_baseline and the shares of its families (mix_family). failed: "
            "combinations whose limits contradict each other, or that the inputs do not have, with the reason (why).",
        ),
        Quantity(
            "identified", "result", ("region", "year", "kind", "name"), "1",
            "What the statements of a study of kind identify leave open: shares of families, of the chemistries of "
            "those that are not held and of sums, in all batteries of a year, and changes of the demand for each "
            "mineral against the baseline. low and high: over all mixes that fit, two linear programmes each; p5, p50, "
            "p95: percentiles of mixes that are drawn evenly from these by hit-and-run, which say how many there are "
            "and not how likely one is; baseline: of the scenario that changes are against. Intensities are at their "
            "values, and limits of single uses, growth and supply left out.",
            "least ≤ Σ_chemistry intensity × share ÷ Σ_chemistry intensity × share of the baseline − 1 ≤ most",
        ),
        Quantity(
            "identified_member", "result", ("scenario", "region", "year", "kind", "name"), "1",
            "The numbers of identified in every other scenario of the run.",
        ),
        Quantity(
            "identified_limit", "result", ("scenario", "region", "year", "kind", "name"), "1",
            "Whether every other scenario of the run is a mix that fits: value of each statement (with the batteries "
            "of the baseline) and of each share that only falls or only grows, its ends, and the distance from the "
            "nearer one (slack, negative outside). Of proportions (held, silicon) value is the largest departure.",
        ),
        Quantity(
            "identified_pair", "result", ("region", "year", "one", "two"), "1",
            "Correlation of two shares over the mixes that are drawn; near −1 where one takes the place of the other. "
            "Of each pair that moves and of which neither is part of the other.",
        ),
        Quantity(
            "stress_single", "result", ("scenario", "region", "country", "node", "year"), "GWh",
            "GWh at risk when one country exports nothing of one node for a year (N-1), for every supplier of a "
            "hundredth or more; the most first.",
        ),
        Quantity(
            "library", "result", ("country", "node", "with_cells"), "1",
            "Every supplier of a hundredth of a node or more, held against the rule of the library: in_library says "
            "whether a full stop of its exports for a year would cost more than 2 % of a year's planned batteries, or "
            "more than a quarter of the cells of a chemistry. value: largest share of a year's plan at risk (best "
            "reallocation), with the scenario and year where it is; chemistry: of which it takes the largest share of "
            "the cells (chemistry_share, as all users of a short node lose alike). with_cells: if the country stops "
            "its cells too, of suppliers in the library. exposure.library = \"rule\" plays them. What nobody is known "
            "to make has no supplier here.",
            "in_library = value > 0.02 or chemistry_share > 0.25",
        ),
        Quantity(
            "stress_pairs", "result", ("scenario", "region", "one", "two", "year"), "GWh",
            "GWh at risk in the last year when two of the ten worst suppliers stop at once (N-2); more_than_worse: "
            "beyond the worse of the two alone.",
            "more_than_worse = at_risk_best − max(at_risk_best of each)",
        ),
        Quantity(
            "stress_cells", "result", ("scenario", "region", "disruption", "year"), "GWh",
            "Stops of materials in the last year as they are (value: batteries lost, by best reallocation) and with a "
            "stop "
            "of the country's cells that is as severe (with_cells).",
        ),
        Quantity(
            "reference_worlds", "result",
            ("scenario", "region", "disruption", "year", "adoption", "silicon", "follow_on"), "GWh",
            "Batteries lost by every disruption in the last year (lost), and cells made at home (industry), if another "
            "reference world is assumed (adoption, silicon), on which supply that nobody publishes and the weights of "
            "the pool rest, and by where plants that follow the plan are built (follow_on).",
        ),
        Quantity(
            "stress_years", "result", ("scenario", "region", "disruption", "year"), "GWh",
            "Disruptions of the library year by year as long as they last, by the rule of loss_by_length; the "
            "stockpile runs down (stockpile_left, share of it in the scarcest node). Of a year that an event does not "
            "fill, planned and at_risk are those of the months that it lasts.",
        ),
        Quantity(
            "mix_share", "result", ("region", "segment", "chemistry", "year"), "1",
            "Shares of the mix that [optimise] chose, in the batteries of each use, as the scenario optimised of the "
            "run has them: the incumbent's up to the last year observed or the first of the scope, the model's after "
            "that. Blends with silicon are chemistries of their own here.",
        ),
        Quantity(
            "mix_family", "result", ("region", "family", "year"), "1",
            "Share of a family in the batteries of all uses of a region, beside the incumbent's. low and high: how far "
            "it moves over all mixes that are nearly as good (optimise.near), each share ranged alone, empty where "
            "that was not sought (optimise.ranges); pinned = no where they are more than a tenth of a point apart.",
        ),
        Quantity(
            "mix_range", "result", ("region", "family", "chemistry", "year"), "1",
            "The same as mix_family by chemistry; ranges with optimise.ranges = all.",
        ),
        Quantity(
            "chosen_origin", "result", ("scenario", "region", "chemistry", "silicon", "country", "year"), "1",
            "Share of each country in the cells of a region, where a scenario says it by chemistry (made_at_home, "
            "cells_from), as a chosen mix does: what stops of materials and of cells take follows it. home: made in "
            "the region.",
        ),
        Quantity(
            "mix_near", "result", ("region", "family", "first", "last"), "1",
            "How far the share of a family moves over all mixes that are nearly as good, in a year or over the years "
            "from first to last: low and high are two linear programmes each, whose values no solver changes. value: "
            "of the mix that stands for them; incumbent: of the scenario it is chosen against.",
        ),
        Quantity(
            "mix_example", "result", ("mix", "region", "family", "year"), "1",
            "Shares of families in ten of the mixes that are nearly as good and differ most, as examples: each next "
            "one adds most to the part of the ranges of mix_near that they span together. Which solutions these are, "
            "other versions of the solver may change.",
        ),
        Quantity(
            "mix_baseline", "result", ("mix",), "GWh, million USD_2025",
            "Exposure by the objective (in exposure_unit) and cost of the incumbent's mix, the cheapest, the chosen "
            "and the least exposed one, all under the rules of the run; cost_share: above the least cost; breaks: "
            "limits that a mix does not keep, as an incumbent may. unmet [GWh]: demand that it leaves unmet, what an "
            "incumbent sells and no mix may sell among it, which counts as lost and costs nothing; cost_share is "
            "empty where that is over 1 % of demand more. supply_lost, industry_lost, all_outside: what the plan of "
            "each loses when it is played back, by the risk of the run (in lost_unit): of batteries, of cells made "
            "at home, and of batteries as if others made the cells of the countries that close, which is a bound for "
            "stops of materials alone. industry_share: of the cells that it makes at home in the years in which a stop "
            "may come, on average of the disruptions, so that a mix that makes more at home compares.",
        ),
        Quantity(
            "mix_frontier", "result", ("exposure",), "million USD_2025",
            "Least cost of a mix that is exposed to at most so much, from the cheapest to the least exposed mix; "
            "marginal: what one unit less costs from there to the next point, along the chord (empty along the last "
            "one, which is too short to be known, unless every edge is; where points are close, known to five digits, "
            "as solvers keep them), and marginal_low, marginal_high: at least and at most (empty: without end). The "
            "record says how far the chords lie above the frontier at most "
            "(frontier_gap, as a share of the span of cost).",
            "cost = min over mixes with exposure ≤ e",
        ),
        Quantity(
            "mix_along", "result", ("exposure", "family"), "1",
            "Share of a family in the batteries of the years decided along the frontier: of the mix that stands for "
            "all within `near` of the exposure and of the cost of a point (nearest to the incumbent's additions), at "
            "both ends and at points between that are well apart. Between two of them a mix of both is as good.",
            "mix_along = Σ_r,s,c∈family,y x ÷ Σ demand, x = argmin Σ (x − incumbent)²",
        ),
        Quantity(
            "mix_loss", "result", ("disruption",), "GWh",
            "Batteries wanted in the years decided that cannot be had while a disruption holds: shortage and what is "
            "at risk (best reallocation), and demand that the mix leaves unmet; or what else `optimise.loss` counts, "
            "of cells that are to be made at home (wanted). value: of the chosen mix, replayed as it is; incumbent: "
            "of the scenario it is chosen against. binding_node: what binds in the year of the largest loss; weight: "
            "in the objective, 0 where the loss is told beside it.",
            "mix_loss = Σ_year,region (battery_demand − buildable with the disruption)",
        ),
        Quantity(
            "mix_cost", "result", ("mix", "part"), "million USD_2025",
            "Cost of the chosen mix and of the cheapest that the limits allow, over the years decided, discounted "
            "where discount_rate says so. Running costs: packs at the price of those made at home, where lines are "
            "counted without the capital of these, and imports (what packs brought in cost beyond that, below nothing "
            "where they are cheaper: at their maker's price with its duty, that of where packs cost least or of the "
            "run's `against`, for all others the world's, or as much where that is more). Capital of lines built "
            "and retrofitted, for the years in which they make cells; that of lines that stand is sunk, and in no "
            "part. It is new_line × annuity over their life at the project's rate of discount_rate (8 %, 8 to 10) ÷ "
            "utilisation. Plants that follow: what their product costs more than in the country that makes most of a "
            "node (premium of expansion_cost × material_price, of the part that stands elsewhere); nothing where one "
            "of these is not known, as of Na-ion cells and their cathodes. And excess: under one_country = soft the "
            "price put on what one third country supplies above its share, which is no money paid. cheapest is the "
            "mix with the least sum of all parts, and cost_cap holds that sum, the price on the excess included in "
            "both. battery_cost has the packs of all scenarios, without imports.",
            "mix_cost = Σ running cost at home × cells + (price abroad − that) × imports + capital of lines + "
            "premium × plants that follow + excess",
        ),
        Quantity(
            "mix_variant", "result", ("scenario", "measure", "item", "first", "last"), "kt, GWh, million USD_2025, 1",
            "The mixes of a run with variants side by side; difference: from the mix of [optimise], change: that as a "
            "part of it, empty where it has none. measure: demand (by mineral), family_share (of all batteries), "
            "made_at_home (share of the cells), lost and own_cells_lost (by disruption, over the years decided: all "
            "batteries, and the cells made at home), mean_lost and mean_own_cells_lost (by each named set of "
            "weights), and cost: what buyers have paid, duties in it, credits that it is less by, and all, which is "
            "without the duties and with the credits. The capital of lines that stand is sunk and in none of them, "
            "nor is a price that a soft rule puts on an excess.",
            "cost all = paid − duties + credits",
        ),
        Quantity(
            "measures", "result", ("months", "measures", "budget"), "GWh",
            "With [study] kind = measures: least loss by the risk of the run, of disruptions of so many months in each "
            "of the years decided, that a measure buys with a budget [billion USD_2025] beyond the cheapest mix; all "
            "else is as that has it. avoided: against the cheapest mix; per_billion: that ÷ budget; marginal: what one "
            "more billion would avoid, the slope of the curve and at a kink that of one side; marginal_cost: what one "
            "more GWh would cost [million USD_2025], empty where none can be avoided; replayed: value when the plan is "
            "played back; mix_cost … recycling_cost: what is spent [million USD_2025], of the mix what it "
            "costs beyond the cheapest: of the cheapest plan that loses as little, less than the budget where more "
            "would avoid nothing. That is one plan: with a near of [optimise] mix_cost_low … recycling_cost_high are "
            "the ends of each, alone, among plans of all measures together that cost no more and lose at most so much "
            "more; empty for a measure alone.",
            "value = min over what the measure may change of risk, cost ≤ cheapest + budget; "
            "marginal_cost = 1000 / marginal",
        ),
        Quantity(
            "measures_worth", "result", ("months", "measures", "worth"), "GWh",
            "With study.worth: the same at the budget up to which a GWh that is not lost costs at most what it is "
            "worth [million USD_2025].",
            "cost + worth · risk at its least over what the measure may change",
        ),
        Quantity(
            "backcast", "result", ("silicon", "target"), "kt, GWh",
            "With [study] kind = backcast: the mix that reaches a target in its year with the least change, cost or "
            "new chemistry, and one without a target. status: met, just reached (the most that can be, to 1e-5), out"
            " of reach (then all is of the mix that comes nearest, to 1e-5) or no target. amount: the target as kt "
            "of the mineral, or GWh that disruptions take in the year on average; value: what the mix comes to, by "
            "the intensities of the run or played back; least: of what is least, and marginal: what one kt or GWh "
            "less takes of it, by the dual, or where that does not hold so far by a step of a hundredth of the "
            "target; empty where no mix can go that far. change: GWh over all years that are of another chemistry "
            "than in the baseline; cost, and more_cost than without a target, new and lost (GWh by the risk of the "
            "run, played back), all of the cheapest of such mixes, or where cost is least of the one with the least "
            "change, and of these of the least exposed.least = min of what is least over all mixes whose target ≤ "
            "amount",
        ),
        Quantity(
            "backcast_family", "result", ("silicon", "target", "region", "family", "year"), "GWh",
            "Batteries of each family in the mix of a target (value) and in the baseline; share: of the region's "
            "batteries, and in the year of the target low and high, between which that share lies in all mixes whose "
            "least is within optimise.near of the best.",
        ),
        Quantity(
            "measures_bought", "result", ("months", "measures", "budget", "measure", "region", "node", "year"), "kt",
            "What a budget buys beside the mix: stock held in a year, plants that run in it, and batteries that go a "
            "way to recover more (node: collection, or a route of what is collected or of scrap) [GWh]; place: where "
            "plants stand, places that nothing tells apart together; cost: of that year, as it counts in the sum of "
            "all [million USD_2025].",
        ),
        Quantity(
            "measures_places", "result", ("node", "place"), "million USD_2025/(kt/yr)/yr",
            "With study.places: places in which plants of a node may stand, and as what they are told (stands). value, "
            "low, high: what a plant costs in a year in which it runs, at the price of its product in the first year, "
            "by the rows of its place or those of all outside; lead: years from the decision. Places are one where "
            "these ranges overlap, or have no ends, and stops leave as much of both; a plant then costs what all "
            "outside do.",
        ),
        Quantity(
            "measures_recycling", "result", ("months", "measure", "node"), "GWh, kt",
            "With recycling among study.which: what the cheapest mix loses (lost), what more recycling avoids of it at "
            "most, whatever it costs (avoided), and the most that it takes off each node that a disruption takes "
            "something of, each mineral by its best ways, over all years (taken_off): 0 where no recovered mineral "
            "relieves it. A node that it relieves may be one for lack of which nothing is lost.",
        ),
        Quantity(
            "measures_drawn", "result", ("budget", "measures", "measure"), "GWh, 1",
            "With study.draws: what a measure avoids of the loss of the cheapest mix (avoided), and as a part of that "
            "loss (share_avoided), found anew in each draw of what stocks, plants and recycling cost, how fast plants "
            "grow, and how much and for how long each disruption takes; value: with each of these at its value. Lead "
            "times and all that the plain mix rests on are held.",
            "percentiles over draws",
        ),
        Quantity(
            "measures_order", "result", ("budget", "a", "b"), "1",
            "With study.draws: share of the draws in which measure a avoids more than b with the same budget; alike: "
            "share in which both avoid as much, to 1e-5 of what is lost at the values.",
        ),
        Quantity(
            "near_optimal", "result", ("near", "what", "region", "name", "supplier", "year"), "1, GWh, kt",
            "With [study] kind = near_optimal: least and largest (low, high) of a number among mixes whose objective "
            "is worse than the best by at most the share near, within all limits and caps of the run. what: shares (of "
            "a family or chemistry in a region's batteries), production (cells made at home) or sourcing (of a node "
            "from a supplier; follow_on: plants that follow the mix); value: of the chosen mix, which may be nearly "
            "as good by another share.",
            "low, high = min, max Σ_j w_j x_j, objective ≤ (1 + near) · best",
        ),
        Quantity(
            "frontier", "result", ("one", "two", "point"), "GWh, kt, million USD_2025",
            "With [study] kind = frontier: the least of one objective (two) at each value of another (one), within all "
            "limits of the run but its caps, from the least of two on; between points it is straight, up to gap × the "
            "span of least. marginal: what a unit less of one takes of two to the next point, at least and at most "
            "(marginal_low, marginal_high). Of what is built the objective is what is missing to the most.",
            "least = min two, one ≤ value",
        ),
        Quantity(
            "robust", "result", ("mix", "future", "world"), "GWh",
            "With [study] kind = robust: what a plan loses in a future of supply and a reference world, by the risk "
            "of the run. mix: the future that it is best in (that of the run first), average (least mean loss, "
            "futures alike) or regret (least largest regret); of plans as good by that the cheapest, of these the one "
            "with the least mean loss, and then with the least in each future in turn; with six futures or more as far "
            "as plans differ by a ten-millionth of the demand, so that what one loses elsewhere is its own, and "
            "another that is as good may lose some GWh more or less. "
            "Which batteries are put into use and which lines stand is "
            "the plan's; in each future it is decided anew, by the loss and then by the "
            "cost, where cells are made, materials bought and what others build. least: of the best plan of that "
            "future; "
            "regret: value − least; short: batteries of the plan that the future cannot supply even without a "
            "disruption, which count as lost in value; replayed: value when the plan is played back; cost: there "
            "[million USD_2025], of what is had.",
            "regret = value − least, value = min over what is decided anew of risk",
        ),
        Quantity(
            "robust_mix", "result", ("mix",), "GWh, million USD_2025",
            "Price of robustness: worst_regret of each plan, and the future in which it has that (binding); average: "
            "mean loss over futures; own: loss in the run's own future; cost: of the plan there, the least of plans as "
            "good [million USD_2025]. more_average, more_own, more_cost: than the plan that is best in the run's own "
            "future; less_regret: than that has; left_open: objectives that were to choose among plans as good and "
            "that the solver left open, after the first three.",
            "worst_regret = max over futures of regret",
        ),
        Quantity(
            "robust_share", "result", ("mix", "region", "family", "year"), "1",
            "Share of a family in a region's batteries in each plan of robust; low and high: how far it moves over all "
            "plans that are worse by optimise.near of its objective at most (of nearly none, by a ten-thousandth of "
            "the demand), each ranged alone; empty where optimise.ranges = off or near = 0, and of average and regret "
            "where there are six futures or more.",
        ),
        Quantity(
            "mix_unknown", "result", ("unknown", "measure", "region", "family", "first", "last"), "GWh, kt, 1",
            "With optimise.unknown = ends, the mix that is chosen if none and if all of what nobody knows stands in "
            "the country that leads it, a stop of each such node played beside the disruptions of the run. measure: "
            "share (of a family in a region's batteries of a year; grows = yes where it is as large as growth allows "
            "after that of the year before), objective, best (the least that there is) and cost.",
        ),
        Quantity(
            "mix_limit", "result", ("stage", "family", "region", "limit"), "GWh, million USD_2025",
            "What a step of each limit gains in all its years, first to last (0: a cap over all): of each kind the "
            "three that gain most. The model is solved again with the limit looser by the step: a tenth of an amount, "
            "a hundredth of a cap, five points of a share or a rate, one unit of what has no amount. value: by how "
            "much the objective falls, or unmet demand where some is left, and share: as part of it; both to six "
            "digits, as those behind them hang on the way of the solver. family is that of the constraint, which "
            "describe knows; sentence says it in words.",
            "value = least objective − least objective with the limit looser by step",
        ),
        Quantity(
            "mix_stage", "result", ("stage",), "GWh, million USD_2025",
            "How the mix was chosen, stage by stage, each keeping to the optima before it: unmet_demand where it is "
            "allowed, cheapest, objective, cost. algorithm and iterations: of HiGHS.",
        ),
        Quantity(
            "mix_trade", "result", ("region", "chemistry", "country", "year", "measure"), "GWh",
            "Cells of the chosen mix that are made at home for use there (production) and brought in (imports, by "
            "country), as cost, duties, own_share, lines and each supplier's supply of cells decide. Where a run has "
            "several regions, what one imports from the countries of another is made there, on its lines, so that "
            "trade closes by chemistry; of two regions only one sells a chemistry to the other. Countries at home in a "
            "region have what each of them can deliver of what it sells.",
            "production + Σ_country imports = Σ_segment cells",
        ),
        Quantity(
            "mix_line", "result", ("region", "line", "from_line", "year", "measure"), "GWh/yr",
            "Lines of each kind by what they make, nameplate × utilisation of plants: standing without the model's "
            "doing, built, or retrofitted from another kind (from_line), by the first year in which they make cells, "
            "which is decided some years before (lead and retrofit_lead of line_cost), and used, by cells for use at "
            "home and for other regions of the run. li_ion makes all that fits a lithium-ion plant as it stands. Scrap "
            "does not follow from these, but from the table lines.",
        ),
        Quantity(
            "mix_sourcing", "result", ("region", "node", "stage", "country", "year"), "kt, GWh",
            "What the chosen mix buys of each node by country, near to pro rata within limits on suppliers; "
            "share: of what the region buys of it; usual: the share pro rata. Cells are those of mix_trade, by maker, "
            "near to the origin that was observed. Suppliers of less than a tenth of a node are one in the model, told "
            "apart by what they can deliver; follow_on: of the value, from plants that others build because of the "
            "mix, told apart by where they stand.",
        ),
        Quantity(
            "mix_rule", "result", ("region", "node", "year"), "1",
            "Of what the chosen mix buys of a node: share of the largest single country outside the region (value), "
            "HHI of all suppliers, and where the EU's benchmark on one third country holds its limit and whether it is "
            "met. Of countries that are as large the first by code is named. Several countries that sources give as a "
            "group count as one in the HHI, and never as the largest.",
        ),
        Quantity(
            "mix_secondary", "result", ("region", "mineral", "year"), "kt",
            "Recovered material that relieves suppliers in the model of the chosen mix, no more than comes back; "
            "secondary_supply has what the run itself recovers and uses.",
        ),
        Quantity(
            "drop_in", "input and result", ("plant", "chemistry", "part"), "1",
            "Share of the equipment of a standing plant that carries over to another chemistry: of a line that is "
            "retrofitted only the rest is paid for. A result lists the rows of its candidates.",
        ),
        Quantity(
            "lines", "result", ("scenario", "region", "cohort"), "GWh/yr",
            "Production lines by year of start from which the scrap of the chosen mix follows: those that growth of "
            "demand takes, wherever its cells are made, so that scrap is the same for every mix. Lines that the mix "
            "builds or turns over are others, in mix_line. flows.lines of a run file takes these, as optimised.toml "
            "does.",
            "lines = growth of battery_demand over its highest so far",
        ),
    )
}  # fmt: skip
