// Who may use the page's server.
import { expect, test } from 'vitest';
import { type Door, turnedAway } from '../../../cli/console/door.ts';
import type { PageRequest } from '../../../cli/console/page-message.ts';

const origin = 'http://127.0.0.1:9912';
const open: Door = { origin };
const locked: Door = { origin, secret: { ofUrl: 'secret-of-url', ofCookie: 'secret-of-cookie' } };

function request(headers: Readonly<Record<string, string>> = {}, more: Partial<PageRequest> = {}): PageRequest {
  const all: Readonly<Record<string, string>> = { host: '127.0.0.1:9912', ...headers };
  return { method: 'GET', path: '/_console/state', query: '', header: (name) => all[name], body: '', ...more };
}

const statusOf = (asked: PageRequest, door = open): number | undefined => turnedAway(asked, door)?.status;

test('a Host that is not its own is turned away, as after DNS rebinding', () => {
  for (const host of [
    'attacker.example',
    'attacker.example:9912',
    '127.0.0.1:8787',
    '127.0.0.1',
    '',
    '127.0.0.1:99120',
  ]) {
    expect(statusOf(request({ host })), host).toBe(403);
  }
  for (const host of ['127.0.0.1:9912', 'localhost:9912']) expect(statusOf(request({ host })), host).toBeUndefined();
  expect(turnedAway(request({ host: 'x' }), open)?.body).toContain('access_denied');
});

test('an Origin, where one is sent, is its own', () => {
  const post = { method: 'POST', path: '/_console/exchanges' };
  for (const other of [
    'https://attacker.example',
    'null',
    'http://127.0.0.1:8787',
    'http://localhost:9912',
    origin.toUpperCase(),
  ]) {
    expect(statusOf(request({ origin: other }, post)), other).toBe(403);
  }
  expect(statusOf(request({ origin }, post))).toBeUndefined();
  expect(statusOf(request({ host: 'localhost:9912', origin: 'http://localhost:9912' }, post))).toBeUndefined();
  expect(statusOf(request({}, post))).toBeUndefined();
});

test('another site may lead to the page, and ask for nothing', () => {
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  expect(statusOf(request(link, { path: '/' }))).toBeUndefined();
  expect(statusOf(request(link))).toBe(403);
  expect(statusOf(request(link, { path: '/', method: 'POST' }))).toBe(403);
  expect(statusOf(request({ ...link, 'sec-fetch-mode': 'no-cors' }, { path: '/' }))).toBe(403);
  expect(statusOf(request({ 'sec-fetch-site': 'same-site' }))).toBe(403);
  expect(statusOf(request({ 'sec-fetch-site': 'same-origin' }))).toBeUndefined();
});

test('nothing is answered without the cookie, which the secret of the URL is traded for', () => {
  for (const path of ['/', '/_console/state', '/_console/admin/decisions']) {
    expect(statusOf(request({}, { path }), locked), path).toBe(403);
  }
  const traded = turnedAway(request({}, { path: '/', query: 'secret=secret-of-url' }), locked);
  expect(traded).toMatchObject({ status: 303, headers: { location: '/' } });
  const cookie = traded?.headers['set-cookie'] ?? '';
  expect(cookie).toBe('cambio-console-9912=secret-of-cookie; Path=/; HttpOnly; SameSite=Strict');
  expect(cookie).not.toContain('secret-of-url');
  const [pair = ''] = cookie.split(';');
  expect(statusOf(request({ cookie: `other=1; ${pair}` }), locked)).toBeUndefined();
});

test('a wrong secret is traded for nothing, and neither secret serves as the other', () => {
  for (const query of ['secret=wrong', 'secret=', 'secret=secret-of-cookie', 'other=secret-of-url']) {
    expect(statusOf(request({}, { path: '/', query }), locked), query).toBe(403);
  }
  expect(statusOf(request({}, { path: '/_console/state', query: 'secret=secret-of-url' }), locked)).toBe(403);
  for (const cookie of [
    'cambio-console-9912=secret-of-url',
    'cambio-console-9913=secret-of-cookie',
    'xcambio-console-9912=secret-of-cookie',
  ]) {
    expect(statusOf(request({ cookie }), locked), cookie).toBe(403);
  }
  expect(statusOf(request({ cookie: 'cambio-console-9912=secret-of-cookie' }), locked)).toBeUndefined();
});

test('the secret opens nothing to a Host, an Origin or a site that is not its own', () => {
  const cookie = 'cambio-console-9912=secret-of-cookie';
  expect(statusOf(request({ cookie }), locked)).toBeUndefined();
  for (const foreign of [
    { host: 'attacker.example' },
    { origin: 'https://attacker.example' },
    { 'sec-fetch-site': 'cross-site' },
  ]) {
    expect(statusOf(request({ cookie, ...foreign }), locked)).toBe(403);
  }
});
