// POST /introspect (RFC 7662), answered in JSON or, where the request asks for it, as a signed JWT (RFC 9701). No I/O of its own.
import type { APIGatewayProxyResult } from 'aws-lambda';
import { type IntrospectionCapabilities, introspect, introspectSigned } from '../../oauth/introspection.ts';
import { header, json } from '../api-gateway.ts';
import type { EndpointOptions, KeepingCapabilities } from '../audited-endpoint.ts';
import { createBudget } from '../budget.ts';
import { type FormEndpoint, formEndpoint } from '../form-endpoint.ts';

const signedType = 'application/token-introspection+jwt';

/** Tokens of one client that are not active, on one instance: more is guessing (RFC 7662 §4). */
const guesses = { rate: 50, burst: 500 };

export type IntrospectionEndpoint = Omit<IntrospectionCapabilities, 'mayGuess'> & KeepingCapabilities;

/** The Lambda handler of `POST /introspect`. */
export function introspectionEndpoint(given: IntrospectionEndpoint, options: EndpointOptions) {
  const capabilities = { ...given, mayGuess: createGuessing(options.clock) };
  const respond: FormEndpoint['respond'] = async (call, decision, event) => {
    if (accepts(header(event, 'accept'))) return signed(await introspectSigned(call, capabilities, decision));
    return json(200, (await introspect(call, capabilities, decision)).introspection);
  };
  return formEndpoint({ name: 'introspection', capabilities, respond }, options);
}

/** A budget for each client of the policy, and so a bounded number of them. */
function createGuessing(clock: () => number): IntrospectionCapabilities['mayGuess'] {
  const budgets = new Map<string, ReturnType<typeof createBudget>>();
  return (client) => {
    const budget = budgets.get(client) ?? createBudget({ ...guesses, clock });
    budgets.set(client, budget);
    return budget();
  };
}

/** A wildcard gets JSON: a signed answer has to be asked for by its type (RFC 9701 §4). */
function accepts(accept = ''): boolean {
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return type === signedType && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

function signed(body: string): APIGatewayProxyResult {
  return { statusCode: 200, headers: { 'Content-Type': signedType }, body };
}
