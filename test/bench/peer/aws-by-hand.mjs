// The least code that calls DynamoDB and KMS: Signature Version 4 with the day's key, node:http and its agent, no retries.
import { createHash, createHmac } from 'node:crypto';

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const services = {
  dynamodb: { prefix: 'DynamoDB_20120810', type: 'application/x-amz-json-1.0', variable: 'AWS_ENDPOINT_URL_DYNAMODB' },
  kms: { prefix: 'TrentService', type: 'application/x-amz-json-1.1', variable: 'AWS_ENDPOINT_URL_KMS' },
};

/** @returns {(service: 'dynamodb' | 'kms', operation: string, input: object) => Promise<any>} */
export function callsByHand(env = process.env) {
  const { Agent, request } = process.getBuiltinModule('node:http');
  const agent = new Agent({ keepAlive: true });
  const keys = new Map();
  const keyOf = (day, service) => {
    const name = `${day}/${env.AWS_REGION}/${service}/aws4_request`;
    const parts = [day, env.AWS_REGION, service, 'aws4_request'];
    const key = keys.get(name) ?? parts.reduce(hmac, `AWS4${env.AWS_SECRET_ACCESS_KEY}`);
    keys.set(name, key);
    return { name, key };
  };
  const sign = (service, { host }, target, body) => {
    const { type } = services[service];
    const time = new Date().toISOString().replace(/[:-]|\.\d{3}/g, '');
    const scope = keyOf(time.slice(0, 8), service);
    const names = 'content-type;host;x-amz-date;x-amz-security-token;x-amz-target';
    const values = `content-type:${type}\nhost:${host}\nx-amz-date:${time}\nx-amz-security-token:${env.AWS_SESSION_TOKEN}\nx-amz-target:${target}\n`;
    const canonical = `POST\n/\n\n${values}\n${names}\n${sha256(body)}`;
    const text = `AWS4-HMAC-SHA256\n${time}\n${scope.name}\n${sha256(canonical)}`;
    const signature = hmac(scope.key, text).toString('hex');
    return {
      'content-type': type,
      host,
      'x-amz-date': time,
      'x-amz-security-token': env.AWS_SESSION_TOKEN,
      'x-amz-target': target,
      authorization: `AWS4-HMAC-SHA256 Credential=${env.AWS_ACCESS_KEY_ID}/${scope.name}, SignedHeaders=${names}, Signature=${signature}`,
      'content-length': Buffer.byteLength(body),
    };
  };
  const urls = Object.fromEntries(
    Object.entries(services).map(([name, { variable }]) => [name, new URL(env[variable])]),
  );
  return (service, operation, input) =>
    new Promise((resolve, reject) => {
      const url = urls[service];
      const body = JSON.stringify(input);
      const headers = sign(service, url, `${services[service].prefix}.${operation}`, body);
      const sent = request(
        { host: url.hostname, port: url.port, path: '/', method: 'POST', agent, headers },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => {
            text += part;
          });
          response.on('end', () => {
            if (response.statusCode === 200) resolve(JSON.parse(text));
            else reject(new Error(text));
          });
        },
      );
      sent.on('error', reject).end(body);
    });
}
