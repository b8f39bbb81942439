// API Gateway's behaviour, executed from a template in the shapes `cdk synth` writes.
import { describe, expect, it } from 'vitest';
import { gateway, header, json, method, mock, resource, template } from './gateway-world.ts';

const sigV4 =
  'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261123/eu-west-1/execute-api/aws4_request, SignedHeaders=host, Signature=00';

describe('matching', () => {
  it.each([
    ['POST', '/token', '/token', {}],
    ['POST', '/token/', '/token', {}],
    ['POST', '//token', '/token', {}],
    ['GET', '/lists/7', '/lists/{id}', { id: '7' }],
    ['GET', '/lists/a%20b', '/lists/{id}', { id: 'a b' }],
    ['GET', '/lists/latest', '/lists/latest', null],
  ])('%s %s reaches %s', async (method, target, resource, pathParameters) => {
    const { send, invocations } = gateway();
    expect((await send(method, target)).status).toBe(200);
    const expected = pathParameters && Object.keys(pathParameters).length > 0 ? pathParameters : null;
    expect(invocations[0]?.event).toMatchObject({ resource, pathParameters: expected, path: target });
  });

  it.each([
    '/',
    '',
    '/Token',
    '/token/more',
    '/lists',
    '/lists/7/8',
    '/lists//7',
    '/nothing',
    '/%74oken',
  ])('GET %s is the 404 of the greedy resource or the root, and no function runs', async (target) => {
    const { send, invocations } = gateway();
    const answer = await send('GET', target);
    expect([answer.status, json(answer).answered]).toEqual([404, 404]);
    expect(invocations).toEqual([]);
  });

  it('takes the method itself before ANY', async () => {
    const { send } = gateway();
    expect((await send('POST', '/token')).status).toBe(200);
    const other = await send('DELETE', '/token');
    expect([other.status, header(other, 'allow'), header(other, 'cache-control')]).toEqual([405, 'POST', 'no-store']);
  });

  it('falls through to a less specific resource that has the method', async () => {
    const users = {
      Users: resource('users'),
      User: resource('{user}', { Ref: 'Users' }),
      Me: resource('me', { Ref: 'Users' }),
      UserGet: method({ Ref: 'User' }, 'GET'),
      MePatch: method({ Ref: 'Me' }, 'PATCH'),
    };
    const { send, invocations } = gateway(undefined, { Resources: users });
    expect((await send('GET', '/bare')).status).toBe(200);
    expect((await send('PATCH', '/users/me')).status).toBe(200);
    expect((await send('GET', '/users/me')).status).toBe(200);
    expect(invocations.map(({ event }) => [event.resource, event.pathParameters])).toEqual([
      ['/bare', null],
      ['/users/me', null],
      ['/users/{user}', { user: 'me' }],
    ]);
    for (const path of ['/bare', '/users/me', '/users']) {
      const answer = await send('POST', path);
      expect([answer.status, json(answer).answered]).toEqual([404, 404]);
    }
  });

  it('refuses a method that no resource has, with status 403', async () => {
    const { send } = gateway(undefined, { Resources: { RestAny: method({ Ref: 'Rest' }, 'GET', mock(404)) } });
    expect((await send('GET', '/bare')).status).toBe(200);
    const answer = await send('POST', '/bare');
    expect([answer.status, json(answer).type]).toEqual([403, 'MISSING_AUTHENTICATION_TOKEN']);
  });
});

describe('a proxy event', () => {
  it('carries the request as API Gateway writes it', async () => {
    const { send, invocations } = gateway();
    await send('POST', '/token?a=1&b=x%20y&a=2', {
      headers: [
        ['Host', 'api.example'],
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['X-Twice', 'one'],
        ['X-Twice', 'two'],
        ['Connection', 'keep-alive'],
      ],
      body: 'grant_type=ü',
    });
    const { arn, event } = invocations[0] ?? { arn: '', event: {} };
    expect(arn).toMatch(/:function:[^:]+:live$/);
    expect(event).toMatchObject({
      httpMethod: 'POST',
      queryStringParameters: { a: '2', b: 'x y' },
      multiValueQueryStringParameters: { a: ['1', '2'], b: ['x y'] },
      body: 'grant_type=ü',
      isBase64Encoded: false,
      stageVariables: null,
      requestContext: {
        stage: 'live',
        httpMethod: 'POST',
        resourcePath: '/token',
        path: '/live/token',
        protocol: 'HTTP/1.1',
      },
    });
    expect(event.headers).toMatchObject({ Host: 'api.example', 'X-Twice': 'two', 'X-Forwarded-For': '127.0.0.1' });
    expect(event.multiValueHeaders).toMatchObject({ 'X-Twice': ['one', 'two'] });
    expect(event.headers).not.toHaveProperty('Connection');
  });

  it('has null where there is no query and no body', async () => {
    const { send, invocations } = gateway();
    await send('POST', '/token');
    const absent = { queryStringParameters: null, multiValueQueryStringParameters: null, body: null };
    expect(invocations[0]?.event).toMatchObject(absent);
  });

  it('is base64 only for the binary media types of the API', async () => {
    const { send, invocations } = gateway();
    const body = Buffer.from([0xff, 0x00]);
    await send('POST', '/token', { headers: [['content-type', 'application/octet-stream']], body });
    await send('POST', '/token', { headers: [['content-type', 'text/plain']], body: 'ab' });
    expect(invocations.map(({ event }) => [event.body, event.isBase64Encoded])).toEqual([
      ['/wA=', true],
      ['ab', false],
    ]);
  });
});

describe('a function’s answer', () => {
  it('goes out with its status, headers and body', async () => {
    const headers = { 'Content-Type': 'application/jwt', 'Cache-Control': 'no-store' };
    const multiValueHeaders = { 'Set-Cookie': ['a', 'b'], 'cache-control': ['max-age=1'] };
    const { send } = gateway({ statusCode: 201, headers, multiValueHeaders, body: 'x.y.z' });
    const answer = await send('POST', '/token');
    expect([answer.status, answer.body]).toEqual([201, 'x.y.z']);
    const names = answer.headers.filter(([name]) => !name.startsWith('x-amzn'));
    expect(names).toEqual([
      ['Content-Type', 'application/jwt'],
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b'],
      ['cache-control', 'max-age=1'],
    ]);
  });

  it('has WWW-Authenticate under its own name and API Gateway’s, and other reserved headers only renamed', async () => {
    const headers = { 'WWW-Authenticate': 'Basic', Server: 'mine', 'Retry-After': '1' };
    const answer = await gateway({ statusCode: 401, headers, body: '{}' }).send('POST', '/token');
    expect(header(answer, 'www-authenticate')).toBe('Basic');
    expect(header(answer, 'x-amzn-remapped-www-authenticate')).toBe('Basic');
    expect([header(answer, 'server'), header(answer, 'x-amzn-remapped-server')]).toEqual([undefined, 'mine']);
    expect(header(answer, 'retry-after')).toBe('1');
  });

  it.each([
    ['nothing', null],
    ['a string', 'text'],
    ['an unknown member', { statusCode: 200, status: 200 }],
    ['a status that is none', { statusCode: 'ok' }],
    ['a body that is no string', { statusCode: 200, body: { a: 1 } }],
    ['a failure', { ok: false, failure: 'function-error', message: 'secret' }],
    ['its own timeout', { ok: false, failure: 'timeout', message: 'secret' }],
    ['an init error', { ok: false, failure: 'init-error', message: 'secret' }],
  ])('that is %s is the answer of DEFAULT_5XX, without a word of what went wrong', async (_name, result) => {
    const sound = await gateway({ statusCode: 200, body: '{}' }).send('POST', '/token');
    const answer = await gateway(result).send('POST', '/token');
    expect([sound.status, answer.status]).toEqual([200, 503]);
    expect(json(answer)).toEqual({ error: 'temporarily_unavailable' });
    expect([header(sound, 'retry-after'), header(answer, 'retry-after')]).toEqual([undefined, '1']);
  });

  it('that is none keeps API Gateway’s own status, 502, where the template’s response names no other', async () => {
    const { Properties } = template.Resources.Default5xx ?? {};
    const { StatusCode: _, ...unnamed } = Properties ?? {};
    const Resources = { Default5xx: { Type: 'AWS::ApiGateway::GatewayResponse', Properties: unnamed } };
    expect((await gateway(null, { Resources }).send('POST', '/token')).status).toBe(502);
    expect((await gateway(null).send('POST', '/token')).status).toBe(503);
  });

  it('that does not come within the integration’s timeout is the answer of INTEGRATION_TIMEOUT', async () => {
    const { Properties } = template.Resources.TokenPost ?? {};
    const Integration = { ...(Properties?.Integration as object), TimeoutInMillis: 50 };
    const Resources = { TokenPost: { Type: 'AWS::ApiGateway::Method', Properties: { ...Properties, Integration } } };
    expect((await gateway(undefined, { Resources }).send('POST', '/token')).status).toBe(200);
    const answer = await gateway(() => new Promise(() => {}), { Resources }).send('POST', '/token');
    expect([answer.status, json(answer)]).toEqual([503, { error: 'temporarily_unavailable' }]);
    expect(header(answer, 'retry-after')).toBe('1');
    expect(header(answer, 'x-request')).toBe(header(answer, 'x-amzn-requestid'));
  });
});

describe('a mock', () => {
  it('chooses its template by content type, JSON without one, and refuses others', async () => {
    const { send } = gateway();
    const types = [undefined, 'application/json; charset=utf-8', 'text/plain', 'TEXT/PLAIN', 'image/png'];
    const answers = await Promise.all(
      types.map((type) => send('PUT', '/token', type ? { headers: [['Content-Type', type]] } : {})),
    );
    expect(answers.map(({ status }) => status)).toEqual([405, 405, 405, 405, 415]);
    expect(json(answers[4] ?? { status: 0, headers: [], body: '{}' }).type).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  it.each([
    ['NEVER', 415],
    ['WHEN_NO_TEMPLATES', 415],
    ['WHEN_NO_MATCH', 503],
  ])('with passthrough %s answers an unmapped form with %i', async (PassthroughBehavior, status) => {
    const { Properties } = template.Resources.TokenAny ?? {};
    const changed = { ...Properties, ...mock(405, { PassthroughBehavior }, { Allow: "'POST'" }) };
    const { send } = gateway(undefined, {
      Resources: { TokenAny: { Type: 'AWS::ApiGateway::Method', Properties: changed } },
    });
    const form = { headers: [['Content-Type', 'application/x-www-form-urlencoded']] as const, body: 'a=b' };
    expect((await send('PUT', '/token', form)).status).toBe(status);
    expect((await send('PUT', '/token')).status).toBe(405);
  });

  it('fills in the request id', async () => {
    const answer = await gateway().send('GET', '/nothing');
    expect(json(answer).id).toBe(header(answer, 'x-amzn-requestid'));
  });

  it('that sets a header no method response declares is refused when the template is read', () => {
    const { Properties } = template.Resources.RestAny ?? {};
    const declared = { ...Properties, ...mock(404, {}, { Allow: "'GET'" }) };
    const Type = 'AWS::ApiGateway::Method';
    expect(() => gateway(undefined, { Resources: { RestAny: { Type, Properties: declared } } })).not.toThrow();
    const undeclared = { ...declared, MethodResponses: [{ StatusCode: '404' }] };
    expect(() => gateway(undefined, { Resources: { RestAny: { Type, Properties: undeclared } } })).toThrow(
      /RestAny: no method response declares method\.response\.header/,
    );
  });
});

describe('IAM authorization', () => {
  it.each([
    ['no header', []],
    ['a bearer token', [['Authorization', 'Bearer abc']]],
    ['half a signature', [['Authorization', sigV4.replace(/, Signature.*/, '')]]],
  ] as const)('refuses %s with 403 and admits a signature', async (_name, headers) => {
    const { send, invocations } = gateway();
    const refused = await send('POST', '/admin', { headers });
    expect([refused.status, json(refused).type]).toEqual([403, 'MISSING_AUTHENTICATION_TOKEN']);
    expect(invocations).toEqual([]);
    expect((await send('POST', '/admin', { headers: [['Authorization', sigV4]] })).status).toBe(200);
    expect(invocations[0]?.event.requestContext).toMatchObject({ identity: { accessKey: 'AKIAIOSFODNN7EXAMPLE' } });
  });
});

describe('limits', () => {
  it('are 10 MB of body, and what Lambda takes of an event', async () => {
    const { send, invocations } = gateway();
    const sizes = [1024, 7 * 1024 * 1024, 10 * 1024 * 1024 + 1];
    const answers = await Promise.all(sizes.map((size) => send('POST', '/token', { body: 'x'.repeat(size) })));
    expect(answers.map(({ status }) => status)).toEqual([200, 413, 413]);
    expect(invocations).toHaveLength(1);
  });

  it('are 10,240 bytes of request line and headers', async () => {
    const { send } = gateway();
    const statuses = [9_000, 11_000].map(
      async (size) => (await send('POST', '/token', { headers: [['X', 'x'.repeat(size)]] })).status,
    );
    expect(await Promise.all(statuses)).toEqual([200, 413]);
  });
});

describe('a template the router cannot execute', () => {
  it.each([
    [
      'an HTTP integration',
      'TokenPost',
      { Integration: { Type: 'HTTP_PROXY', Uri: 'https://example.com' } },
      /HTTP_PROXY/,
    ],
    ['a custom authorizer', 'TokenPost', { AuthorizationType: 'CUSTOM' }, /authorization CUSTOM/],
    [
      'Velocity',
      'RestAny',
      mock(404, { RequestTemplates: { 'application/json': '#set($x = 1){"statusCode":404}' } }),
      /\$context/,
    ],
  ])('is refused: %s', (_name, id, changes, message) => {
    const { Properties } = template.Resources[id] ?? {};
    const Resources = { [id]: { Type: 'AWS::ApiGateway::Method', Properties: { ...Properties, ...changes } } };
    expect(() => gateway(undefined, { Resources })).toThrow(message);
    expect(() => gateway()).not.toThrow();
  });
});
