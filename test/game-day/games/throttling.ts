// docs/runbooks/dependency-throttling.md: KMS, then DynamoDB, throttle beyond what is tried again.
import type { Stage } from '../stage.ts';

export async function throttling({ deployment, happens, exchange, operator }: Stage): Promise<void> {
  const { stack, suffer, recover } = deployment;
  const job = async () => ({ who: 'a job of github', subject: await stack.tokenFor('github') });
  await exchange(await job(), '200');
  await happens('KMS throttles every signature', () =>
    suffer(({ action }) => action === 'kms:Sign', { code: 'ThrottlingException', status: 400 }),
  );
  const { decision } = await exchange(await job(), '503 temporarily_unavailable');
  await operator('cambio why DECISION', /(reason unavailable)/, { DECISION: decision });
  await happens('KMS throttles no more', recover);
  await exchange(await job(), '200');
  await happens('DynamoDB throttles every write', () =>
    suffer(({ action }) => action === 'dynamodb:PutItem', {
      code: 'ProvisionedThroughputExceededException',
      status: 400,
    }),
  );
  await exchange(await job(), '503 temporarily_unavailable');
  await happens('DynamoDB throttles no more', recover);
  await exchange(await job(), '200');
}
