// Rows 1 to 6: exchanges and introspections under load, beside the peer and the floor.
import { dirname } from 'node:path';
import type { Bench } from './bench.ts';
import type { Server } from './processes.ts';
import { type Figures, type Measured, measureRounds, medianOf, ratio, type Target } from './rounds.ts';
import type { Row } from './rows.ts';
import { post } from './world.ts';

const sixteen = 16;

/** Rows 1, 1b, 1c, 2, 2b: AWS answers at once. */
export async function exchangeRows(bench: Bench): Promise<readonly Row[]> {
  const measured = await measureRounds(bench.driver, await exchangeTargets(bench), {
    count: Math.max(bench.rounds, bench.quick ? 1 : 7),
    seconds: bench.seconds,
    connections: sixteen,
  });
  const over = (pick: keyof Figures, under: string) => ratio(measured, pick, 'cambio', under);
  const floors = (pick: keyof Figures, under: string) =>
    `floor ${ratio(measured, pick, 'floor, reads first', under).toFixed(2)}, with the same work ${ratio(measured, pick, 'floor', under).toFixed(2)}`;
  const note = (pick: keyof Figures, under: string) => `${floors(pick, under)}; ${absolute(measured, pick, under)}`;
  const [calls, same, floor] = ['peer', 'peer, same work', 'floor'];
  return [
    row('1', 'exchanges/s ÷ peer of two AWS calls', over('rate', calls), { least: 2.3 }, note('rate', calls)),
    row('1b', 'exchanges/s ÷ peer with the same work', over('rate', same), { least: 3.5 }, note('rate', same)),
    row(
      '1c',
      'exchanges/s ÷ floor with the same work',
      over('rate', floor),
      { least: 0.8 },
      absolute(measured, 'rate', floor),
    ),
    row('2', 'CPU ÷ peer of two AWS calls', over('cpu', calls), { most: 0.42 }, note('cpu', calls)),
    row('2b', 'CPU ÷ peer with the same work', over('cpu', same), { most: 0.28 }, note('cpu', same)),
  ];
}

async function exchangeTargets({ serve, serveFunction, deployments, made }: Bench): Promise<readonly Target[]> {
  const exchanges = { requests: made.exchanges };
  return [
    { name: 'cambio', server: await serveFunction(deployments.deployed('demonstration')('Token')), ...exchanges },
    { name: 'peer', server: await serve('provider-server.mjs', { WORK: 'calls' }), ...exchanges },
    { name: 'peer, same work', server: await serve('provider-server.mjs', { WORK: 'same' }), ...exchanges },
    { name: 'floor, reads first', server: await serve('floor-server.mjs', { WORK: 'reads' }), ...exchanges },
    { name: 'floor', server: await serve('floor-server.mjs', { WORK: 'same' }), ...exchanges },
  ];
}

/** Rows 3 and 6: nothing outside the process. */
export async function inProcessRows(bench: Bench): Promise<readonly Row[]> {
  const { serve, serveFunction, deployments, made, driver, seconds } = bench;
  const cambio = await serveFunction({ directory: dirname(deployments.bundled('in-process.ts')), environment: {} });
  const peer = await serve('provider-server.mjs', { WORK: 'memory' });
  const floor = await serve('floor-server.mjs', { WORK: 'memory' });
  const rounds = { count: bench.rounds, seconds, connections: sixteen };
  const exchanges = { requests: made.exchanges };
  const named = [
    { name: 'cambio', server: cambio, ...exchanges },
    { name: 'peer', server: peer, ...exchanges },
    { name: 'floor', server: floor, ...exchanges },
  ];
  const exchanged = await measureRounds(driver, named, rounds);
  const introspected = await measureRounds(
    driver,
    [
      { name: 'cambio', server: cambio, requests: await introspections(bench, cambio) },
      { name: 'peer', server: peer, requests: opaque(bench, peer) },
      { name: 'floor', server: floor, requests: await introspections(bench, floor) },
    ],
    rounds,
  );
  return [
    row(
      '3',
      'in process: exchanges/s ÷ peer',
      ratio(exchanged, 'rate', 'cambio', 'peer'),
      { least: 1.3 },
      beside(exchanged),
    ),
    row(
      '6',
      'in process: introspections/s of a JWT ÷ look-up in a Map',
      ratio(introspected, 'rate', 'cambio', 'peer'),
      { least: 0.9 },
      beside(introspected),
    ),
  ];
}

/** Row 5: a JWT with its revocations read, against the peer's look-up of an opaque token; one call to DynamoDB each. */
export async function introspectionRows(bench: Bench): Promise<readonly Row[]> {
  const { serve, serveFunction, deployments, driver, seconds } = bench;
  const deployed = deployments.deployed('demonstration');
  const token = await serveFunction(deployed('Token'));
  const peer = await serve('provider-server.mjs', { WORK: 'calls' });
  const floor = await serve('floor-server.mjs', { WORK: 'same' });
  const measured = await measureRounds(
    driver,
    [
      {
        name: 'cambio',
        server: await serveFunction(deployed('Introspect')),
        requests: await introspections(bench, token),
      },
      { name: 'peer', server: peer, requests: opaque(bench, peer) },
      { name: 'floor', server: floor, requests: await introspections(bench, floor) },
    ],
    { count: bench.rounds, seconds, connections: sixteen },
  );
  const value = ratio(measured, 'rate', 'cambio', 'peer');
  return [row('5', 'introspections/s ÷ peer’s look-up of an opaque token', value, { least: 2.3 }, beside(measured))];
}

/** Row 4: one request at a time, KMS takes 8 ms and DynamoDB 4. */
export async function delayRows(bench: Bench): Promise<readonly Row[]> {
  const { serve, serveFunction, deployments, driver, made } = bench;
  const requests = made.exchanges;
  const cambio = await serveFunction(deployments.deployed('demonstration')('Token'));
  const floor = await serve('floor-server.mjs', { WORK: 'reads' });
  // Compiled code first: at 70 requests a second a warm-up would take minutes.
  for (const { port } of [cambio, floor]) await driver.run({ port, requests, connections: sixteen, seconds: 2 });
  await driver.delay({ kms: 8, dynamodb: 4 });
  const targets = [
    { name: 'cambio', server: cambio, requests },
    { name: 'floor', server: floor, requests },
  ];
  const rounds = { count: bench.rounds, seconds: bench.quick ? 1 : 5, connections: 1 };
  const measured = await measureRounds(driver, targets, rounds);
  await driver.delay({ kms: 0, dynamodb: 0 });
  const over = (pick: keyof Figures) => ratio(measured, pick, 'cambio', 'floor');
  const inMs = (pick: keyof Figures) =>
    `${medianOf(measured, pick, 'cambio').toFixed(1)} ms, floor ${medianOf(measured, pick, 'floor').toFixed(1)}`;
  return [
    row('4', 'p50 ÷ floor that reads revocations first, 8 + 4 ms', over('p50'), { most: 1.1 }, inMs('p50')),
    row('4 p99', 'p99 ÷ the same', over('p99'), { most: 1.25 }, inMs('p99')),
  ];
}

/** Introspections of a token that this server has just issued. */
async function introspections({ driver, made }: Bench, { port }: Server): Promise<readonly string[]> {
  const { last } = await driver.run({ port, requests: made.exchanges, connections: 1, count: 1 });
  return [
    introspection(made.authorization, (JSON.parse(last) as { access_token: string }).access_token, '/introspect'),
  ];
}

function opaque({ made }: Bench, { facts }: Server): readonly string[] {
  return [introspection(made.authorization, String(facts['opaque']), '/token/introspection')];
}

function introspection(authorization: string, token: string, path: string): string {
  return post(path, authorization, new URLSearchParams({ token, token_type_hint: 'access_token' }).toString());
}

function row(id: string, what: string, value: number, aim: Row['aim'], note: string): Row {
  return { id, what, value, aim, note };
}

const units = { rate: '/s', cpu: ' µs', p50: ' ms', p99: ' ms' } as const;

function absolute(measured: Measured, pick: keyof Figures, other: string): string {
  const [ours, theirs] = [medianOf(measured, pick, 'cambio'), medianOf(measured, pick, other)];
  return `${ours.toFixed(0)} against ${theirs.toFixed(0)}${units[pick]}`;
}

function beside(measured: Measured): string {
  const cpu = medianOf(measured, 'cpu', 'cambio').toFixed(0);
  return `floor ${ratio(measured, 'rate', 'floor', 'peer').toFixed(2)}; ${absolute(measured, 'rate', 'peer')}; ${cpu} µs of CPU each`;
}
