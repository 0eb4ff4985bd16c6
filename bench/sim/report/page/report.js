"use strict";
// The page, section by section.

const data = JSON.parse(document.getElementById("data").textContent);
const setup = data.configuration;
const charts = [];
const mostTenants = 20;

// A chart is drawn when its place has a width, and again when that changes.
function chart(title, aside, make, key = null) {
  const place = element("div", {class: "chart"});
  charts.push({place, make, width: 0});
  return element("figure", {}, element("p", {class: "title"}, title, aside ? element("span", {}, ` \u2014 ${aside}`) : null), key, place);
}

function drawCharts() {
  for (const one of charts) {
    const width = Math.floor(one.place.clientWidth);
    if (width === 0 || width === one.width) continue;
    one.width = width;
    one.place.replaceChildren(one.make(data, width));
  }
}

function section(title, text, ...content) {
  return element("section", {}, element("h2", {}, title), text ? element("p", {}, text) : null, ...content);
}

const bold = (...content) => element("b", {}, ...content);

function headline() {
  const names = {burst: "as fast as it goes", production: "at a steady rate, with spikes", ramp: "with more and more clients", overhead: "with capture off and on", connections: "with connections kept or not"};
  const size = setup.scenario[0].toUpperCase() + setup.scenario.slice(1);
  return `${size} company, ${names[setup.mode]}`;
}

function opening() {
  const total = data.total, records = data.records;
  const lost = records.dropped === 0 ? ["none was lost"] : [figure(data, "records.dropped"), " were lost"];
  return element("header", {},
    element("p", {class: "kicker"}, "pg_weir simulation"),
    element("h1", {}, headline()),
    element("p", {class: "lead"},
      bold(plural(setup.tenants, "tenant")), " did ", bold(figure(data, "total.operations")), " operations in ",
      bold(figure(data, "total.seconds"), "\u00a0s"), ". Half were answered within ", bold(figure(data, "total.p50_ms"), "\u00a0ms"),
      ", 99 of 100 within ", bold(figure(data, "total.p99_ms"), "\u00a0ms"), ". Of ", bold(figure(data, "records.captured")),
      " statements that pg_weir saw, ", bold(...lost), "."),
    data.interrupted ? element("p", {class: "notice"}, "This run was interrupted: the report is of what ran until then, and the last transactions of each client may be missing from it.") : null,
    data.errors.length > 0 ? element("p", {class: "notice"}, `pgbench said: ${data.errors.join("; ")}`) : null,
    keyFigures());
}

function keyFigures() {
  const entries = [["throughput", figure(data, "total.throughput", "/s")], ["median", figure(data, "total.p50_ms", "ms")],
    ["p95", figure(data, "total.p95_ms", "ms")], ["p99", figure(data, "total.p99_ms", "ms")],
    ["failed", figure(data, "total.failed")], ["captured", figure(data, "records.captured")],
    ["dropped", figure(data, "records.dropped")]];
  return element("dl", {class: "figures"}, entries.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

function overTime() {
  const spiky = data.phases.some((phase) => phase.kind === "spike");
  return section("Over time", spiky ? "Transactions arrive at random, at a steady rate; in the shaded stretches several times as many." : null,
    setup.mode === "ramp" ? chart("Clients", null, clientsChart) : null,
    chart("Throughput", "what was done in each step of time", throughputChart),
    chart("Latency", setup.rate ? "as clients saw it, from when a transaction was due" : "as clients saw it", latencyChart, percentilesKey()),
    chart("Every transaction", "the darker a cell, the more of them took that long", heatChart),
    data.phases.some((phase) => phase.lag_max_ms > 0) ? chart("Schedule lag", "how late transactions began, on average", lagChart) : null);
}

function phases() {
  if (data.phases.length < 2 || data.overhead || data.connections) return null;
  return section(setup.mode === "ramp" ? "Step by step" : "Before, during and after", null, phasesTable(data));
}

function interval(path, show, unit) {
  const part = lookUp(data, path);
  return [figure(data, `${path}.middle`, "", show), unit, element("small", {}, part.confidence > 0
    ? `${show(part.low)} to ${show(part.high)}${unit}, ${(part.confidence * 100).toFixed(1)}\u202f% confidence` : "too few pairs for an interval")];
}

function overhead() {
  if (!data.overhead) return null;
  const added = [["added_avg_us", "mean"], ["added_p50_us", "median"], ["added_p95_us", "p95"], ["added_p99_us", "p99"]];
  return section("What capture costs", `The same operations with capture off and on, ${plural(data.overhead.pairs.length, "pair")} of runs that alternate. The figure is the Hodges\u2013Lehmann middle of the pairs; the interval inverts Wilcoxon\u2019s signed-rank test.`,
    element("p", {class: "big"}, interval("overhead.throughput_percent", (value) => signed(value), "\u202f%")),
    element("p", {class: "note"}, data.overhead.offered_rate > 0
      ? `change of throughput with capture on, at ${number(data.overhead.offered_rate)} transactions offered a second: what is offered decides it, so look at latency`
      : "change of throughput with capture on"),
    data.overhead.server_cpu_percent ? element("p", {class: "big"}, interval("overhead.server_cpu_percent", (value) => signed(value), "\u202f%")) : null,
    data.overhead.server_cpu_percent ? element("p", {class: "note"}, "change of the server\u2019s CPU time for the same operations, the flush worker\u2019s included: the steadier figure on a machine that others use") : null,
    chart("Pair by pair", "the band is where the middle lies", pairsChart),
    table(added, [
      {head: "added latency", cell: ([, label]) => label},
      {head: "\u00b5s", n: true, cell: ([name]) => figure(data, `overhead.${name}.middle`, "", (v) => signed(v, 1))},
      {head: "from", n: true, cell: ([name]) => figure(data, `overhead.${name}.low`, "", (v) => signed(v, 1))},
      {head: "to", n: true, cell: ([name]) => figure(data, `overhead.${name}.high`, "", (v) => signed(v, 1))},
    ]));
}

function connections() {
  if (!data.connections) return null;
  return section("Connections", `The same operations by ${plural(data.connections.clients, "client")}, with a new connection for each, for fifty, or kept open.`,
    chart("A connection for", null, connectionsChart),
    table(data.connections.ways, [
      {head: "a connection for", cell: (row) => row.connection_for},
      ...columnsOf(data, "connections.ways", [["operations_per_s", "operations/s"], ["rounds", "rounds"]]),
      {head: "times as many", n: true, cell: (row, i) => figure(data, `connections.ways.${i}.gain.middle`)},
      {head: "from", n: true, cell: (row, i) => figure(data, `connections.ways.${i}.gain.low`)},
      {head: "to", n: true, cell: (row, i) => figure(data, `connections.ways.${i}.gain.high`)},
    ]));
}

function operations() {
  if (!data.operations) return null;
  return section("Operation by operation", "As clients saw them: each names its tenant first, then asks.", operationsTable(data));
}

function tenants() {
  if (data.tenants.length === 0) return null;
  const shown = Math.min(mostTenants, data.tenants.length);
  return section("Tenant by tenant", [`What the server spent on each, from weir.query_stats; ${shown < data.tenants.length ? `the ${shown} that took most time, of ${data.tenants.length}` : "most time first"}. `,
    "Jain\u2019s index is 1 when all fare alike: ", bold(figure(data, "fairness.speed", "", (v) => v.toFixed(3))), " of speed, ",
    bold(figure(data, "fairness.load", "", (v) => v.toFixed(3))), " of load, which Zipf\u2019s law skews on purpose."],
    element("div", {class: "pair"},
      chart("Statements", null, (d, width) => tenantLoadChart(d, width, mostTenants), element("p", {class: "key"}, "in the order of their total time")),
      chart("Time of a statement", null, (d, width) => tenantLatencyChart(d, width, mostTenants), percentilesKey())));
}

function percentilesKey() {
  return element("p", {class: "key"}, percentiles.map(([, name, colour]) => element("span", {}, element("i", {style: `background: ${colour}`}), name)));
}

function log() {
  const perWrite = data.records.flushes > 0 ? Math.round(data.records.flushed / data.records.flushes) : 0;
  return section("What pg_weir recorded", [data.records.balanced ? "The books balance: captured = flushed + in the ring + folded, waiting + dropped. " : "The books do not balance. ",
    `Each write took ${plural(perWrite, "statement")}, and the ring has room for ${plural(data.records.capacity, "record")}.`],
    element("div", {class: "pair"}, chart("The ring", "records waiting to be written", ringChart), chart("Captured and flushed", null, recordsChart)),
    recordsTable(data));
}

function cpu() {
  if (data.cpu.worker_share === undefined) return null;
  const entries = [["flush worker, of all CPUs", figure(data, "cpu.worker_share", "", (v) => percent(v, 2))],
    ["flush worker, seconds", figure(data, "cpu.worker_s")], ["flush worker, private memory", figure(data, "cpu.worker_private_mb", " MB")]];
  if (data.cpu.capture_ns) {
    entries.push(["capture, ns a statement", figure(data, "cpu.capture_ns.middle", "", (v) => number(Math.round(v)))],
      ["\u2026 from", figure(data, "cpu.capture_ns.low", "", (v) => number(Math.round(v)))],
      ["\u2026 to", figure(data, "cpu.capture_ns.high", "", (v) => number(Math.round(v)))],
      ["capture, of all CPUs", figure(data, "cpu.capture_share", "", (v) => percent(v, 2))],
      ["together", figure(data, "cpu.share", "", (v) => percent(v, 2))]);
  }
  return section("CPU and memory", data.cpu.capture_ns ? "What capture takes of a session is measured before the load, in one session, with capture switched off and on by turns; times the statements of this run that is its share." : null,
    element("dl", {class: "list"}, entries.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)))));
}

function questions() {
  return [
    section("Where the time went", "The queries that took most of it, from weir.query_stats and weir.query_texts.", queriesTable(data)),
    section("Which columns are asked for", "The first column that each statement restricts.", fieldsTable(data)),
  ];
}

function continuous() {
  if (!data.continuous) return null;
  const cell = (value) => (typeof value === "number" ? number(value) : value === null ? "\u2013" : String(value).replace("T", " "));
  const one = (query, index) => {
    if (query.error) return [element("h3", {}, query.name), element("p", {class: "note"}, `Not available here: ${query.error}`)];
    const columns = Object.keys(query.rows[0] ?? {});
    return [element("h3", {}, query.name),
      element("p", {class: "note"}, figure(data, `continuous.${index}.groups`), " groups, of which ", figure(data, `continuous.${index}.differences`),
        " differ from the query run over all rows. The first:"),
      table(query.rows, columns.map((name) => ({head: name.replace("_", " "), n: typeof query.rows[0][name] === "number", cell: (row) => cell(row[name])})))];
  };
  return section("Continuous queries", "Kept up to date by pg_weir while the load ran, and compared with a recomputation at its end.", data.continuous.flatMap(one));
}

function targets() {
  return section("Targets", "Published figures for such a load, and this run beside them.", targetsTable(data));
}

function circumstances() {
  const seeding = data.seeding;
  const facts = {...data.machine, seeding: seeding.reused ? "rows were there already" : `${number(seeding.rows)} rows in ${number(seeding.seconds)} s`};
  return section("Circumstances", null,
    element("details", {open: ""}, element("summary", {}, "Machine"), list(facts)),
    element("details", {}, element("summary", {}, "Simulation"), list(setup)),
    element("details", {}, element("summary", {}, "Server settings"), list(data.settings)));
}

function closing() {
  const options = [`--scenario ${setup.scenario}`, `--mode ${setup.mode}`, `--mix ${setup.mix}`, `--writes ${setup.writes}`,
    setup.scale !== 1 ? `--scale ${setup.scale}` : null, `--clients ${setup.clients}`, setup.rate ? `--rate ${setup.rate}` : null,
    setup.duration_s ? `--duration ${setup.duration_s}` : null, `--seed ${setup.seed}`, setup.embedded ? "--embedded" : null];
  return element("footer", {},
    element("p", {}, `${data.started} to ${data.finished}. Ledger `, element("code", {"data-figure": "ledger.hash", "data-value": data.ledger.hash}, data.ledger.hash), `, of what was ${data.ledger.of}.`),
    element("p", {}, "Again: ", element("code", {}, `weirsim run ${options.filter(Boolean).join(" ")}`)),
    element("p", {}, "Charts by Observable Plot and D3, in this file under their own licence (ISC)."));
}

const report = document.getElementById("report");
document.title = `${headline()} \u2014 pg_weir`;
report.replaceChildren(...[opening(), overhead(), connections(), overTime(), phases(), operations(), tenants(), log(), cpu(),
  ...questions(), continuous(), targets(), circumstances(), closing()].filter(Boolean));
drawCharts();
new ResizeObserver(drawCharts).observe(report);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
