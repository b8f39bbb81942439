// RFC 8707 (resource indicators), section by section, through the running stack.
import { beforeAll, describe, expect, test } from 'vitest';
import { decode, ending, partnerToken, type Served, serve } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await serve();
});

const orders = 'https://orders.acme.example';
const asking = async (resource: string | readonly string[], more: object = {}) =>
  served.exchange({ audience: undefined, resource, ...more });
const endingOf = async (resource: string | readonly string[]): Promise<string> => ending(await asking(resource));

describe('§2 the resource parameter', () => {
  test.each([
    '/api',
    'foo',
    'orders-api',
    '//orders.acme.example',
    '',
  ])('%j is no absolute URI: MUST be one', async (resource) => {
    expect(await endingOf(resource)).toBe('400 invalid_target');
    expect(await endingOf(orders)).toBe('200');
  });

  test.each([`${orders}#`, `${orders}#x`])('%s has a fragment: MUST NOT include one', async (resource) => {
    expect(await endingOf(resource)).toBe('400 invalid_target');
    expect(await endingOf(orders)).toBe('200');
  });

  test('may have a query component', async () => {
    const subject_token = partnerToken();
    const { body } = await asking('https://query.acme.example/?tenant=a', { subject_token });
    expect(decode(body['access_token']).claims['aud']).toBe('https://query.acme.example/?tenant=a');
    expect(ending(await asking('https://query.acme.example/?tenant=b', { subject_token }))).toBe('400 invalid_target');
  });

  test.each([
    `${orders}//`,
    `${orders}:443`,
    'https://ORDERS.acme.example',
    'HTTPS://orders.acme.example',
  ])('%s is another string than the registered one', async (resource) => {
    expect(await endingOf(resource)).toBe('400 invalid_target');
    expect(await endingOf(orders)).toBe('200');
  });

  test('that is an origin may end with its slash (RFC 3986 §6.2.3), and aud is as the policy writes it', async () => {
    const { body } = await asking(`${orders}/`);
    expect(decode(body['access_token']).claims['aud']).toBe(orders);
  });

  test('an unknown, missing or forbidden resource is invalid_target', async () => {
    expect(await endingOf('https://unknown.example')).toBe('400 invalid_target');
    expect(ending(await served.exchange({ audience: undefined }))).toBe('400 invalid_target');
    expect(await endingOf('https://query.acme.example/?tenant=a')).toBe('400 invalid_target');
    expect(await endingOf(orders)).toBe('200');
  });

  test('several may be sent where they are one, and are refused where one token cannot serve them', async () => {
    expect(await endingOf([orders, orders])).toBe('200');
    expect(await endingOf([orders, 'https://unknown.example'])).toBe('400 invalid_target');
    expect(await endingOf([orders, 'https://query.acme.example/?tenant=a'])).toBe('400 invalid_target');
  });

  test('aud is restricted to what was asked for, whatever else the subject may get', async () => {
    const subject_token = partnerToken();
    const { claims } = decode((await asking(orders, { subject_token })).body['access_token']);
    expect(claims).toMatchObject({ aud: orders, scope: 'orders:read' });
  });
});
