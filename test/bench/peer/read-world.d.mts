import type { World } from './world.ts';

export declare const world: World;
