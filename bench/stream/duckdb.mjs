// Times queries in DuckDB, in memory and on one thread, over the tables of data.sql.
//
// Usage: node duckdb.mjs ROWS ROUNDS < LINES     lines of "name|query"; prints "name|milliseconds"
import { DuckDBInstance } from '@duckdb/node-api';
import { readFileSync } from 'node:fs';

const [rows, rounds] = process.argv.slice(2).map(Number);
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run('SET threads = 1');
await connection.run(`
  CREATE TABLE market_data AS
  SELECT i AS id, (i % 100)::BIGINT AS trader_id, 'SYM' || (i % 50) AS symbol, (100 + (i % 500) * 0.1)::DOUBLE AS price,
         (i % 1000)::BIGINT AS quantity, TIMESTAMP '2024-01-15 12:00:00' + to_seconds(i) AS trade_time
    FROM range(0, ${rows}) t(i)`);
await connection.run(`
  CREATE TABLE trades AS
  SELECT i AS id, 'SYM' || ((i * 7919) % 100) AS symbol, (100 + (i % 977) * 0.1)::DOUBLE AS price, (i % 100)::INTEGER AS qty,
         TIMESTAMP '2026-01-01' + to_milliseconds(i * 10) AS ts
    FROM range(1, ${rows} + 1) t(i)`);
await connection.run(`
  CREATE TABLE keys AS
  SELECT (hash(i) & 1048575)::INTEGER AS k, (i % 100)::INTEGER AS v FROM range(1, ${rows} + 1) t(i)`);

for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const [name, query] = line.split('|');
  let best = Infinity;
  for (let round = 0; round <= rounds; ++round) {
    const started = performance.now();
    await connection.runAndReadAll(query);
    best = Math.min(best, performance.now() - started);
  }
  console.log(`${name}|${best}`);
}
process.exit(0);
