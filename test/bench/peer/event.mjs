// The event of a request as API Gateway's Lambda proxy integration (REST, payload format 1.0) makes it.

/**
 * @param {string} path which is the resource, too
 * @param {[string, string][]} headers
 * @param {string} body
 */
export function eventOf(path, headers, body) {
  return {
    resource: path,
    path,
    httpMethod: 'POST',
    headers: Object.fromEntries(headers),
    multiValueHeaders: Object.fromEntries(headers.map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext,
    body,
    isBase64Encoded: false,
  };
}

const requestContext = {
  resourceId: 'abc123',
  httpMethod: 'POST',
  path: '/live/token',
  protocol: 'HTTP/1.1',
  stage: 'live',
  requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
  accountId: '111122223333',
  apiId: 'abcdef1234',
  identity: { sourceIp: '192.0.2.1', userAgent: 'bench', userArn: null },
};
