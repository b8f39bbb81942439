// What the measured processes know, read from the file that WORLD names: keys, names, and the one client.
import { readFileSync } from 'node:fs';

export const world = JSON.parse(readFileSync(process.env.WORLD, 'utf8'));
