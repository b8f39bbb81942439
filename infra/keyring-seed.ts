// At deploy, writes the template's first signing keys into the keyring item that functions read at run time.
import { CfnCustomResource, Duration } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { EndpointFunction } from './endpoints/endpoint-function.ts';
import type { RecordsTable } from './records-table.ts';
import type { SigningKeys } from './signing-keys.ts';

export interface KeyringSeedProps {
  readonly signingKeys: SigningKeys;
  readonly records: RecordsTable;
  readonly logRetention: RetentionDays;
}

export class KeyringSeed extends Construct {
  /** The custom resource: there when the keyring is written. */
  readonly keyring: CfnCustomResource;
  readonly role: IRole;

  constructor(scope: Construct, id: string, props: KeyringSeedProps) {
    super(scope, id);
    const { signingKeys, records, logRetention } = props;
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
    this.keyring.node.addDependency(seed);
    this.role = seed.role;
  }
}
