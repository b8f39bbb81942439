// At deploy, writes the issuer's documents into the bucket that CloudFront serves them from.
import { CfnCustomResource, Duration } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { AwsClients } from '../../shared/config.ts';
import type { PolicyArtifact } from '../../shared/policy/compiled-policy.ts';
import { EndpointFunction, type Settings } from '../endpoints/endpoint-function.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { RecordsTable } from '../records-table.ts';
import type { DocumentsBucket } from './documents-bucket.ts';

export interface DocumentsProps {
  readonly bucket: DocumentsBucket;
  readonly records: RecordsTable;
  readonly signingKeys: SigningKeys;
  readonly artifact: PolicyArtifact;
  readonly policyValues: string | undefined;
  readonly digests: Settings;
  readonly issuer: string;
  readonly apiBase: string;
  readonly mtlsBase: string | undefined;
  readonly awsClients: AwsClients | undefined;
  readonly logRetention: RetentionDays;
  /** The custom resource that writes the keyring. */
  readonly keyring: CfnCustomResource;
}

export class Documents extends Construct {
  /** The custom resource: there when the documents are written. */
  readonly published: CfnCustomResource;
  readonly role: IRole;

  constructor(scope: Construct, id: string, props: DocumentsProps) {
    super(scope, id);
    const { bucket, records, signingKeys, artifact, policyValues, digests, awsClients, logRetention } = props;
    const { issuer, apiBase, mtlsBase } = props;
    const writer = new EndpointFunction(this, 'Writer', {
      entry: 'documents',
      description: 'Cambio: publishes discovery and keys at deploy',
      settings: {
        ...{ issuer, apiBase, recordsTable: records.name, documentsBucket: bucket.name },
        keyringMac: signingKeys.mac.keyArn,
        ...(mtlsBase !== undefined && { mtlsBase }),
        ...(policyValues !== undefined && { policyValues }),
        ...(awsClients && { awsClients }),
      },
      digests,
      policy: artifact,
      statements: [
        records.statement('keyring', ['GetItem']),
        signingKeys.verifyStatement(),
        bucket.writeStatement('serverMetadata', 'openidConfiguration', 'keySet'),
      ],
      timeout: Duration.seconds(60),
      logRetention,
    });
    this.role = writer.role;
    this.published = new CfnCustomResource(this, 'Published', {
      // The function, not its alias: CloudFormation sends a delete to the service token the resource was made with.
      serviceToken: writer.function.functionArn,
      serviceTimeout: 120,
    });
    // Another version has another policy, issuer or way to write a document: they are written again.
    this.published.addPropertyOverride('Version', writer.function.currentVersion.functionArn);
    this.published.node.addDependency(writer, props.keyring);
  }
}
