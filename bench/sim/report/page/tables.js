"use strict";
// Tables. A column is {head, cell(row, index), n: right-aligned, kind: a class}.

function table(rows, columns, rowClass = () => null) {
  const classes = (column) => [column.n ? "n" : null, column.kind].filter(Boolean).join(" ") || null;
  return element("div", {class: "scroll"}, element("table", {},
    element("thead", {}, element("tr", {}, columns.map((column) => element("th", {class: classes(column)}, column.head)))),
    element("tbody", {}, rows.map((row, index) => element("tr", {class: rowClass(row)},
      columns.map((column) => element("td", {class: classes(column)}, column.cell(row, index))))))));
}

const shareBar = (share) => element("span", {class: "bar", style: `width: ${(share * 100).toFixed(1)}%`});

// Columns of figures found at `path`.INDEX.name of the data.
function columnsOf(data, path, list) {
  return list.map(([name, head, show]) => ({head, n: true, cell: (row, index) => figure(data, `${path}.${index}.${name}`, "", show)}));
}

const latencies = [["p50_ms", "p50 ms"], ["p95_ms", "p95 ms"], ["p99_ms", "p99 ms"]];

function phasesTable(data) {
  const offered = data.phases.some((phase) => phase.offered_rate > 0);
  const late = data.phases.some((phase) => phase.lag_max_ms > 0);
  return table(data.phases, [
    {head: "", kind: "name", cell: (row) => row.name},
    ...columnsOf(data, "phases", [["clients", "clients"]]),
    ...(offered ? columnsOf(data, "phases", [["offered_rate", "offered/s"]]) : []),
    ...columnsOf(data, "phases", [["throughput", "done/s"], ...latencies, ["max_ms", "max ms"]]),
    ...(late ? columnsOf(data, "phases", [["lag_avg_ms", "lag, mean ms"], ["lag_max_ms", "lag, most ms"]]) : []),
  ], (row) => (row.kind === "spike" ? "spike" : null));
}

function operationsTable(data) {
  const all = d3.sum(data.operations, (row) => row.transactions);
  return table(data.operations, [
    {head: "", kind: "name", cell: (row) => row.name.replace("_", " \u00b7 ").toUpperCase().replace(/\u00b7.*/, (rest) => rest.toLowerCase())},
    {head: "", kind: "share", cell: (row) => shareBar(row.transactions / Math.max(all, 1))},
    ...columnsOf(data, "operations", [["transactions", "transactions"], ["avg_ms", "mean ms"], ...latencies, ["max_ms", "max ms"]]),
  ]);
}

function queriesTable(data) {
  const all = d3.max(data.queries, (row) => row.total_ms) || 1;
  return table(data.queries, [
    {head: "query", kind: "query", cell: (row) => row.query ?? row.type},
    {head: "", kind: "share", cell: (row) => shareBar(row.total_ms / all)},
    ...columnsOf(data, "queries", [["total_ms", "total ms", (ms) => number(Math.round(ms))], ["calls", "calls"], ["avg_ms", "mean ms"], ["p95_ms", "p95 ms"], ["p99_ms", "p99 ms"], ["rows", "rows"], ["blocks", "blocks"]]),
  ]);
}

function fieldsTable(data) {
  return table(data.fields, [
    {head: "table", kind: "name", cell: (row) => row.table.replace("weirsim.", "")},
    {head: "column", kind: "name", cell: (row) => row.field ?? element("span", {class: "none"}, "none")},
    {head: "", kind: "name", cell: (row) => row.type},
    ...columnsOf(data, "fields", [["calls", "calls"], ["tenants", "tenants"], ["avg_ms", "mean ms"], ["p95_ms", "p95 ms"], ["total_ms", "total ms", (ms) => number(Math.round(ms))]]),
  ]);
}

function recordsTable(data) {
  const names = [["captured", "captured"], ["flushed", "flushed"], ["in_ring", "in the ring"], ["folded_pending", "folded, waiting"], ["dropped", "dropped"], ["folded", "folded ever"], ["flushes", "writes"], ["flush_errors", "failed writes"]];
  return element("dl", {class: "list"}, names.map(([name, label]) =>
    element("div", {}, element("dt", {}, label), element("dd", {}, figure(data, `records.${name}`)))));
}

function targetsTable(data) {
  const unit = (text) => (text === "us" ? "\u00b5s" : text);
  const verdict = (row) => (row.met === null ? element("span", {class: "none"}, "not measured in this mode")
    : row.met ? element("span", {class: "met"}, "met") : element("span", {class: "missed"}, "missed"));
  return table(data.targets, [
    {head: "", cell: (row) => row.what},
    {head: "target", n: true, cell: (row) => `${row.better === "below" ? "<" : "\u2265"} ${number(row.limit)} ${unit(row.unit)}`},
    {head: "this run", n: true, cell: (row, index) => (row.value === null ? figure(data, `targets.${index}.value`)
      : [figure(data, `targets.${index}.value`), ` ${unit(row.unit)}`])},
    {head: "", kind: "name", cell: verdict},
  ]);
}

function list(entries) {
  return element("dl", {class: "list"}, Object.entries(entries).map(([name, value]) =>
    element("div", {}, element("dt", {}, name), element("dd", {}, String(value)))));
}
