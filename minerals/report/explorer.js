// The explorer of a brief: other market shares of a run, computed in the page as the model computes them.
//
// Kilotonnes are GWh × share × kg/kWh, and costs GWh × share × USD/kWh. Batteries lost are what a linear programme cannot
// build of what a disruption leaves (case/explorer.py has made its parts, exposure/factory.py says what it is). Numbers
// come from the page's data at the precision of the run. Nothing is asked of any other place.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const model = data.model,
    code = data.labels,
    NOTHING = data.nothing;
  const ENDS = ["severity", "low", "high"],
    MOST_STEPS = 5000,
    GREEDY = 400,
    EPS = 1e-10;
  const sum = (list) => list.reduce((a, b) => a + b, 0);
  const zeros = (count) => new Array(count).fill(0);

  // ------------------------------------------------------------------ the linear programme

  // max cost·x with rows·x ≤ most and 0 ≤ x ≤ upper, most ≥ 0: the simplex method with bounded variables on a condensed
  // tableau. Every variable outside the basis is at zero; one at its upper bound is replaced by what it lacks of it.
  function maximum(cost, rows, most, upper) {
    const m = rows.length,
      n = cost.length;
    const table = rows.map((row) => Float64Array.from(row)),
      b = Float64Array.from(most),
      gain = Float64Array.from(cost);
    const bound = [...upper, ...new Array(m).fill(Infinity)],
      flipped = new Uint8Array(n + m);
    const outside = Array.from({ length: n }, (_, j) => j),
      basic = Array.from({ length: m }, (_, i) => n + i);
    for (let step = 0; ; step++) {
      if (step > MOST_STEPS) throw new Error("the linear programme did not end");
      let enter = -1;
      for (let j = 0; j < n; j++) {
        if (gain[j] <= EPS || bound[outside[j]] <= 0) continue;
        // Steepest first; after many steps the first by name, which cannot go round in circles.
        if (enter < 0 || (step < GREEDY ? gain[j] > gain[enter] : outside[j] < outside[enter])) enter = j;
      }
      if (enter < 0) break;
      let length = bound[outside[enter]],
        leave = -1,
        atUpper = false;
      for (let i = 0; i < m; i++) {
        const t = table[i][enter],
          limit = bound[basic[i]];
        let reach = Infinity,
          up = false;
        if (t > EPS) reach = Math.max(b[i], 0) / t;
        else if (t < -EPS && limit < Infinity) {
          reach = Math.max(limit - b[i], 0) / -t;
          up = true;
        }
        if (reach < length || (reach === length && leave >= 0 && basic[i] < basic[leave])) {
          length = reach;
          leave = i;
          atUpper = up;
        }
      }
      if (leave < 0) {
        if (length === Infinity) throw new Error("the linear programme has no bound");
        for (let i = 0; i < m; i++) {
          b[i] -= table[i][enter] * length;
          table[i][enter] = -table[i][enter];
        }
        gain[enter] = -gain[enter];
        flipped[outside[enter]] ^= 1;
        continue;
      }
      const row = table[leave];
      if (atUpper) {
        b[leave] = bound[basic[leave]] - b[leave];
        for (let j = 0; j < n; j++) row[j] = -row[j];
        flipped[basic[leave]] ^= 1;
      }
      const pivot = row[enter];
      b[leave] /= pivot;
      for (let j = 0; j < n; j++) row[j] /= pivot;
      row[enter] = 1 / pivot;
      for (let i = 0; i < m; i++) {
        const factor = table[i][enter];
        if (i === leave || factor === 0) continue;
        const other = table[i];
        b[i] -= factor * b[leave];
        for (let j = 0; j < n; j++) other[j] -= factor * row[j];
        other[enter] = -factor / pivot;
      }
      const worth = gain[enter];
      for (let j = 0; j < n; j++) gain[j] -= worth * row[j];
      gain[enter] = -worth / pivot;
      [outside[enter], basic[leave]] = [basic[leave], outside[enter]];
    }
    const x = zeros(n);
    for (let j = 0; j < n; j++) if (flipped[j]) x[j] = bound[j];
    basic.forEach((v, i) => {
      if (v < n) x[v] = flipped[v] ? bound[v] - b[i] : b[i];
    });
    return sum(x.map((value, j) => value * cost[j]));
  }

  // ------------------------------------------------------------------ demand and cost

  const years = model.years,
    bases = model.bases,
    pairs = model.pairs,
    segments = model.segments,
    regions = model.regions;
  // Where shares are: a use in a region.
  const places = regions.flatMap((_, region) => segments.map((__, use) => ({ region, use })));
  const dense = (sparse, count) => {
    const out = zeros(count);
    for (const key in sparse) out[+key] = sparse[key];
    return out;
  };

  const gwhOf = (scenario, year, { region, use }) => model.gwh[scenario][region][use][year];
  // Shares of a scenario in a year: (place, base).
  const sharesOf = (scenario, year) =>
    places.map(({ region, use }) => dense(model.share[scenario][region][use][year], bases.length));

  // Cells [GWh] of each pair of base and silicon, by place: blends are a fixed part of their base.
  const first = bases.map((_, base) => pairs.findIndex((pair) => pair[0] === base));
  function cellsOf(scenario, year, shares, within) {
    return within.map((p) => {
      const { region, use } = places[p],
        gwh = gwhOf(scenario, year, places[p]);
      const blend = model.blend[scenario] && dense(model.blend[scenario][region][use][year], pairs.length);
      return pairs.map(([base], pair) => gwh * shares[p][base] * (blend ? blend[pair] : first[base] === pair ? 1 : 0));
    });
  }

  // Kilotonnes of each mineral by family: low, central, high.
  function kilotonnes(cells, year) {
    return model.minerals.map((_, m) => {
      const families = {};
      for (const row of cells)
        row.forEach((gwh, p) => {
          if (!gwh) return;
          const into = (families[code.chemistry[bases[pairs[p][0]]].family] ??= [0, 0, 0]);
          ["low", "value", "high"].forEach((end, place) => {
            const held = model.intensity[end][p][m];
            into[place] += gwh * held[held.length > 1 ? year : 0];
          });
        });
      return families;
    });
  }

  // A change between two mixes and the ends it may reach: each family at its low, central or high, the same in both
  // (results/interval.py; Dinkelbach's method).
  function change(base, other) {
    const keys = [...new Set([...Object.keys(base), ...Object.keys(other)])],
      none = [0, 0, 0];
    const below = keys.map((key) => base[key] ?? none),
      above = keys.map((key) => other[key] ?? none);
    const central = sum(below.map((row) => row[1]));
    if (!(central > 0)) return { low: NaN, value: NaN, high: NaN };
    const value = sum(above.map((row) => row[1])) / central - 1;
    if (!(sum(below.map((row) => Math.min(...row))) > 0)) return { low: NaN, value, high: NaN };
    return {
      low: leastRatio(above, below) - 1,
      value,
      high:
        -leastRatio(
          above.map((row) => row.map((v) => -v)),
          below,
        ) - 1,
    };
  }

  function leastRatio(above, below) {
    let ratio = sum(above.map((row) => row[1])) / sum(below.map((row) => row[1]));
    for (;;) {
      let top = 0,
        bottom = 0;
      above.forEach((row, i) => {
        let pick = 0;
        row.forEach((v, k) => {
          if (v - ratio * below[i][k] < row[pick] - ratio * below[i][pick]) pick = k;
        });
        top += row[pick];
        bottom += below[i][pick];
      });
      if (!(top / bottom < ratio)) return ratio;
      ratio = top / bottom;
    }
  }

  const costOf = (cells, year, within) =>
    model.cost &&
    sum(
      cells.map((row, place) =>
        sum(row.map((gwh, pair) => gwh * model.cost[places[within[place]].region][pair][year])),
      ),
    );

  // ------------------------------------------------------------------ what is lost

  const CELL = 3,
    ORDER = [3, 2, 1, 0];
  const matrix = (sparse, count) => {
    const out = Array.from({ length: pairs.length }, () => zeros(count));
    for (const [c, n, v] of sparse) out[c][n] = v;
    return out;
  };
  const prepared = {};

  // Parts of a year that no mix changes.
  function parts(year) {
    if (prepared[year]) return prepared[year];
    const all = model.losses,
      of = all.years[year],
      nodes = all.nodes.length;
    const into = pairs.map(() => Array.from({ length: nodes }, () => []));
    const direct = pairs.map(() => all.stage.map((stage) => (stage === CELL ? 0 : 1)));
    for (const [c, n, d, part] of all.into) {
      into[c][n].push([d, part]);
      if (all.stage[n] !== CELL) direct[c][n] -= part;
    }
    return (prepared[year] = {
      of,
      nodes,
      into,
      direct,
      use: matrix(of.use, nodes),
      stocked: matrix(of.stocked, nodes),
    });
  }

  // Need of each node where its next stage stands, own supply first.
  function need(year, cells) {
    const { of, nodes, into, direct, use } = parts(year),
      stage = model.losses.stage;
    const out = zeros(nodes),
      own = zeros(nodes);
    const way = cells.map((gwh, c) => stage.map((at, n) => (at === CELL ? gwh : gwh * of.home[c] * direct[c][n])));
    for (const at of ORDER)
      stage.forEach((where, n) => {
        if (where !== at) return;
        cells.forEach((gwh, c) => {
          if (!gwh || !use[c][n]) return;
          if (at < 2) for (const [d, part] of into[c][n]) way[c][n] += way[c][d] * part * own[d];
          out[n] += use[c][n] * way[c][n];
        });
        own[n] = at < CELL && out[n] > 0 ? Math.min(of.own[n], out[n]) / out[n] : 0;
      });
    return out;
  }

  // Batteries [GWh] that a mix loses, and cells that are not made at home, at each end of a disruption; end: null for none.
  function lost(year, cells, months, event) {
    const { of, nodes, stocked } = parts(year),
      all = model.losses,
      planned = sum(cells);
    const wanted = need(year, cells),
      follow = wanted.map((n, i) =>
        of.accessible[i] === null ? 0 : Math.min(Math.max(n - of.accessible[i], 0), of.room[i]),
      );
    const without = follow.map((built, n) => (of.accessible[n] === null ? Infinity : of.accessible[n] + built));
    const stock = zeros(nodes);
    cells.forEach((gwh, c) => {
      if (gwh)
        stocked[c].forEach((per, n) => {
          stock[n] += gwh * of.home[c] * per;
        });
    });
    const none = { plants: {}, accessible: {}, follow: {}, unknown: {}, home: {}, bought: {} };
    return (event ? of.events[event] : [none]).map((hit) => {
      const plants = of.plants.map((own, n) => hit.plants[n] ?? own);
      const has = without.map((most, n) => {
        if (all.cell[n]) return most;
        let left =
          of.accessible[n] === null
            ? Infinity
            : (hit.accessible[n] ?? of.accessible[n]) + follow[n] * (hit.follow[n] ?? 1);
        if (n in hit.unknown) left = wanted[n] * hit.unknown[n];
        return left < most ? Math.min(most, left + (months / 12) * stock[n]) : left;
      });
      const home = cells.map((gwh, c) => gwh * (hit.home[c] ?? of.home[c]));
      const bought = cells.map((gwh, c) => gwh * (hit.bought[c] ?? 1 - of.home[c]));
      const made = cells.map((gwh, c) => gwh * of.home[c]);
      const some = (value, whole) => (value <= NOTHING * whole ? 0 : value);
      return {
        supply: some(planned - built(of.programme, plants, has, home, bought), planned),
        industry: some(sum(made) - built(of.programme, plants, has, home, zeros(cells.length)), planned),
        planned,
        made: sum(made),
      };
    });
  }

  // Cells that can be built, of caps at home and bought: rows that cannot bind are left out.
  function built(programme, plants, has, home, bought) {
    const columns = [
      ...programme.home.map((c) => [1, home[c]]),
      ...programme.imported.map((c) => [1, bought[c]]),
      ...programme.active.map(([c]) => [0, home[c] > 0 ? Infinity : 0]),
      ...programme.refined.map((n) => [0, plants[n]]),
      ...zeros(programme.free).map(() => [0, Infinity]),
    ];
    const rows = [],
      most = [];
    for (const [node, buys, makes, terms] of programme.rows) {
      const limit = node < 0 ? 0 : (buys ? has[node] - plants[node] : 0) + (makes ? plants[node] : 0);
      if (limit === Infinity) continue;
      const row = zeros(columns.length);
      let reach = 0;
      for (let t = 0; t < terms.length; t += 2) {
        row[terms[t]] = terms[t + 1];
        if (terms[t + 1] > 0 && columns[terms[t]][1] > 0) reach += terms[t + 1] * columns[terms[t]][1];
      }
      if (reach > limit) {
        rows.push(row);
        most.push(Math.max(limit, 0));
      }
    }
    const inside = new Set(programme.imported);
    const others = sum(bought.map((gwh, c) => (inside.has(c) ? 0 : gwh)));
    return (
      others +
      maximum(
        columns.map(([c]) => c),
        rows,
        most,
        columns.map(([, u]) => u),
      )
    );
  }

  // ------------------------------------------------------------------ the mix that is chosen

  const LABEL = (kind, key) => code[kind]?.[key]?.label ?? key;
  const compared = model.scenarios[0];
  const state = {
    scenario: model.scenarios.at(-1),
    region: regions.length > 1 ? -1 : 0,
    year: years.length - 1,
    use: -1,
    by: "family",
    event: "",
    months: 0,
    shares: null,
    locks: new Set(),
  };
  const groups = () => {
    const names = [...new Set(bases.map((base) => (state.by === "family" ? code.chemistry[base].family : base)))];
    return names.map((name) => ({
      name,
      label: state.by === "family" ? name[0].toUpperCase() + name.slice(1) : LABEL("chemistry", name),
      members: bases.flatMap((base, b) =>
        (state.by === "family" ? code.chemistry[base].family : base) === name ? [b] : [],
      ),
    }));
  };
  const start = () => sharesOf(state.scenario, state.year);
  const gwh = (p) => gwhOf(state.scenario, state.year, places[p]);
  const inRegion = () => places.map((_, p) => p).filter((p) => state.region < 0 || places[p].region === state.region);
  const moved = () => inRegion().filter((p) => (state.use < 0 || places[p].use === state.use) && gwh(p) > 0);
  const shareOf = (members, within = moved()) => {
    const whole = sum(within.map(gwh));
    return whole ? sum(within.map((p) => gwh(p) * sum(members.map((b) => state.shares[p][b])))) / whole : 0;
  };

  // How a group splits where nothing of it is sold yet: as in another scenario or place of the run, else evenly.
  function split(members, p) {
    const all = [state.scenario, ...model.scenarios].map((name) => sharesOf(name, state.year));
    const found = [...all.map((shares) => shares[p]), ...all.flat()].find((row) => sum(members.map((b) => row[b])) > 0);
    const whole = found ? sum(members.map((b) => found[b])) : 0;
    return members.map((b) => (whole ? found[b] / whole : 1 / members.length));
  }

  // Bring a group to a share of the uses shown. It grows in each use towards all that is not locked, by the same part of
  // what is left there, and shrinks by the same part; the others make room in proportion.
  function move(group, target) {
    const locked = (g) => state.locks.has(g.name) && g.name !== group.name;
    const held = groups()
        .filter(locked)
        .flatMap((g) => g.members),
      within = moved();
    const now = shareOf(group.members),
      whole = sum(within.map(gwh));
    const room = sum(within.map((p) => gwh(p) * (1 - sum(held.map((b) => state.shares[p][b]))))) / whole;
    const goal = Math.min(Math.max(target, 0), room);
    for (const p of within) {
      const row = state.shares[p],
        mine = sum(group.members.map((b) => row[b]));
      const most = 1 - sum(held.map((b) => row[b]));
      let next =
        goal <= now ? (now > 0 ? (mine * goal) / now : 0) : mine + ((most - mine) * (goal - now)) / (room - now);
      const free = bases.map((_, b) => b).filter((b) => !held.includes(b) && !group.members.includes(b));
      const rest = sum(free.map((b) => row[b]));
      if (!(rest > 0)) {
        const others = free.length && next < most ? split(free, p) : [];
        if (!others.length) next = most;
        free.forEach((b, k) => {
          row[b] = (most - next) * (others[k] ?? 0);
        });
      } else
        free.forEach((b) => {
          row[b] *= (most - next) / rest;
        });
      const inner = mine > 0 ? group.members.map((b) => row[b] / mine) : split(group.members, p);
      group.members.forEach((b, k) => {
        row[b] = next * inner[k];
      });
    }
  }

  // ------------------------------------------------------------------ numbers and words

  const MINUS = "−";
  function number(value) {
    const size = Math.abs(value),
      sign = value < 0 ? MINUS : "";
    if (size === 0) return "0";
    if (size >= 100) return sign + Math.round(size).toLocaleString("en-US");
    if (size >= 1) return sign + size.toFixed(1);
    return sign + String(+size.toPrecision(2));
  }
  const percent = (share, digits = 0) => `${(100 * share).toFixed(digits)}%`;
  function signed(share, digits = 1) {
    const text = (100 * Math.abs(share)).toFixed(digits);
    return +text === 0 ? `${text}%` : `${share < 0 ? MINUS : "+"}${text}%`;
  }
  // Two ends, with what stands behind both said once.
  function span(a, b, text) {
    const ends = [text(Math.min(a, b)), text(Math.max(a, b))];
    if (ends[0] === ends[1]) return ends[0];
    return `${ends[1].endsWith("%") ? ends[0].slice(0, -1) : ends[0]}–${ends[1]}`;
  }
  const clear = (moved) => (moved.low > 0 && moved.value > 0) || (moved.high < 0 && moved.value < 0);

  const memory = new Map();
  function remembered(key, make) {
    if (!memory.has(key)) memory.set(key, make());
    return memory.get(key);
  }

  function computed() {
    const { scenario, year } = state,
      within = inRegion();
    const cells = cellsOf(scenario, year, state.shares, within);
    const base = remembered(`kt ${state.region} ${year}`, () => {
      const theirs = cellsOf(compared, year, sharesOf(compared, year), within);
      return { cells: theirs, kt: kilotonnes(theirs, year), cost: costOf(theirs, year, within) };
    });
    const together = (rows) => pairs.map((_, pair) => sum(rows.map((row) => row[pair])));
    const out = { base, kt: kilotonnes(cells, year), cost: costOf(cells, year, within), lost: null };
    if (playable()) {
      const play = (rows) => lost(years[year], together(rows), state.months, state.event);
      out.lost = play(cells);
      if (model.losses.scenarios.includes(compared)) {
        out.theirs = remembered(`lost ${year} ${state.months} ${state.event}`, () => play(base.cells));
      }
    }
    return out;
  }
  const playable = () =>
    model.losses && model.losses.scenarios.includes(state.scenario) && model.losses.years[years[state.year]];
  const eventsNow = () =>
    playable() ? model.losses.events.filter(([name]) => name in model.losses.years[years[state.year]].events) : [];

  // ------------------------------------------------------------------ the run file

  const TOML_KEY = (key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key));
  const value = (v) =>
    Array.isArray(v) ? `[${v.map(value).join(", ")}]` : typeof v === "string" ? JSON.stringify(v) : String(v);
  function tables(table, path = []) {
    const plain = Object.entries(table).filter(([, v]) => v !== null && (typeof v !== "object" || Array.isArray(v)));
    const inner = Object.entries(table).filter(([, v]) => v !== null && typeof v === "object" && !Array.isArray(v));
    const lines = [];
    if (path.length && (plain.length || !inner.length)) lines.push(`[${path.map(TOML_KEY).join(".")}]`);
    for (const [key, v] of plain) lines.push(`${TOML_KEY(key)} = ${value(v)}`);
    if (lines.length) lines.push("");
    for (const [key, v] of inner) lines.push(...tables(v, [...path, key]));
    return lines;
  }
  const EXPLORED = "explored";
  function runFile() {
    const config = structuredClone(data.config),
      year = String(years[state.year]);
    const mine = structuredClone(config.scenario[state.scenario]);
    mine.label = "Explored";
    for (const p of inRegion()) {
      if (!(gwh(p) > 0)) continue;
      const by = (mine.share[regions[places[p].region]] ??= {});
      by[segments[places[p].use]] = {
        ...by[segments[places[p].use]],
        [year]: Object.fromEntries(bases.map((base, b) => [base, state.shares[p][b]])),
      };
    }
    const scenario = { [compared]: config.scenario[compared] };
    scenario[EXPLORED] = mine;
    config.scenario = scenario;
    config.title = `${config.title}: an explored mix of ${year}`;
    if (config.exposure) config.exposure.stockpile_months = state.months;
    const head = `# A mix of ${year} from the explorer of ${data.run}; years between those given are straight lines.`;
    return [head, ...tables(config)].join("\n");
  }

  // ------------------------------------------------------------------ what is shown

  const root = document.getElementById("explorer-app"),
    $ = (name) => root.querySelector(`[data-part=${name}]`);
  const make = (tag, attributes = {}, ...inner) => {
    const out = document.createElement(tag);
    for (const [key, v] of Object.entries(attributes))
      key === "text" ? (out.textContent = v) : out.setAttribute(key, v);
    out.append(...inner);
    return out;
  };
  const options = (select, list, chosen) => {
    select.replaceChildren(...list.map(([key, label]) => make("option", { value: key, text: label })));
    select.value = String(chosen);
  };

  let sliders = [];
  function drawSliders() {
    const list = groups().map((group) => ({ group, share: shareOf(group.members) }));
    const box = $("sliders");
    sliders = list.map(({ group }, place) => {
      const id = `slider-${place}`;
      const range = make("input", { type: "range", id, min: "0", max: "100", step: "0.5", "data-group": group.name });
      const out = make("output", { for: id, class: "number" });
      const lock = make("input", { type: "checkbox", "aria-label": `Lock ${group.label}` });
      lock.checked = state.locks.has(group.name);
      lock.addEventListener("change", () => {
        lock.checked ? state.locks.add(group.name) : state.locks.delete(group.name);
        show();
        keep();
      });
      range.addEventListener("input", () => {
        move(group, +range.value / 100);
        show(range);
      });
      range.addEventListener("change", () => {
        show();
        keep();
      });
      const line = make(
        "div",
        { class: "slider" },
        make("label", { for: id, text: group.label }),
        range,
        out,
        make("label", { class: "lock" }, lock, " hold"),
      );
      return { group, range, out, line };
    });
    box.replaceChildren(...sliders.map((each) => each.line));
  }

  function cell(text, below, kind, exact) {
    const td = make("td", { class: "number" }, make("span", { text, ...(kind ? { class: kind } : {}) }));
    if (below) td.append(make("span", { class: "span", text: below }));
    if (exact !== undefined) td.setAttribute("data-value", String(exact));
    return td;
  }

  function show(moving) {
    const found = computed(),
      year = years[state.year],
      place = state.region < 0 ? data.place : LABEL("region", regions[state.region]);
    for (const { group, range, out } of sliders) {
      const share = shareOf(group.members);
      if (range !== moving) range.value = String(100 * share);
      range.disabled = state.locks.has(group.name);
      range.setAttribute("aria-valuetext", percent(share, 1));
      out.textContent = percent(share, 1);
      out.setAttribute("data-value", String(share));
    }
    const mine = "This mix",
      theirs = LABEL("scenario", compared);
    const changes = model.minerals.map((_, m) => change(found.base.kt[m], found.kt[m]));
    const total = (families, end) => sum(Object.values(families).map((row) => row[end]));
    const rows = model.minerals.flatMap((name, m) => {
      const [a, b] = [found.base.kt[m], found.kt[m]];
      if (!total(a, 1) && !total(b, 1)) return [];
      const at = changes[m],
        ends = Number.isFinite(at.low) && at.high - at.low >= 0.0005 ? `${signed(at.low)} to ${signed(at.high)}` : "";
      const row = make(
        "tr",
        { "data-mineral": name },
        make("th", { scope: "row", text: LABEL("mineral", name) }),
        ...[a, b].map((families) => {
          const below =
            total(families, 0) < total(families, 2) ? span(total(families, 0), total(families, 2), number) : "";
          return cell(number(total(families, 1)), below, "", total(families, 1));
        }),
        Number.isFinite(at.value)
          ? cell(signed(at.value), ends, clear(at) ? (at.value < 0 ? "fall" : "rise") : "", at.value)
          : cell("new"),
      );
      row.children[2].setAttribute("data-low", String(total(b, 0)));
      row.children[2].setAttribute("data-high", String(total(b, 2)));
      return [row];
    });
    $("kt").replaceChildren(head(["Kilotonnes (kt)", theirs, mine, "change"]), make("tbody", {}, ...rows));
    showLost(found, theirs, mine);
    $("headline").textContent = headline(found, changes, place, year);
    $("changed").textContent = changed()
      ? ""
      : `Now the mix of ${LABEL("scenario", state.scenario)} as the run has it.`;
    $("runfile").value = runFile();
  }
  const changed = () => {
    const before = start();
    return state.shares.some((row, p) => row.some((v, b) => v !== before[p][b]));
  };
  const head = (texts) =>
    make(
      "thead",
      {},
      make(
        "tr",
        {},
        ...texts.map((text, place) => make("th", { scope: "col", text, ...(place ? { class: "number" } : {}) })),
      ),
    );

  function showLost(found, theirs, mine) {
    const rows = [];
    const line = (label, part, whole, key) => {
      const of = (list) => {
        if (!list) return cell("not computed");
        const at = list[0],
          ends = list.map((each) => each[part]),
          [low, high] = [Math.min(...ends), Math.max(...ends)];
        const out = cell(
          span(low / (at[whole] || 1), high / (at[whole] || 1), percent),
          `${span(low, high, number)} of ${number(at[whole])} GWh`,
          "strong",
          at[part],
        );
        ENDS.forEach((end, place) => out.setAttribute(`data-${end}`, String((list[place] ?? at)[part])));
        return out;
      };
      rows.push(
        make("tr", { "data-lost": key }, make("th", { scope: "row", text: label }), of(found.theirs), of(found.lost)),
      );
    };
    if (found.lost) {
      line("Batteries that cannot be had", "supply", "planned", "supply");
      line("Own cells that cannot be made", "industry", "made", "industry");
    }
    if (found.cost) {
      const row = make(
        "tr",
        { "data-lost": "cost" },
        make("th", { scope: "row", text: "Cost of the batteries at central prices, billion USD of 2025" }),
        cell(number(found.base.cost / 1000), "", "", found.base.cost),
        cell(number(found.cost / 1000), `${signed(found.cost / found.base.cost - 1)}`, "", found.cost),
      );
      rows.push(row);
    }
    $("losses").hidden = !rows.length;
    $("lost").replaceChildren(head([found.lost ? "Share of the plan" : "", theirs, mine]), make("tbody", {}, ...rows));
    $("threats").hidden = !playable();
    $("why").textContent = playable()
      ? ""
      : model.losses
        ? "What is lost is computed of scenarios without given makers and plants."
        : model.why;
  }

  function headline(found, changes, place, year) {
    if (data.whole && state.region >= 0)
      return `What ${place} alone would need is not a finding of this run: read all regions together.`;
    const theirs = LABEL("scenario", compared),
      told = [],
      open = [];
    for (const name of ["graphite", "cobalt", "nickel", "lithium"]) {
      const m = model.minerals.indexOf(name),
        at = changes[m];
      if (m < 0 || !Number.isFinite(at.value)) continue;
      const what = LABEL("mineral", name).toLowerCase();
      if (at.value === 0 && at.low === 0 && at.high === 0) continue;
      if (clear(at) && Math.abs(at.value) >= 0.005)
        told.push(`${percent(Math.abs(at.value))} ${at.value < 0 ? "less" : "more"} ${what}`);
      else open.push(`${what} (${signed(at.low, 0)} to ${signed(at.high, 0)})`);
    }
    const list = (items) => (items.length > 1 ? `${items.slice(0, -1).join(", ")} and ${items.at(-1)}` : items[0]);
    const same = state.scenario === compared && !changed();
    let text = same
      ? `This is the mix of ${theirs} in ${year}; move a share to see what changes`
      : told.length
        ? `With this mix ${place} would need ${list(told)} in ${year} than in ${theirs}`
        : `With this mix no need of ${place} in ${year} moves clearly against ${theirs}`;
    text += open.length && !same ? `; ${list(open)} may go either way.` : ".";
    if (found.lost && state.event) {
      const label = model.losses.events.find(([name]) => name === state.event)[1];
      const ends = (rows) =>
        span(
          ...[Math.min, Math.max].map((pick) => pick(...rows.map((each) => each.supply)) / (rows[0].planned || 1)),
          percent,
        );
      const against = found.theirs ? `, against ${ends(found.theirs)} under ${theirs}` : "";
      const stocked = state.months ? ` with stock for ${state.months} month${state.months === 1 ? "" : "s"}` : "";
      text += ` If ${label} for twelve months, ${ends(found.lost)} of the batteries would be lost`;
      text += ` (low to high severity)${stocked}${against}.`;
    }
    return text;
  }

  // ------------------------------------------------------------------ state in the address

  function keep() {
    const before = start(),
      shares = {};
    state.shares.forEach((row, p) => {
      if (row.every((v, b) => v === before[p][b])) return;
      (shares[regions[places[p].region]] ??= {})[segments[places[p].use]] = Object.fromEntries(
        row.flatMap((v, b) => (v ? [[bases[b], v]] : [])),
      );
    });
    const kept = {
      scenario: state.scenario,
      region: regions[state.region] ?? "",
      year: years[state.year],
      event: state.event,
      months: state.months,
      by: state.by,
      use: segments[state.use] ?? "",
      locks: [...state.locks],
      shares,
    };
    try {
      history.replaceState(null, "", `#mix=${encodeURIComponent(JSON.stringify(kept))}`);
    } catch {
      /* a page that may not change its address still computes */
    }
  }

  // What an address holds is taken only where it is of this run, and as numbers that sum to one.
  function restore() {
    reset();
    if (!location.hash.startsWith("#mix=")) return false;
    try {
      const kept = JSON.parse(decodeURIComponent(location.hash.slice(5)));
      if (model.scenarios.includes(kept.scenario)) state.scenario = kept.scenario;
      state.region = regions.length > 1 ? regions.indexOf(kept.region) : 0;
      if (years.includes(kept.year)) state.year = years.indexOf(kept.year);
      state.by = kept.by === "chemistry" ? "chemistry" : "family";
      state.use = segments.indexOf(kept.use);
      state.months = Number.isFinite(kept.months) ? Math.min(Math.max(kept.months, 0), 24) : 0;
      reset();
      if (eventsNow().some(([name]) => name === kept.event)) state.event = kept.event;
      const names = groups().map((group) => group.name);
      state.locks = new Set((kept.locks ?? []).filter((name) => names.includes(name)));
      for (const [p, { region, use }] of places.entries()) {
        const row = kept.shares?.[regions[region]]?.[segments[use]];
        if (!row) continue;
        const shares = bases.map((base) => (Object.hasOwn(row, base) ? row[base] : 0));
        if (shares.every((v) => typeof v === "number" && v >= 0 && v <= 1) && Math.abs(sum(shares) - 1) < 1e-9)
          state.shares[p] = shares;
      }
    } catch {
      reset();
    }
    return true;
  }

  function reset() {
    state.shares = start();
    const events = eventsNow();
    if (!events.some(([name]) => name === state.event)) {
      // The one that takes most of the compared scenario, but for stops of the whole chain.
      const single = events.filter(([name]) => !name.endsWith("-all"));
      state.event = (single.find(([name]) => name === data.first) ?? single[0] ?? events[0] ?? [""])[0];
    }
  }

  // ------------------------------------------------------------------ the controls

  function controls() {
    options(
      $("scenario"),
      model.scenarios.map((name) => [name, LABEL("scenario", name)]),
      state.scenario,
    );
    options($("region"), [[-1, "All regions"], ...regions.map((name, place) => [place, name])], state.region);
    $("region").parentElement.hidden = regions.length < 2;
    options(
      $("year"),
      years.map((year, place) => [place, year]),
      state.year,
    );
    options($("use"), [[-1, "All uses"], ...segments.map((name, place) => [place, LABEL("segment", name)])], state.use);
    options(
      $("by"),
      [
        ["family", "families"],
        ["chemistry", "chemistries"],
      ],
      state.by,
    );
    options(
      $("event"),
      eventsNow().map(([name, label, status]) => [name, label + (status === "in_force" ? "" : "*")]),
      state.event,
    );
    $("months").value = String(state.months);
    $("months-out").textContent = `${state.months} months`;
  }
  const again = () => {
    controls();
    drawSliders();
    show();
  };
  const on = (name, kind, act) => $(name).addEventListener(kind, act);
  on("scenario", "change", (event) => {
    state.scenario = event.target.value;
    reset();
    again();
    keep();
  });
  on("region", "change", (event) => {
    state.region = +event.target.value;
    again();
    keep();
  });
  on("year", "change", (event) => {
    state.year = +event.target.value;
    reset();
    again();
    keep();
  });
  on("use", "change", (event) => {
    state.use = +event.target.value;
    again();
    keep();
  });
  on("by", "change", (event) => {
    state.by = event.target.value;
    state.locks.clear();
    again();
    keep();
  });
  on("event", "change", (event) => {
    state.event = event.target.value;
    show();
    keep();
  });
  on("months", "input", (event) => {
    state.months = +event.target.value;
    $("months-out").textContent = `${state.months} months`;
    show();
  });
  on("months", "change", keep);
  on("reset", "click", () => {
    state.locks.clear();
    reset();
    again();
    keep();
  });
  on("copy", "click", async () => {
    const box = $("runfile");
    let copied = true;
    try {
      await navigator.clipboard.writeText(runFile());
    } catch {
      box.closest("details").open = true;
      box.focus();
      box.select();
      copied = document.execCommand("copy");
    }
    $("copied").textContent = copied
      ? "Copied. Save it as explored.toml, then: minerals run explored.toml"
      : "Copy the text below and save it as explored.toml, then: minerals run explored.toml";
  });
  on("save", "click", () => {
    const link = make("a", {
      href: URL.createObjectURL(new Blob([runFile()], { type: "application/toml" })),
      download: "explored.toml",
    });
    link.click();
    URL.revokeObjectURL(link.href);
  });
  addEventListener("hashchange", () => {
    if (restore()) again();
  });

  restore();
  again();
  root.hidden = false;
})();
