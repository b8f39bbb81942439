// What a stack puts out of a TokenExchange: what others have to be told of it.
import { CfnOutput } from 'aws-cdk-lib';
import { Construct } from 'constructs';

/** By what each is called; absent where the policy has nothing for it. */
export type ExchangeOutputs = Readonly<Partial<Record<OutputName, CfnOutput>>>;

type OutputName = keyof typeof descriptions;

const descriptions = {
  Issuer: 'iss of every token: an https origin that never changes',
  ApiBase: 'Base of every route',
  MtlsBase: 'Base of every route for callers with a certificate',
  TokenEndpoint: 'Where tokens are exchanged',
  RecordsTable: 'The table of records',
  TokenRole: 'Whom the roles of the policy must trust',
  ProbeRole: 'Subject of the tokens of the probe',
  SessionBoundary: 'The permissions boundary that revocable roles must have',
  RevocationsRole: 'Whom other accounts must let end sessions of revocable roles',
  TrailBucket: 'The bucket of the audit trail',
  TrailKey: 'The KMS key that signs the heads of the audit trail',
} as const;

/** @param values by name; of those that are undefined there is no output */
export function makeOutputs(
  scope: Construct,
  values: Readonly<Record<OutputName, string | undefined>>,
): ExchangeOutputs {
  const parent = new Construct(scope, 'Outputs');
  const given = (Object.entries(values) as [OutputName, string | undefined][]).flatMap(([name, value]) =>
    value === undefined
      ? []
      : [[name, new CfnOutput(parent, name, { value, description: descriptions[name] })] as const],
  );
  return Object.fromEntries(given);
}
