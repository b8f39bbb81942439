// The base URLs a deployment would have, and the one origin that serves them all locally. Pure.

import { stageOf } from './gateway/router.ts';
import { type Deployment, pseudoParameters, region } from './template/deployment.ts';
import { asString, resourcesOfType } from './template/stack-template.ts';

/**
 * The stand-in for DNS: the two base URLs that a deployment would have, and where they are served here. Only the
 * functions' environment variables are changed by it.
 */
export function localOrigins({ template, resolve }: Deployment, origin: string): ReadonlyMap<string, string> {
  const distributions = resourcesOfType(template, 'AWS::CloudFront::Distribution').map(([id]) =>
    asString(resolve({ 'Fn::GetAtt': [id, 'DomainName'] }), id),
  );
  const apis = resourcesOfType(template, 'AWS::ApiGateway::RestApi').map(([id]) => {
    const host = `${asString(resolve({ Ref: id }), id)}.execute-api.${region}.${pseudoParameters['AWS::URLSuffix']}`;
    return `${host}/${stageOf(template, resolve)}`;
  });
  return new Map([...apis, ...distributions].map((base) => [`https://${base}`, origin]));
}
