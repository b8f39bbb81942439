// The page at the stack's /: that of `cambio console`, which may change everything here and needs no secret. Whoever reaches the
// port can do as much without it; web pages of others are kept out. Loaded with the first request for it.
import type { ConsoleHandler } from '../../cli/console/console-handler.ts';
import type { PageAnswer, PageRequest } from '../../cli/console/page-message.ts';
import { demonstrationPolicy } from '../demonstration.ts';
import { type GatewayAnswer, type GatewayRequest, headerOf } from './gateway/message.ts';
import type { LocalPolicy } from './stand-ins/local-policy.ts';

export interface LocalPage {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly served: LocalPolicy;
  /** Of the policy; the demonstration's without it. */
  readonly path: string | undefined;
}

/** Every other path is the API's, and so is / for every other method and for who takes no HTML. */
export function isOfPage(request: GatewayRequest): boolean {
  const { method, path } = request;
  if (path.startsWith('/_console/')) return true;
  return path === '/' && method === 'GET' && /text\/html|\*\/\*/.test(headerOf(request, 'accept') ?? '*/*');
}

export function createPage(page: LocalPage): (request: GatewayRequest) => Promise<GatewayAnswer> {
  let handler: Promise<ConsoleHandler> | undefined;
  return async (request) => {
    handler ??= load(page);
    return gatewayAnswer(await (await handler)(pageRequest(request)));
  };
}

async function load({ origin, served, path = demonstrationPolicy }: LocalPage): Promise<ConsoleHandler> {
  const [{ createConsole }, { policyView }, { serverOf }, { thisMachine }] = await Promise.all([
    import('../../cli/console/console-handler.ts'),
    import('../../cli/policy/policy-view.ts'),
    import('../../cli/server.ts'),
    import('../../cli/this-machine.ts'),
  ]);
  const machine = thisMachine(async () => undefined);
  const view = policyView({ path, artifact: served.policy.artifact, compile: served.compile });
  const server = serverOf(origin, machine);
  return createConsole({ door: { origin }, server, machine, writes: true, loadPolicy: async () => view });
}

function pageRequest(request: GatewayRequest): PageRequest {
  const { method, path, query, body } = request;
  return { method, path, query, header: (name) => headerOf(request, name), body: body.toString('utf8') };
}

function gatewayAnswer({ status, headers, body }: PageAnswer): GatewayAnswer {
  return { status, headers: Object.entries(headers), body };
}
