// What the measured processes have in common: a port, and their CPU time when they are asked for it.

// Imported by an ES module it would load undici, whose memory no function has.
const { createServer } = process.getBuiltinModule('node:http');

/**
 * Serves on a free port and tells the parent which.
 * @param {import('node:http').RequestListener} listener
 * @param {object} facts told with the port
 */
export function serve(listener, facts = {}) {
  const server = createServer({ keepAliveTimeout: 600_000 }, listener);
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port, ...facts }));
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send({ result: user + system });
  });
  process.on('disconnect', () => process.exit(0));
}

/** The listener of something that takes `authorization` and the text of a body, and answers a status and a text. */
export function listenerOf(respond) {
  return (request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const body = chunks.length === 1 ? chunks[0].toString() : Buffer.concat(chunks).toString();
      const answer = await respond(request, body);
      const headers = { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) };
      response.writeHead(answer.statusCode, headers).end(answer.body);
    });
  };
}
