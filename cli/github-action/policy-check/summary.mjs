// The summary of a policy check, in GitHub's Markdown. What the pull request brought is text in it, and nothing else. Pure.

/** More would be read by nobody; the log has all. */
const longest = 50;

export function summaryOf({ policy, counts, checked, diagnostics, diff, replayed }) {
  const { gains = [], loses = [], undecided = [] } = diff ?? {};
  const lines = [
    `## Policy check: ${code(policy)}`,
    '',
    '| errors | gains | losses | warnings |',
    '|---|---|---|---|',
    `| ${counts.error} | ${counts.gain} | ${counts.loss} | ${counts.warning} |`,
    '',
    ...checked.filter((text) => text !== '').map((text) => `- ${code(text)}`),
    ...diagnostics.map(
      ({ file, line, column, level, message }) =>
        `- **${level}** ${code(`${file}:${line}:${column}`)} ${code(message)}`,
    ),
    '',
    ...section('Who gains', gains.map(changeOf)),
    ...section('Who loses', loses.map(changeOf)),
    ...section(
      'What cannot be told',
      undecided.map((text) => [`- ${code(text)}`]),
    ),
    ...(replayed
      ? section(
          'Recorded decisions that change',
          replayed.flips.map(({ to, what }) => [`- now ${to}: ${code(what)}`]),
          code(replayed.summary),
        )
      : []),
    ...(diff ? ['A witness is a proof that somebody gains; no witness is no proof that nobody does.', ''] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function section(title, items, note) {
  if (items.length === 0 && note === undefined) return [];
  const rest = items.length > longest ? [`- and ${items.length - longest} more`] : [];
  return [`### ${title}`, '', ...(note ? [note, ''] : []), ...items.slice(0, longest).flat(), ...rest, ''];
}

/** With the tokens that show it. */
function changeOf({ who, what, way }) {
  const line = `- ${code(who)}: ${code(what)}`;
  return way ? [line, '', '  <details><summary>witness</summary>', '', ...fenced(way), '', '  </details>'] : [line];
}

function fenced(value) {
  const text = JSON.stringify(value, undefined, 2);
  const runs = text.match(/`+/g) ?? [];
  const fence = '`'.repeat(Math.max(3, ...runs.map((run) => run.length + 1)));
  return [`${fence}json`, ...text.split('\n'), fence].map((line) => `  ${line}`);
}

/** Neither Markdown nor HTML of its own, on one line. */
function code(text) {
  const characters = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
  const plain = String(text)
    .replaceAll(/[&<>]/g, (character) => characters[character])
    .replaceAll(/[\\`*_{}[\]()#+!|~@:-]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll(/\s+/g, ' ');
  return `<code>${plain}</code>`;
}
