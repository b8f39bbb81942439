// At deploy, writes the template's first signing keys into the keyring item that functions read at run time, and for the audit trail which
// policy it is.
import { CfnCustomResource, Duration } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { CompiledPolicy, Quota } from '../../shared/policy/compiled-policy.ts';
import { EndpointFunction } from '../endpoints/endpoint-function.ts';
import type { RecordsTable } from '../records-table.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface KeyringSeedProps {
  readonly signingKeys: SigningKeys;
  readonly records: RecordsTable;
  readonly policy: CompiledPolicy<unknown>;
  readonly logRetention: RetentionDays;
}

export class KeyringSeed extends Construct {
  /** The custom resource: there when the keyring is written. */
  readonly keyring: CfnCustomResource;
  readonly role: IRole;

  constructor(scope: Construct, id: string, props: KeyringSeedProps) {
    super(scope, id);
    const { signingKeys, records, policy, logRetention } = props;
    const seed = new EndpointFunction(this, 'Seed', {
      entry: 'keyring-seed',
      description: 'Cambio: seeds the keyring at deploy',
      settings: {
        ...{ recordsTable: records.name, keyringMac: signingKeys.mac.keyArn },
        ...(signingKeys.wrapping && { wrappingKey: signingKeys.wrapping.keyArn }),
      },
      statements: [
        signingKeys.firstStatement(),
        signingKeys.sealStatement(),
        records.statement('keyring', ['GetItem', 'PutItem']),
        records.statement('policy', ['PutItem']),
      ],
      timeout: Duration.seconds(60),
      logRetention,
    });
    this.keyring = new CfnCustomResource(this, 'Keyring', {
      // The function, not its alias: CloudFormation sends a delete to the service token the resource was made with.
      serviceToken: seed.function.functionArn,
      serviceTimeout: 120,
    });
    this.keyring.addPropertyOverride('Keys', signingKeys.first);
    // By it the seed knows a deployment whose keyring had no MAC.
    this.keyring.addPropertyOverride('MacKey', signingKeys.mac.keyArn);
    this.keyring.addPropertyOverride('Policy', { hash: policy.hash, quotas: quotasIn(policy) });
    this.keyring.node.addDependency(seed);
    this.role = seed.role;
  }
}

/** Characters: a template and an event have only so much room. */
const longestQuotas = 4_000;

/** The quotas of a policy as text, by whom they are for; of very many, how many there are. */
export function quotasIn({ clients, issuers }: Pick<CompiledPolicy<unknown>, 'clients' | 'issuers'>): string {
  const of = (named: Readonly<Record<string, { readonly quota?: Quota }>>) =>
    Object.fromEntries(Object.entries(named).flatMap(([name, { quota }]) => (quota ? [[name, quota] as const] : [])));
  const quotas = { clients: of(clients), issuers: of(issuers) };
  const text = JSON.stringify(quotas);
  if (text.length <= longestQuotas) return text;
  return JSON.stringify({ count: Object.keys({ ...quotas.clients, ...quotas.issuers }).length });
}
