import type { World } from './world.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers have the shape of the operation
type Call = (service: 'dynamodb' | 'kms', operation: string, input: object) => Promise<any>;

export declare function callsInProcess(world: World): Call;
