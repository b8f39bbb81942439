// The floor as a Lambda function on the SDK's clients, for cold starts: what a function costs that does as the manual says.
import { callsBySdk } from './aws-by-sdk.mjs';
import { createFloor } from './floor.mjs';
import { world } from './read-world.mjs';

const { exchange } = createFloor(world, callsBySdk(), 'same');

export const handler = ({ headers, body }) => exchange(headers.Authorization, body);
