// What the pages of help say: of each command what it does and an example, of each option what it takes. Pure.

export interface CommandWords {
  /** One line. */
  readonly does: string;
  /** Command lines that work, without `cambio` itself. */
  readonly examples: readonly string[];
  /** Of an option that is another here than elsewhere. */
  readonly options?: Readonly<Record<string, OptionWords>>;
}

/** What it takes, where it takes something, and what it is for. */
export type OptionWords = readonly [takes: string, says: string];

/** Said of every command that has `--url` and calls as an operator. */
export const signed = 'Signed with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION.';

export const commandWords: Readonly<Record<string, CommandWords>> = {
  init: {
    does: 'Writes a policy, its tests and the job of a CI system that gets AWS credentials by it, and runs the tests. Asks for what is not given, on a terminal. Writes over no file.',
    examples: ['init', 'init --ci gitlab --organization 72 --repository 20 --url https://cambio.acme.example'],
    options: {
      ci: ['SYSTEM', 'github-actions, gitlab, circleci, buildkite, bitbucket, azure-devops or semaphore'],
      organization: ['ID', 'of the organization, group or workspace; what it is depends on the system'],
      repository: ['ID', 'of the repository, project or pipeline; never a name, which others may have later'],
      branch: ['NAME', 'that deploys (default: main)'],
      role: ['ARN', 'of the AWS role that the job gets'],
      url: ['URL', 'of Cambio, for the job'],
      'token-audience': ['URL', 'of the job’s token: one of your own'],
      environment: ['UUID', 'of the deployment environment, with bitbucket'],
      origin: ['HOST/OWNER/NAME', 'of the repository, with circleci'],
      project: ['UUID', 'with azure-devops'],
      issuer: ['URL', 'of a GitLab of your own'],
    },
  },
  'policy check': {
    does: 'Checks a policy file or folder as every synth does. PATH is infra/policy unless given.',
    examples: ['policy check', 'policy check my-policy'],
  },
  'policy test': {
    does: 'Runs the *.test.yaml beside a policy. PATH is infra/policy unless given.',
    examples: ['policy test', 'policy test my-policy/orders.test.yaml'],
  },
  'policy explain': {
    does: 'Says what a policy decides about a token, with every rule and condition. Exit 0 granted, 1 refused.',
    examples: [
      'policy explain --policy infra/policy --claims claims.json --audience orders-api',
      'policy explain --policy infra/policy --token-env TOKEN --role deploy-prod',
    ],
    options: {
      policy: ['PATH', 'file or folder'],
      'token-file': ['FILE', 'a token whose claims are looked at; its signature is not'],
      'token-env': ['NAME', 'the variable that holds such a token'],
      issuer: ['NAME', 'whose token it is, where iss does not say'],
      client: ['NAME', 'the client that asks (default: an anonymous caller)'],
      role: ['NAME', 'what it asks for, one of the three'],
      audience: ['NAME', 'what it asks for, one of the three'],
      resource: ['URI', 'what it asks for, one of the three'],
      json: ['', 'the decision as JSON'],
    },
  },
  'policy reach': {
    does: 'Every way to a role or an audience, over own tokens too, with a token for each.',
    examples: ['policy reach --role deploy-prod', 'policy reach --audience orders-api --policy my-policy --json'],
    options: { role: ['NAME', 'of the policy'], json: ['', '{target, ways}'] },
  },
  'policy new-tenant': {
    does: 'Makes a tenant’s folder with a policy and a test to begin with.',
    examples: ['policy new-tenant acme'],
  },
  'policy diff': {
    does: 'Who gains and who loses what between two policies, each with a token. Exit 1 when anybody gains or nobody can tell, 2 when one does not compile.',
    examples: ['policy diff deployed-policy infra/policy'],
    options: { json: ['', '{gains, loses}'] },
  },
  'policy replay': {
    does: 'Recorded decisions against another policy. Exit 1 when one would flip.',
    examples: ['policy replay audit.jsonl --policy infra/policy'],
  },
  exchange: {
    does: 'Exchanges a token and prints the one that it gets.',
    examples: [
      'exchange --audience orders-api',
      'exchange --audience orders-api --dpop-key key.pem',
      'exchange --resource https://orders.acme.example --scope orders:read --json',
    ],
    options: { json: ['', 'the whole answer'] },
  },
  aws: {
    does: 'AWS credentials of a role.',
    examples: ['aws --role deploy-prod --token-env TOKEN', 'aws --role deploy-prod --format github'],
  },
  'aws exec': {
    does: 'Runs CMD, whose AWS SDK gets credentials from here for as long as it runs. Its exit status becomes this one’s.',
    examples: ['aws exec --role deploy-prod -- aws s3 ls'],
  },
  'aws trust-policy': {
    does: 'What the account of a role needs: its trust policy, and the OIDC provider for web identities.',
    examples: ['aws trust-policy --role deploy-prod --policy infra/policy'],
  },
  agent: {
    does: 'A broker beside a workload: GET /credentials?role=R, POST /token, /proof, /authz/AUDIENCE, /metrics, /healthz.',
    examples: ['agent', 'agent --dpop', 'agent --listen unix:/run/cambio.sock --auth-token-file /run/cambio.token'],
  },
  proof: {
    does: 'The headers by which a token that is bound to a key is sent with one request to an API, which URL is; as curl -H @- reads them. The token may be piped in, too.',
    examples: ['proof https://orders.acme.example/orders --method PUT --token-env TOKEN --dpop-key key.pem'],
    options: {
      'token-file': ['FILE', 'the token that is sent'],
      'token-env': ['NAME', 'the variable that holds it'],
      'dpop-key': ['FILE', 'the private key that the token is bound to, PEM or JWK'],
    },
  },
  introspect: {
    does: 'What a token is worth, one that is piped in too. Needs a client.',
    examples: ['introspect --token-env TOKEN --client-id checkout --client-key key.pem'],
    options: {
      'token-file': ['FILE', 'the token that is looked at'],
      'token-env': ['NAME', 'the variable that holds it'],
    },
  },
  revoke: {
    does: 'Revokes an own token, as the client that got it or with the token of the same CI job; with --by, as an operator, everything that is so described.',
    examples: ['revoke --token-env TOKEN', 'revoke --by run --value "github|123456" --reason "left the company"'],
    options: {
      'token-file': ['FILE', 'the token that is revoked'],
      'token-env': ['NAME', 'the variable that holds it'],
      reason: ['TEXT', 'kept with the revocation'],
    },
  },
  probe: {
    does: 'How late a revocation is noticed, with a token of its own. Needs a client. Exit 1 over 60 s.',
    examples: ['probe --audience orders-api --client-id orders --client-key key.pem'],
  },
  'keys list': { does: 'The keys that sign, and those that are published.', examples: ['keys list'] },
  'keys rotate': { does: 'Makes the next keys the current ones.', examples: ['keys rotate'] },
  'keys revoke': {
    does: 'Takes a key away; what it signed is refused at once.',
    examples: ['keys revoke token.mFsvFVgS6MzS7wHCwRPqqqaTkWCGTTOI6eF6P0ZBXw4'],
  },
  console: {
    does: 'A page on this machine: decisions and why they ended so, suspensions, revocations, keys, the policy as a picture. It reads only, unless --write.',
    examples: ['console --url https://sts.acme.example --policy infra/policy'],
    options: {
      port: ['N', 'where it listens on 127.0.0.1 (default: 9912; 0 takes a free one)'],
      policy: ['PATH', 'the policy it shows'],
      write: ['', 'the page may suspend, revoke and rotate'],
    },
  },
  completion: {
    does: 'Prints what makes a shell complete commands, options and what they take.',
    examples: ['completion bash', 'completion fish'],
  },
  doctor: {
    does: 'What stands between this machine and a token; with --checklist, whether a deployment is as it should be; with --issuer, whether an issuer is good to be trusted. Exit 1 when something is not, or nobody can tell.',
    examples: [
      'doctor',
      'doctor --checklist production --stack Cambio --policy infra/policy',
      'doctor --issuer https://idp.partner.example',
    ],
    options: {
      json: ['', 'the findings as JSON'],
      issuer: ['URL', 'of an issuer to be trusted, as its tokens have `iss`'],
      policy: ['PATH', 'says, too, which secrets and keys of its clients have ended or end within 30 days'],
    },
  },
  'audit verify': {
    does: 'Whether the audit trail is whole up to its last signed head, and has what the functions’ log has; without --trail the log against the decisions that are kept. Exit 1 for anything missing or changed.',
    examples: ['audit verify --trail s3://cambio-trail', 'audit verify audit.jsonl'],
    options: { until: ['EPOCH', 'looks at nothing later'] },
  },
  suspend: {
    does: 'The kill switch: refuses from the next request on whatever is so named. KIND is issuer, client, rule, audience or role.',
    examples: ['suspend client checkout --reason "key leaked"'],
    options: { reason: ['TEXT', 'kept with the suspension'], until: ['EPOCH', 'when it ends by itself'] },
  },
  'suspend list': { does: 'The suspensions that hold, with who made them and why.', examples: ['suspend list'] },
  resume: { does: 'Ends a suspension.', examples: ['resume client checkout'] },
  why: {
    does: 'The trace of a decision: every rule and condition, wanted and got.',
    examples: ['why 9be6e7b2-3ac2-4f5e-8669-0c9cf6da355b'],
    options: { json: ['', 'the decision as JSON'] },
  },
};

/** Commands whose calls AWS has to allow. */
export const operators: readonly string[] = [
  ...['keys list', 'keys rotate', 'keys revoke', 'suspend', 'suspend list', 'resume', 'why', 'audit verify', 'console'],
];

export const optionWords: Readonly<Record<string, OptionWords>> = {
  url: ['URL', 'the API base of the server; else CAMBIO_URL, else http://127.0.0.1:8787'],
  'token-file': ['FILE', 'the token that is exchanged; it may be piped in, too'],
  'token-env': ['NAME', 'the variable that holds it; else CAMBIO_ID_TOKEN, that of the CI job or pod'],
  'token-audience': ['AUD', 'what to ask for where one can; else CAMBIO_TOKEN_AUDIENCE, else the issuer'],
  from: ['aws', 'the AWS identity’s own token, from STS'],
  'client-id': ['NAME', 'the client that asks (default: an anonymous caller)'],
  'client-secret-env': ['NAME', 'the variable that holds its secret'],
  'client-key': ['FILE', 'its private key, PEM or JWK'],
  'client-cert': [
    'FILE',
    'its certificate, PEM, shown at the name for such callers (mutual TLS); --client-key is its key, then',
  ],
  'client-assertion-file': ['FILE', 'a workload’s own token, for federated clients'],
  dpop: ['', 'binds what it gets to a key of this process, which proves it (DPoP)'],
  'dpop-key': ['FILE', 'the private key in place of that, PEM or JWK; the one that a bound token is bound to'],
  method: ['METHOD', 'of the request (default: GET)'],
  nonce: ['NONCE', 'what the API wants in the proof: DPoP-Nonce of its last answer'],
  audience: ['NAME', 'of the policy'],
  resource: ['URI', 'in place of --audience'],
  scope: ['SCOPE', 'what of it, separated by spaces (default: all that is allowed)'],
  role: ['NAME|ARN', 'of the policy'],
  format: [
    'process|env|github|container',
    'for credential_process of an AWS profile (the default), for eval, for later steps of a job, as the SDKs read them in a container',
  ],
  policy: ['PATH', 'file or folder (default: infra/policy)'],
  claims: ['FILE', 'the claims of the token, as JSON; times and the like are added'],
  issuer: ['URL', 'of Cambio; else the server is asked'],
  'actor-claims': ['FILE', 'the claims of the actor’s token'],
  'actor-issuer': ['NAME', 'whose token that is'],
  client: ['NAME', 'of the policy'],
  now: ['EPOCH', 'seconds; the time it is decided at'],
  json: ['', 'JSON'],
  'token-role': ['ARN', 'the stack’s output TokenRole'],
  'revocations-role': ['ARN', 'the stack’s output RevocationsRole, for roles that are revocable'],
  listen: ['ADDRESS:PORT|unix:PATH', 'where it listens (default: 127.0.0.1:9911)'],
  'auth-token-file': ['FILE', 'a secret that every caller has to show; made if it is not there'],
  by: ['KIND', 'jti, family, subject, client, issuer, key or run'],
  value: ['VALUE', 'which one'],
  reason: ['TEXT', 'kept with it'],
  'issued-before': ['EPOCH', 'what was issued later lives on (default: now)'],
  checklist: ['LIST', 'pre-production, production or incident'],
  stack: ['NAME', 'of CloudFormation, with --checklist'],
  trail: ['FOLDER|s3://BUCKET', 'the trail'],
  key: ['KID|FILE', 'the key of its heads; else the server is asked'],
  since: ['EPOCH', 'looks at nothing earlier'],
  until: ['EPOCH', 'when it ends'],
};
