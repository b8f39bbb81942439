// What a game day is told in: what happens, what callers see and what operators see, each at its time. Every line of a caller and
// an operator says what is expected of it, so that a game that goes otherwise ends with an error.
import { setTimeout as wait } from 'node:timers/promises';
import { cambioIn, inTheWorld, type Ran } from '../cli/cambio.ts';
import { runAws } from './aws-cli.ts';
import type { Deployment } from './deployment.ts';
import { named, wordsOf } from './words.ts';

export interface Line {
  /** Milliseconds since the game began. */
  readonly at: number;
  readonly who: 'happens' | 'caller' | 'operator';
  readonly what: string;
  readonly seen: string;
}

export interface Request {
  /** As the timeline names the caller. */
  readonly who: string;
  readonly subject: string;
  readonly audience?: string;
}

/** An answer as its caller has it. */
export interface Seen {
  readonly token: string;
  readonly decision: string;
}

export interface Stage {
  readonly deployment: Deployment;
  /** Something befalls the deployment. */
  readonly happens: (what: string, make?: () => unknown) => Promise<void>;
  /** An exchange that has to end as `expected` says: `200`, or status and error. */
  readonly exchange: (request: Request, expected: string) => Promise<Seen>;
  /** What introspection tells orders-api of a token. */
  readonly introspect: (who: string, token: string, expected: 'active' | 'inactive') => Promise<void>;
  /** A command that has to succeed. @param seen what of its output matters to a reader: the first group */
  readonly operator: (command: string, seen?: RegExp, values?: Readonly<Record<string, string>>) => Promise<string>;
  /** A command of the AWS CLI, sent to the emulators. @returns its answer */
  readonly aws: (command: string, values?: Readonly<Record<string, string>>) => Promise<object>;
  /** Time passes; where time is short, functions that start anew stand for it. */
  readonly pause: (seconds: number, why: string) => Promise<void>;
}

export interface Performance {
  readonly stage: Stage;
  readonly lines: readonly Line[];
}

interface Options {
  /** Told of each line as it comes. */
  readonly onLine?: (line: Line) => void;
  /** Whether pauses are waited for. */
  readonly realTime?: boolean;
}

export function openStage(deployment: Deployment, { onLine = () => {}, realTime = false }: Options = {}): Performance {
  const { stack } = deployment;
  const started = performance.now();
  const lines: Line[] = [];
  const say = (who: Line['who'], what: string, seen = ''): void => {
    const line = { at: performance.now() - started, who, what, seen };
    lines.push(line);
    onLine(line);
  };
  const post = async (path: string, form: Readonly<Record<string, string>>) => {
    const response = await fetch(`${stack.url}${path}`, { method: 'POST', body: new URLSearchParams(form) });
    const body = (await response.json()) as Readonly<Record<string, unknown>>;
    return { status: response.status, body };
  };
  const stage: Stage = {
    deployment,
    happens: async (what, make = () => {}) => {
      await make();
      say('happens', what);
    },
    exchange: async ({ who, subject, audience = 'orders-api' }, expected) => {
      const answer = await post('/token', { ...exchangeForm, subject_token: subject, audience });
      hold(who, answer.status === 200 ? '200' : `${answer.status} ${answer.body['error']}`, expected);
      say('caller', `${who} asks for a token for ${audience}`, expected);
      return { token: String(answer.body['access_token']), decision: String(answer.body['decision_id']) };
    },
    introspect: async (who, token, expected) => {
      const assertion = await stack.tokenFor('eks', { sub: 'system:serviceaccount:shop:orders' });
      const { body } = await post('/introspect', { token, client_assertion: assertion, ...assertedBy });
      hold(who, body['active'] === true ? 'active' : 'inactive', expected);
      say('caller', `orders-api introspects the token of ${who}`, expected);
    },
    operator: async (command, seen = /^()/, values = {}) => {
      const { exit, stdout, stderr } = await runCambio(deployment, command, values);
      hold(command, `exit ${exit} ${exit === 0 ? '' : stderr}`.trim(), 'exit 0');
      const [, shown] = seen.exec(stdout) ?? [];
      if (shown === undefined) throw new Error(`${command}: ${seen} is not in\n${stdout}`);
      say('operator', command, shown);
      return stdout;
    },
    aws: async (command, values = {}) => {
      const answer = await runAws(deployment, command, values);
      say('operator', command);
      return answer;
    },
    pause: async (seconds, why) => {
      if (realTime) await wait(seconds * 1_000);
      else await deployment.restart();
      say('happens', why);
    },
  };
  return { stage, lines };
}

/**
 * Runs a line as an operator types it, words in capitals replaced by their values.
 * @returns what it ended with
 */
export function runCambio(
  { stack }: Pick<Deployment, 'stack'>,
  command: string,
  values: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const [program, ...words] = wordsOf(command).map((word) => named(word, values));
  if (program !== 'cambio') throw new Error(`not a command of ours: ${command}`);
  return cambioIn(inTheWorld({ CAMBIO_URL: stack.url }), ...words);
}

function hold(who: string, got: string, expected: string): void {
  if (got !== expected) throw new Error(`${who}: ${expected} was expected, and it was ${got}`);
}

const exchangeForm = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
};
const assertedBy = { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer' };

/** The timeline as `npm run game-day` prints it. */
export function timelineText({ at, who, what, seen }: Line): string {
  const mark = { happens: '      ', caller: 'caller', operator: 'oper. ' }[who];
  return `${(at / 1_000).toFixed(1).padStart(5)} s  ${mark}  ${what}${seen === '' ? '' : `: ${seen}`}`;
}
