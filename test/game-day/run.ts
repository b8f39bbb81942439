// `npm run game-day -- NAME`: plays an incident on a local stack of its own and prints its timeline (docs/game-days.md).
import { startDeployment } from './deployment.ts';
import { games } from './games.ts';
import { openStage, timelineText } from './stage.ts';

const [name = ''] = process.argv.slice(2);
const play = Object.hasOwn(games, name) ? games[name] : undefined;
if (!play) {
  process.stderr.write(`usage: npm run game-day -- ${Object.keys(games).join('|')}\n`);
  process.exit(2);
}
const deployment = await startDeployment();
try {
  const { stage } = openStage(deployment, {
    onLine: (line) => process.stdout.write(`${timelineText(line)}\n`),
    realTime: true,
  });
  await play(stage);
} finally {
  await deployment.close();
}
