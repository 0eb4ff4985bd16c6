"use strict";
// The charts, by Observable Plot. Colours are the page's own variables, so that dark, light and paper
// need no second drawing.

const water = "var(--water)", water2 = "var(--water-2)", warm = "var(--warm)", soft = "var(--soft)", rule = "var(--rule)";
const narrow = (width) => width < 520;

// Plot's defaults with the room our labels need.
function draw(width, options) {
  return Plot.plot({
    width, marginLeft: 52, marginRight: 16, marginTop: 22, marginBottom: 32,
    style: {background: "none", color: "var(--ink)"},
    ...options,
    x: {tickSize: 0, ...options.x},
    y: {tickSize: 0, ...options.y},
  });
}

const secondsAxis = (data, width) => ({
  label: "seconds", labelArrow: "none", labelAnchor: "right", domain: [0, data.total.seconds], ticks: narrow(width) ? 5 : 10,
});
const grid = (ticks) => Plot.gridY({ticks, stroke: rule, strokeOpacity: 1});
const floor = Plot.ruleY([0], {stroke: soft, strokeOpacity: .6});

// Spikes behind everything else, named where there is room.
function spikes(data, width) {
  const marked = data.phases.filter((phase) => phase.kind === "spike");
  return [
    Plot.rect(marked, {x1: "from_s", x2: "to_s", fill: warm, fillOpacity: .12}),
    narrow(width) ? null : Plot.text(marked, {
      x: (d) => (d.from_s + d.to_s) / 2, frameAnchor: "top", dy: -14, fill: warm,
      text: (d) => `spike: ${number(d.offered_rate)}/s offered`,
    }),
  ];
}

function rowsOf(series, ...columns) {
  return (series.at_s ?? []).map((at, i) => ({
    at, middle: at + (series.step_s ?? 0) / 2,
    ...Object.fromEntries(columns.map((column) => [column, series[column][i]])),
  }));
}

// A logarithmic axis around all values, with ticks at 1, 2 and 5 of each power of ten, or at 1 alone where
// that would be crowded.
function logarithmic(values, label) {
  const low = Math.floor(Math.log10(d3.min(values))), high = Math.ceil(Math.log10(d3.max(values)));
  const steps = high - low > 2 ? [1] : [1, 2, 5];
  const all = d3.range(low, high + 1).flatMap((power) => steps.map((step) => step * 10 ** power));
  const from = d3.max(all.filter((tick) => tick <= d3.min(values)));
  const to = d3.min(all.filter((tick) => tick >= d3.max(values))) ?? 10 ** high;
  const ticks = all.filter((tick) => tick >= from && tick <= to);
  return {type: "log", domain: [from, to], ticks, tickFormat: (tick) => String(Number(tick.toPrecision(1))), label, labelArrow: "none"};
}

const compact = (value) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${value / 1000}k` : String(value));

function throughputChart(data, width) {
  const rows = rowsOf(data.series, "throughput");
  return draw(width, {
    height: narrow(width) ? 190 : 240,
    ariaLabel: "throughput over time",
    x: secondsAxis(data, width),
    y: {label: "transactions/s", labelArrow: "none", zero: true, ticks: 4},
    marks: [
      grid(4), spikes(data, width),
      Plot.areaY(rows, {x: "middle", y: "throughput", fill: water, fillOpacity: .16, curve: "monotone-x"}),
      Plot.lineY(rows, {x: "middle", y: "throughput", stroke: water, strokeWidth: 1.8, curve: "monotone-x"}),
      floor,
      Plot.tip(rows, Plot.pointerX({x: "middle", y: "throughput", title: (d) => `${number(d.at)} s\n${number(d.throughput)} transactions/s`})),
    ],
  });
}

const percentiles = [["p50_ms", "p50", water], ["p95_ms", "p95", water2], ["p99_ms", "p99", warm]];

function latencyChart(data, width) {
  const rows = rowsOf(data.series, "p50_ms", "p95_ms", "p99_ms").filter((row) => row.p50_ms > 0);
  const axis = logarithmic(rows.flatMap((row) => [row.p50_ms, row.p99_ms]), "ms, logarithmic");
  return draw(width, {
    height: narrow(width) ? 220 : 270,
    ariaLabel: "latency over time",
    x: secondsAxis(data, width),
    y: axis,
    marks: [
      grid(axis.ticks), spikes(data, width),
      percentiles.map(([column, , colour]) =>
        Plot.lineY(rows, {x: "middle", y: column, stroke: colour, strokeWidth: 1.8, curve: "monotone-x"})),
      Plot.tip(rows, Plot.pointerX({x: "middle", y: "p95_ms", title: (d) => `${number(d.at)} s\np50 ${number(d.p50_ms)} ms\np95 ${number(d.p95_ms)} ms\np99 ${number(d.p99_ms)} ms`})),
    ],
  });
}

// Every transaction: time runs to the right, latency upwards, and the darker a cell the more there are.
function heatChart(data, width) {
  const {bounds_ms: bounds, counts} = data.heat_map;
  const step = data.series.step_s;
  const cells = counts.flatMap((row, i) => row.map((count, j) => ({
    count, from: i * step, to: Math.min((i + 1) * step, data.total.seconds), low: bounds[j], high: bounds[j + 1],
  }))).filter((cell) => cell.count > 0);
  return draw(width, {
    height: narrow(width) ? 220 : 270,
    ariaLabel: "heat map of latencies",
    x: secondsAxis(data, width),
    y: logarithmic(cells.flatMap((cell) => [cell.low, cell.high]), "ms, logarithmic"),
    opacity: {type: "sqrt", range: [.07, 1]},
    marks: [
      Plot.rect(cells, {x1: "from", x2: "to", y1: "low", y2: "high", fill: water, fillOpacity: "count", inset: width / counts.length > 8 ? .25 : 0,
        title: (d) => `${number(d.count)} transactions of ${number(d.low)} to ${number(d.high)} ms\nat ${number(d.from)} s`}),
    ],
  });
}

function lagChart(data, width) {
  const rows = rowsOf(data.series, "lag_ms");
  return draw(width, {
    height: 150,
    ariaLabel: "schedule lag over time",
    x: secondsAxis(data, width),
    y: {label: "ms late", labelArrow: "none", zero: true, ticks: 4},
    marks: [
      grid(4), spikes(data, width),
      Plot.areaY(rows, {x: "middle", y: "lag_ms", fill: warm, fillOpacity: .2, curve: "step"}),
      Plot.lineY(rows, {x: "middle", y: "lag_ms", stroke: warm, strokeWidth: 1.5, curve: "step"}),
      floor,
    ],
  });
}

function clientsChart(data, width) {
  const rows = data.phases.flatMap((phase) => [{at: phase.from_s, clients: phase.clients}, {at: phase.to_s, clients: phase.clients}]);
  return draw(width, {
    height: 120,
    ariaLabel: "clients over time",
    x: secondsAxis(data, width),
    y: {label: "clients", labelArrow: "none", zero: true, ticks: 3},
    marks: [grid(3), Plot.lineY(rows, {x: "at", y: "clients", stroke: water, strokeWidth: 1.8}), floor],
  });
}

const shortest = (tenants, most) => tenants.slice(0, most);

function tenantLoadChart(data, width, most) {
  return draw(width, {
    height: 40 + 17 * Math.min(most, data.tenants.length),
    marginLeft: 132, marginTop: 8,
    ariaLabel: "statements by tenant",
    x: {label: "statements", labelArrow: "none", ticks: 4},
    y: {label: null, domain: shortest(data.tenants, most).map((d) => d.tenant),
      tickFormat: (d) => `${d.replace("tenant ", "")} \u00b7 ${data.tenants.find((t) => t.tenant === d).persona}`},
    marks: [
      Plot.barX(shortest(data.tenants, most), {y: "tenant", x: "calls", fill: water, fillOpacity: .75, insetTop: 2, insetBottom: 2}),
      Plot.ruleX([0], {stroke: soft}),
    ],
  });
}

function tenantLatencyChart(data, width, most) {
  const tenants = shortest(data.tenants, most);
  const axis = logarithmic(tenants.flatMap((tenant) => [tenant.p50_ms, tenant.p99_ms]), "ms in the server, logarithmic");
  return draw(width, {
    height: 40 + 17 * tenants.length,
    marginLeft: 132, marginTop: 8,
    ariaLabel: "latency by tenant",
    x: axis,
    y: {label: null, domain: tenants.map((d) => d.tenant),
      tickFormat: (d) => `${d.replace("tenant ", "")} \u00b7 ${data.tenants.find((t) => t.tenant === d).persona}`},
    marks: [
      Plot.gridX({ticks: axis.ticks, stroke: rule, strokeOpacity: 1}),
      Plot.ruleY(tenants, {y: "tenant", x1: "p50_ms", x2: "p99_ms", stroke: soft, strokeOpacity: .5}),
      percentiles.map(([column, , colour]) => Plot.dot(tenants, {y: "tenant", x: column, fill: colour, r: 3.4})),
    ],
  });
}

function ringChart(data, width) {
  const rows = rowsOf(data.ring, "in_ring");
  return draw(width, {
    height: 150,
    ariaLabel: "records waiting in the ring",
    x: secondsAxis(data, width),
    y: {label: "records waiting", labelArrow: "none", zero: true, ticks: 4},
    marks: [
      grid(4), spikes(data, width),
      Plot.areaY(rows, {x: "at", y: "in_ring", fill: water, fillOpacity: .16, curve: "step-after"}),
      Plot.lineY(rows, {x: "at", y: "in_ring", stroke: water, strokeWidth: 1.5, curve: "step-after"}),
      floor,
    ],
  });
}

function recordsChart(data, width) {
  const rows = rowsOf(data.ring, "captured", "flushed");
  const last = rows.slice(-1);
  return draw(width, {
    height: 150, marginRight: 62,
    ariaLabel: "statements captured and flushed",
    x: secondsAxis(data, width),
    y: {label: "statements", labelArrow: "none", zero: true, ticks: 4, tickFormat: compact},
    marks: [
      grid(4), spikes(data, width),
      Plot.lineY(rows, {x: "at", y: "captured", stroke: warm, strokeWidth: 1.5}),
      Plot.lineY(rows, {x: "at", y: "flushed", stroke: water, strokeWidth: 1.5}),
      Plot.text(last, {x: "at", y: "captured", text: ["captured"], fill: warm, textAnchor: "start", dx: 6, dy: -5}),
      Plot.text(last, {x: "at", y: "flushed", text: ["flushed"], fill: water, textAnchor: "start", dx: 6, dy: 7}),
      floor,
    ],
  });
}

// One dot for each pair; the band is where the middle lies.
function pairsChart(data, width) {
  const {pairs, throughput_percent: change} = data.overhead;
  return draw(width, {
    height: 200, marginBottom: 36,
    ariaLabel: "change of throughput in each pair",
    x: {label: "pair", labelArrow: "none", ticks: Math.min(10, pairs.length), tickFormat: "d"},
    y: {label: "% more or less with capture on", labelArrow: "none", ticks: 5},
    marks: [
      grid(5),
      Plot.rect([change], {y1: "low", y2: "high", fill: water, fillOpacity: .16}),
      Plot.ruleY([change], {y: "middle", stroke: water, strokeWidth: 1.8}),
      Plot.ruleY([0], {stroke: soft}),
      Plot.dot(pairs, {x: (d, i) => i + 1, y: "change_percent", fill: "var(--ink)", r: 3}),
    ],
  });
}

function connectionsChart(data, width) {
  return draw(width, {
    height: 150, marginLeft: 116, marginTop: 8, marginRight: 64,
    ariaLabel: "operations a second by how long a connection is kept",
    x: {label: "operations/s", labelArrow: "none", ticks: 4},
    y: {label: null, domain: data.connections.ways.map((d) => d.connection_for)},
    marks: [
      Plot.barX(data.connections.ways, {y: "connection_for", x: "operations_per_s", fill: water, fillOpacity: .75, insetTop: 5, insetBottom: 5}),
      Plot.text(data.connections.ways, {y: "connection_for", x: "operations_per_s", text: (d) => number(Math.round(d.operations_per_s)), textAnchor: "start", dx: 6}),
      Plot.ruleX([0], {stroke: soft}),
    ],
  });
}
