// The kept-alive connections to one endpoint: the one used last is used next. Network.
import type { Answer } from './answer.ts';
import { type Connection, ConnectionEnded, type ConnectionOptions, openConnection } from './connection.ts';

export interface Connections {
  /** @throws Error when there is no whole answer in time; whether the request arrived is not known then */
  readonly send: (request: string) => Promise<Answer>;
  /** Opens one before there is a request, which waits for it then. It may fail: the request opens another. */
  readonly open: () => void;
}

export function createConnections(options: Omit<ConnectionOptions, 'session' | 'onSession'>): Connections {
  const idle: Connection[] = [];
  let session: Buffer | undefined;
  const onSession = (latest: Buffer): void => {
    session = latest;
  };
  const opened = (): Promise<Connection> => openConnection({ ...options, session, onSession });
  let ahead: Promise<Connection | undefined> | undefined;
  const openedAhead = async (): Promise<Connection | undefined> => {
    const opening = ahead;
    ahead = undefined;
    const connection = await opening;
    return connection?.isOpen() ? connection : undefined;
  };
  const sendOn = async (connection: Connection, request: string): Promise<Answer> => {
    const answer = await connection.send(request);
    if (connection.isOpen()) idle.push(connection);
    return answer;
  };
  return {
    send: async (request) => {
      const kept = lastOpen(idle) ?? (await openedAhead());
      if (!kept) return sendOn(await opened(), request);
      try {
        return await sendOn(kept, request);
      } catch (error) {
        // Connections that were idle for longer have probably ended too, as when Lambda wakes a frozen environment.
        for (const { close } of idle.splice(0)) close();
        if (!(error instanceof ConnectionEnded)) throw error;
      }
      // Servers may close idle connections at any time. That is no failure of the service, so it does not count as a try.
      return sendOn(await opened(), request);
    },
    open: () => {
      ahead = opened().catch(() => undefined);
    },
  };
}

function lastOpen(idle: Connection[]): Connection | undefined {
  for (let last = idle.pop(); last; last = idle.pop()) if (last.isOpen()) return last;
  return undefined;
}
