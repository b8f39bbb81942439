// The games of `npm run game-day` in their short form: they end as their runbooks say, and as docs/game-days.md shows them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Deployment } from '../../game-day/deployment.ts';
import { games } from '../../game-day/games.ts';
import { openStage, timelineText } from '../../game-day/stage.ts';
import { deploymentThatFails } from './deployment.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/game-days.md'), 'utf8');
const withoutTimes = (text: string): readonly string[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^ *[\d.]+ s/, ''));

let deployment: Deployment;
beforeAll(async () => {
  deployment = await deploymentThatFails();
});
afterEach(() => deployment.recover());

describe('game day', () => {
  test.each(Object.entries(games))('%s', async (name, play) => {
    const { stage, lines } = openStage(deployment);
    await play(stage);
    const [, shown = ''] = new RegExp(`## \`${name}\`[\\s\\S]*?\`\`\`text\\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
    expect(withoutTimes(shown)).toEqual(withoutTimes(lines.map(timelineText).join('\n')));
  });

  test('a game that goes otherwise ends with an error', async () => {
    const { stage } = openStage(deployment);
    const job = { who: 'a job', subject: await deployment.stack.tokenFor('github') };
    await expect(stage.exchange(job, '503 temporarily_unavailable')).rejects.toThrow('expected, and it was 200');
    await expect(stage.operator('cambio why no-id')).rejects.toThrow('exit 2');
    await stage.exchange(job, '200');
  });
});
