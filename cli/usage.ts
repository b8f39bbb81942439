// What `cambio` says about itself, and how it ends. Pure.

export const exitCodes = { ok: 0, refused: 1, usage: 2, unavailable: 3 } as const;

export const usage = `usage: cambio <command> [options]

commands:
  init [FOLDER] [--ci SYSTEM --organization ID --repository ID --role ARN --url URL ...]
                          a policy, its tests and a CI job to begin with; asks for what is not given
  exchange (--audience NAME | --resource URI) [--scope SCOPE] [--dpop | --dpop-key FILE] [--json]
                          a token for it
  aws --role NAME|ARN [--format process|env|github|container]
                          AWS credentials: for credential_process of an AWS profile, for eval, for later steps of a job,
                          as the SDKs read them in a container, with the account
  aws exec --role NAME|ARN -- CMD
                          runs CMD, whose AWS SDK gets credentials from here for as long as it runs
  aws trust-policy --role NAME|ARN [--policy PATH] [--token-role ARN] [--revocations-role ARN] [--issuer URL]
                          what the role's account needs: trust policy, and OIDC provider for web identities
  agent [--listen ADDRESS:PORT|unix:PATH] [--auth-token-file FILE] [--dpop | --dpop-key FILE]
                          a local broker: GET /credentials?role=R, POST /token, /proof, /authz/AUDIENCE, /metrics, /healthz
                          (default 127.0.0.1:9911)
  policy check [PATH]     check a policy file or folder (default: infra/policy)
  policy test [PATH]      run its *.test.yaml
  policy explain --policy PATH (--claims FILE | --token-file FILE | --token-env NAME)
                 (--audience NAME | --resource URI | --role NAME) [--scope SCOPE] [--client NAME]
                 [--issuer NAME] [--actor-claims FILE --actor-issuer NAME] [--now EPOCH] [--json]
                          what the policy decides and why; exit 0 granted, 1 refused
  policy reach (--role NAME | --audience NAME) [--policy PATH] [--json]
                          every way in, over own tokens too, with a token for each (default: infra/policy)
  policy diff OLD NEW [--json]
                          who gains and who loses what, each with a token; exit 1 when anybody gains or nobody can tell
  policy new-tenant NAME [--policy FOLDER]
                          the folder of a tenant, with tests (default: infra/policy)
  policy replay AUDIT.jsonl --policy PATH
                          recorded decisions against another policy; exit 1 when one would flip
  proof URL [--method METHOD] [--nonce NONCE] --dpop-key FILE (--token-file FILE | --token-env NAME)
                          the headers by which a bound token is sent with one request to an API
  introspect (--token-file FILE | --token-env NAME)
                          what a token is worth, or a token piped in; needs a client
  revoke (--token-file FILE | --token-env NAME)
                          an own token, as the client that got it or with the token of the same CI job
  probe --audience NAME   how late a revocation is noticed, with a token of its own; needs a client; exit 1 over 60 s
  doctor [--policy PATH] [--json]
                          what stands between this machine and a token; of a policy also which secrets and keys end
  doctor --issuer URL [--json]
                          whether an issuer's discovery, keys, algorithms and clock are good, before a policy trusts it
  completion bash|zsh|fish
                          what makes the shell complete all of this: eval "$(cambio completion bash)"

for operators, signed with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION:
  why DECISION_ID [--json]
                          the trace of a decision
  revoke --by KIND --value VALUE --reason TEXT [--issued-before EPOCH]
                          KIND: jti, family, subject, client, issuer, key, run
  suspend KIND NAME --reason TEXT [--until EPOCH], suspend list, resume KIND NAME
                          the kill switch; KIND: issuer, client, rule, audience, role
  console [--policy PATH] [--write] [--port N]
                          a page on this machine: decisions, suspensions, revocations, keys, and the policy as a picture
  doctor --checklist pre-production|production|incident [--stack NAME] [--policy PATH] [--json]
                          whether the deployment is as it should be; exit 1 when it is not, or nobody can tell
  audit verify [AUDIT.jsonl] [--trail FOLDER|s3://BUCKET] [--key KID|FILE] [--since EPOCH] [--until EPOCH]
                          whether the audit trail is whole up to its last signed head, and has what the functions' log has;
                          without --trail the log against the decisions that are kept; exit 1 for anything missing or changed
  keys list, keys rotate, keys revoke KID

the server:
  --url URL               the API base; else CAMBIO_URL, else http://127.0.0.1:8787

the token that is exchanged:
  --token-file FILE, --token-env NAME, or piped in; else CAMBIO_ID_TOKEN, that of the GitHub Actions job,
  CAMBIO_TOKEN_FILE or /var/run/secrets/cambio/token, buildkite-agent, CIRCLE_OIDC_TOKEN_V2
  --from aws              the AWS identity's own, from STS
  --token-audience AUD    what to ask for where one can; else CAMBIO_TOKEN_AUDIENCE, else the issuer

the client that asks (none: an anonymous caller):
  --client-id NAME with --client-secret-env NAME or --client-key FILE (PEM or JWK)
  --client-cert FILE with --client-key FILE [--client-id NAME]
                          a certificate and its key, shown where the server asks for one (mutual TLS)
  --client-assertion-file FILE [--client-id NAME]
                          a workload's own token, for federated clients

proof of possession (DPoP; with exchange, agent and probe, --dpop-key with aws too):
  --dpop                  binds what it gets to a key of this process, which ends with it
  --dpop-key FILE         to this private key (PEM or JWK), the one that a bound subject token is bound to

  -h, --help              show this text; of a command its own page: cambio COMMAND --help, cambio help COMMAND
  --version               show the version

exit codes: 0 success, 1 refused, 2 wrong usage, 3 unavailable (try again)
`;

/** Where a command writes: data to stdout, words to stderr. Each text ends with its own newline. */
export interface Output {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** What was given is wrong: the message says how. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}
