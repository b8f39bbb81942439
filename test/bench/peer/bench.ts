// What every group of rows is measured with.
import type { DeployedFunction, Deployments } from './deployments.ts';
import type { Driver, Server } from './processes.ts';
import type { MadeWorld } from './world.ts';

export interface Bench {
  readonly made: MadeWorld;
  readonly deployments: Deployments;
  readonly driver: Driver;
  /** Starts a measured process; it ends with its group of rows. */
  readonly serve: (script: string, env?: Readonly<Record<string, string>>) => Promise<Server>;
  /** A function of ours; `log` is the descriptor of a file for its lines. */
  readonly serveFunction: (deployed: DeployedFunction, log?: number) => Promise<Server>;
  /** Rounds, and seconds of one segment. */
  readonly rounds: number;
  readonly seconds: number;
  readonly quick: boolean;
}
