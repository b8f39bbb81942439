// What `npm start` prints of a stack that serves: endpoints and commands to copy. Pure.
import type { AllowRule, AudienceGrant, PolicyArtifact, RoleGrant } from '../../shared/policy/compiled-policy.ts';
import type { LocalStack } from './stack.ts';

type Announced = Pick<LocalStack, 'url' | 'endpoints' | 'policy' | 'issuers' | 'tokenFor'>;

/** The lines before the ready line. */
export async function announcement(stack: Announced): Promise<readonly string[]> {
  const endpoints = [...stack.endpoints, 'GET /_local/issuers'].map((endpoint) => {
    const [method = '', path = ''] = endpoint.split(' ');
    return `  ${method.padEnd(5)} ${stack.url}${path}`;
  });
  return ['Cambio, local stack', ...endpoints, '', ...(await example(stack))];
}

async function example(stack: Announced): Promise<readonly string[]> {
  const standIns = new Set(stack.issuers().flatMap(({ name, standIn }) => (standIn ? [name] : [])));
  const rules = stack.policy.rules.filter(isAllow).filter(({ from }) => standIns.has(from));
  const granting = { audience: rules.find(isForAudience), role: rules.find(isForRole) };
  return [
    ...(granting.audience ? await exchangeExample(stack, granting.audience) : []),
    ...(granting.role ? await credentialsExample(stack, granting.role) : []),
  ];
}

async function exchangeExample(stack: Announced, rule: AnyRule & AllowRule): Promise<readonly string[]> {
  const { audience } = rule.grant;
  return [
    `A token of the stand-in for ${rule.from}, exchanged for one of ${audience}:`,
    await tokenLine(stack, rule),
    `  curl -s -w '\\n' ${stack.url}/token -d audience=${audience} -d subject_token="$token" \\`,
    '    -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange \\',
    '    -d subject_token_type=urn:ietf:params:oauth:token-type:jwt',
    '',
  ];
}

async function credentialsExample(stack: Announced, rule: AnyRule & AllowRule<RoleGrant>): Promise<readonly string[]> {
  const { role } = rule.grant;
  return [
    `AWS credentials of ${role}, as an AWS SDK asks for them:`,
    await tokenLine(stack, rule),
    `  curl -s -w '\\n' "${stack.url}/credentials?role=${role}" -H "Authorization: $token"`,
    '',
  ];
}

async function tokenLine(stack: Announced, rule: AnyRule): Promise<string> {
  const body = JSON.stringify(await overridesFor(stack, rule)).replaceAll("'", `'\\''`);
  const url = `${stack.url}/_local/issuers/${rule.from}/token`;
  return `  token=$(curl -s -X POST -d '${body}' ${url} | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')`;
}

/** Claims the rule wants and the stand-in's token does not have by itself. */
async function overridesFor(stack: Announced, rule: AnyRule): Promise<Readonly<Record<string, unknown>>> {
  const [, payload = ''] = (await stack.tokenFor(rule.from)).split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const wanted = rule.match.flatMap(({ path, anyOf }) => {
    const values = anyOf.flatMap((value) => ('equals' in value ? [value.equals] : []));
    const fits = path.includes('.') || values.length < anyOf.length || values.some((value) => value === claims[path]);
    return fits ? [] : [[path, values[0]] as const];
  });
  return Object.fromEntries(wanted);
}

type AnyRule = AllowRule<AudienceGrant | RoleGrant>;

function isAllow(rule: PolicyArtifact['rules'][number]): rule is AnyRule {
  return 'grant' in rule;
}

function isForAudience(rule: AnyRule): rule is AnyRule & AllowRule {
  return 'audience' in rule.grant;
}

function isForRole(rule: AnyRule): rule is AnyRule & AllowRule<RoleGrant> {
  return 'role' in rule.grant;
}
