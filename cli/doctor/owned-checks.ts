// Checks of what the stack owns: its own state, who may administrate, the table, the edge. Network, through the calls of AWS.
import { checkConcurrency } from './concurrency.ts';
import type { Check } from './deployment.ts';
import { unknown, well, wrong } from './finding.ts';

export const stackStatus: Check = async ({ server, stack }) => {
  const { status, isProtected, outputs, parameters } = await stack();
  // In a stack of one's own an output has the construct's name before it and a hash after it.
  const [, base] = [...outputs].find(([name]) => name.includes('ApiBase')) ?? [];
  if (base === undefined) return wrong('no output ApiBase', 'is this the stack of Cambio?');
  const here = server.at('').href.replace(/\/$/, '');
  if (base.replace(/\/$/, '') !== here) return wrong(`its ApiBase is ${base}`, 'another deployment than --url names');
  if (parameters.get('AllowDemonstrationPolicy') === 'true')
    return wrong('it may have the demonstration policy', 'deploy your own: -c policy=PATH');
  if (!/^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status))
    return wrong(status, 'the last deployment is not done, or was taken back');
  if (!isProtected) return wrong(`${status}, and anybody may delete it`, 'turn termination protection on');
  return well(`${status}, protected from being deleted`);
};

/** The API's resource policy: without a Deny, `execute-api:Invoke` on everything is the right to revoke. */
export const operators: Check = async ({ aws, resources }) => {
  const [api] = await resources('AWS::ApiGateway::RestApi');
  if (api === undefined) return unknown('the stack has no REST API');
  const { policy } = await aws.get('apigateway', `/restapis/${api}`);
  // API Gateway answers JSON that is escaped once more, slashes too.
  const text = String(policy ?? '').replaceAll('\\', '');
  return text.includes('Deny') && text.includes('/admin/*')
    ? well('only the operators may call /admin/*')
    : wrong('whoever may invoke the API may call /admin/*', 'name the operators: prop `operators`, -c operators=ARN');
};

export const recordsTable: Check = async ({ aws, resources }) => {
  const [global = [], single = []] = await Promise.all([
    resources('AWS::DynamoDB::GlobalTable'),
    resources('AWS::DynamoDB::Table'),
  ]);
  const names = [...global, ...single];
  if (names.length === 0) return unknown('the stack has no table');
  const problems = await Promise.all(names.map((name) => tableProblems(name, aws)));
  return problems.flat().length === 0
    ? well('recovery to any point in time, protected from being deleted')
    : wrong(
        problems.flat().join(', '),
        'somebody has switched it off: aws dynamodb update-table, update-continuous-backups',
      );
};

async function tableProblems(name: string, aws: Parameters<Check>[0]['aws']): Promise<readonly string[]> {
  const input = { TableName: name };
  const [{ Table }, { ContinuousBackupsDescription: backups }] = await Promise.all([
    aws.json('dynamodb', 'DescribeTable', input),
    aws.json('dynamodb', 'DescribeContinuousBackups', input),
  ]);
  const { DeletionProtectionEnabled: isProtected } = { ...Object(Table) };
  const { PointInTimeRecoveryDescription: recovery } = { ...Object(backups) };
  const { PointInTimeRecoveryStatus: status } = { ...Object(recovery) };
  return [
    ...(isProtected === true ? [] : [`${name} may be deleted`]),
    ...(status === 'ENABLED' ? [] : [`${name} cannot be had back as it was`]),
  ];
}

/** A choice, not a duty: it recommends. */
export const webAcl: Check = async ({ aws, resources }) => {
  const [[api], [stage]] = await Promise.all([
    resources('AWS::ApiGateway::RestApi'),
    resources('AWS::ApiGateway::Stage'),
  ]);
  if (api === undefined || stage === undefined) return unknown('the stack has no REST API');
  const arn = `arn:aws:apigateway:${aws.region}::/restapis/${api}/stages/${stage}`;
  const { WebACL } = await aws.json('wafv2', 'GetWebACLForResource', { ResourceArn: arn });
  const { Name: name } = { ...Object(WebACL) };
  return typeof name === 'string'
    ? well(`${name} is in front of the API`)
    : well('none is in front of the API', 'a flood reaches the functions: webAcl of the construct (docs/edge.md)');
};

export const administrators: Check = ({ aws }) => checkConcurrency(aws);
