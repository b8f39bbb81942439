// The floor behind node:http. WORK says how much it does; `memory` does all of it, with nothing outside the process.
import { callsByHand } from './aws-by-hand.mjs';
import { callsInProcess } from './calls-in-process.mjs';
import { createFloor } from './floor.mjs';
import { world } from './read-world.mjs';
import { listenerOf, serve } from './serve.mjs';

const { WORK } = process.env;
const { exchange, introspect } = createFloor(
  world,
  WORK === 'memory' ? callsInProcess(world) : callsByHand(),
  WORK === 'reads' ? 'reads' : 'same',
);

serve(listenerOf(({ url, headers }, body) => (url === '/token' ? exchange : introspect)(headers.authorization, body)));
