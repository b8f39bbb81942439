// Requests to a stack whose functions are killed meanwhile, and whether the audit trail has what became of them.
import type { LocalStack } from '../../infra/local/stack.ts';
import { readTrail, signTrail } from './trail-of-stack.ts';

/** What is sent: one answer each, or none where the function was killed under it. */
type SendOne = (stack: LocalStack, number: number) => Promise<Response>;

export interface Soak {
  readonly requests: number;
  /** Side by side. */
  readonly atOnce: number;
  readonly send: SendOne;
  /** Called after so many requests. */
  readonly between: (sent: number) => Promise<void>;
}

export interface SoakOutcome {
  readonly findings: readonly string[];
  readonly events: number;
  /** Statuses of the answers, counted. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Grants that left, or that a function logged, and that the trail does not have. */
  readonly lost: readonly string[];
}

/** Kills one process of the function whose logical id has this in it; false where none runs. */
export async function killOne(stack: LocalStack, name: string): Promise<boolean> {
  const running = (await stack.functions()).filter(({ logicalId }) => logicalId.includes(name));
  const [pid] = running.flatMap(({ pids }) => pids);
  if (pid === undefined) return false;
  process.kill(pid, 'SIGKILL');
  return true;
}

export async function soak(stack: LocalStack, { requests, atOnce, send, between }: Soak): Promise<SoakOutcome> {
  const statuses: Record<string, number> = {};
  const granted = new Set<string>();
  for (let sent = 0; sent < requests; sent += atOnce) {
    const answers = await Promise.all(
      Array.from({ length: atOnce }, (_, number) => send(stack, sent + number).then(readAnswer, () => undefined)),
    );
    for (const answer of answers) {
      const status = String(answer?.status ?? 'none');
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (answer?.jti !== undefined) granted.add(answer.jti);
    }
    await between(sent + atOnce);
  }
  for (const id of grantedInLog(stack)) granted.add(id);
  await signTrail(stack);
  const { findings, events, found } = await readTrail(stack);
  const known = new Set(
    found
      .filter(({ class_uid: of, status_id: status }) => of === 3002 && status === 1)
      .map(({ unmapped }) => (unmapped as { readonly decision_id: string }).decision_id),
  );
  return { findings, events, statuses, lost: [...granted].filter((id) => !known.has(id)) };
}

async function readAnswer(response: Response) {
  const { access_token: token } = (await response.json().catch(() => ({}))) as { readonly access_token?: string };
  const payload = /^[^.]+\.([^.]+)\./.exec(token ?? '')?.[1];
  const { jti } = JSON.parse(Buffer.from(payload ?? 'e30', 'base64url').toString()) as { readonly jti?: string };
  return { status: response.status, jti };
}

function grantedInLog({ logs }: LocalStack): readonly string[] {
  return logs.flatMap(({ line }) => {
    const [, id] = /"decision_id":"([0-9a-f-]{36})","at":\d+,"outcome":"granted"(?=.*"issued":\{)/.exec(line) ?? [];
    return id === undefined ? [] : [id];
  });
}
