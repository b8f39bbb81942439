// Plays Lambda, which calls the handler for each event, and the API that the handler calls.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const tokens = new Set<string>();
const reports = createServer((request, response) => {
  tokens.add(request.headers.authorization ?? '');
  response.end(`the report of ${request.url?.slice(1)}`);
});
await new Promise<void>((resolve) => reports.listen(0, '127.0.0.1', resolve));
process.env['REPORTS_URL'] = `http://127.0.0.1:${(reports.address() as AddressInfo).port}`;

const { handler } = await import('./handler.ts');
for (const report of process.argv.slice(2)) {
  const { statusCode, body } = await handler({ report });
  process.stdout.write(`${statusCode} ${body}\n`);
}
process.stdout.write(`${tokens.size} token${tokens.size === 1 ? '' : 's'} for ${process.argv.length - 2} calls\n`);
reports.close();
reports.closeAllConnections();
