// What the names in the commands of a runbook are on the local stack.
import type { LocalStack } from '../../infra/local/stack.ts';

/** `KEY`, the KMS key of ES256 tokens, and `TABLE`, that of records. */
export function namesIn({ template, resolve }: LocalStack): { readonly KEY: string; readonly TABLE: string } {
  const find = (type: string, has: string): string => {
    const found = Object.entries(template.Resources).find(
      ([, resource]) => resource.Type === type && JSON.stringify(resource.Properties).includes(has),
    );
    if (!found) throw new Error(`the template has no ${type} with ${has}`);
    return String(resolve({ Ref: found[0] }));
  };
  return { KEY: find('AWS::KMS::Key', 'ECC_NIST_P256'), TABLE: find('AWS::DynamoDB::GlobalTable', 'KeySchema') };
}
