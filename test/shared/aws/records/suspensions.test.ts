// Suspensions on every DynamoDB there is.
import { expect } from 'vitest';
import { createFindHolds } from '../../../../shared/aws/records/holds.ts';
import {
  createEndSuspension,
  createListSuspensions,
  createRecordSuspension,
} from '../../../../shared/aws/records/suspensions.ts';
import type { Suspension } from '../../../../shared/oauth/revocation/suspension.ts';
import { onEveryEngine, table } from '../on-every-engine.ts';

const suspension: Suspension = { kind: 'issuer', name: 'github', reason: 'incident', at: 1_000, principal: 'on-call' };

onEveryEngine((store, on) => {
  const record = (changes: Partial<Suspension> = {}) =>
    createRecordSuspension(store(), table)({ ...suspension, ...changes });
  const find = async (...names: Pick<Suspension, 'kind' | 'name'>[]) =>
    (await createFindHolds(store(), table, () => 0)({ parts: [], names })).suspensions;
  const list = (now: number) =>
    createListSuspensions({
      call: store(),
      table,
      now: () => now,
      findHolds: createFindHolds(store(), table, () => 0),
    })();

  on('one is found by kind and name together, the later replaces the earlier, and who ends it is kept', async () => {
    await record();
    await record({ kind: 'client', name: 'acme/orders', until: 2_000 });
    expect(await find(suspension, { kind: 'audience', name: 'github' })).toEqual([suspension]);
    await record({ reason: 'longer', until: 5_000 });
    expect(await find(suspension)).toEqual([{ ...suspension, reason: 'longer', until: 5_000 }]);
    expect((await list(1_500)).map(({ name }) => name)).toEqual(['acme/orders', 'github']);
    expect((await list(2_000)).map(({ name }) => name)).toEqual(['github']);
    await createEndSuspension(store(), table)({ kind: 'issuer', name: 'github', at: 1_600, principal: 'alice' });
    expect(await find(suspension)).toMatchObject([{ until: 1_600, principal: 'alice' }]);
    expect((await list(1_600)).map(({ name }) => name)).toEqual(['acme/orders']);
  });
});
