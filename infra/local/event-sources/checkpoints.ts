// How far each mapping has come in its stream, from one start to the next. I/O: one file when told.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';

export interface Checkpoint {
  readonly streamArn: string;
  readonly shardId: string;
  /** Sequence number of the last record that is done with; none at the beginning of a shard. */
  readonly after?: string | undefined;
}

export interface Checkpoints {
  readonly find: (mapping: string) => Checkpoint | undefined;
  readonly keep: (mapping: string, checkpoint: Checkpoint) => void;
}

export function openCheckpoints(file: string | undefined): Checkpoints {
  const kept = new Map<string, Checkpoint>(file === undefined ? [] : Object.entries(read(file)));
  return {
    find: (mapping) => kept.get(mapping),
    keep: (mapping, checkpoint) => {
      kept.set(mapping, checkpoint);
      if (file === undefined) return;
      writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(kept)));
      renameSync(`${file}.new`, file);
    },
  };
}

function read(file: string): Record<string, Checkpoint> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, Checkpoint>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
