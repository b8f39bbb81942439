// Which properties make CloudFormation replace a resource that has to last, as the resource types document them.

/** By type; of all the others nobody has written anything down. */
const replacing: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::GlobalTable': ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  // Not replaced but refused, which is no better.
  'AWS::KMS::Key': ['KeySpec', 'KeyUsage', 'MultiRegion', 'Origin'],
  'AWS::CloudFront::Distribution': [],
  'AWS::CloudFront::Function': ['Name'],
  'AWS::CloudFront::CachePolicy': [],
  'AWS::IAM::Role': ['RoleName', 'Path'],
  'AWS::IAM::ManagedPolicy': ['ManagedPolicyName', 'Path', 'Description'],
  'AWS::ApiGateway::RestApi': [],
};

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** What a later template must have too, unchanged: the type of each resource that lasts, and its properties that replace it. */
export function lasting(resources: Readonly<Record<string, Resource>>): Record<string, Resource> {
  const entries = Object.entries(resources).flatMap(([id, { Type, Properties = {} }]) => {
    const names = replacing[Type]?.filter((name) => Properties[name] !== undefined);
    return names
      ? [[id, { Type, Properties: Object.fromEntries(names.map((name) => [name, Properties[name]])) }] as const]
      : [];
  });
  return Object.fromEntries(entries);
}
