// The table for the terminal and for docs/performance.md, and the chart. Pure.
import { aimOf, isMet, type Row, reached, shown } from './rows.ts';

export function textTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.id,
    isMet(row) ? 'met' : 'NOT',
    shown(row.value, row.unit),
    aimOf(row),
    row.what,
  ]);
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line, index) => {
    const padded = line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
    return `${padded}  ${rows[index]?.note ?? ''}`.trimEnd();
  });
  return lines.join('\n');
}

export function markdownTable(rows: readonly Row[]): string {
  const lines = rows.map(
    (row) =>
      `| ${row.id} | ${row.what} | **${shown(row.value, row.unit)}** | ${aimOf(row)} | ${isMet(row) ? 'yes' : '**no**'} | ${row.note ?? ''} |`,
  );
  return ['| row | what | measured | aim | met | beside it |', '|---|---|---|---|---|---|', ...lines].join('\n');
}

const [labelWidth, barStart, unitWidth, height, top] = [410, 420, 150, 24, 64];
/** Further than this a bar is cut. */
const most = 2.4;

/**
 * One bar for each row: how far it is from its aim, which is the line. Read by eye, in light and dark, and by a screen reader.
 * A bar's length is value ÷ aim, or aim ÷ value where less is better, so that longer is better everywhere.
 */
export function svgChart(rows: readonly Row[]): string {
  const width = barStart + unitWidth * most + 130;
  const whole = top + rows.length * height + 16;
  const aimAt = barStart + unitWidth;
  const missed = rows.filter((row) => !isMet(row)).map(({ id }) => id);
  const outcome = missed.length === 0 ? 'Every aim is met.' : `Not met: ${missed.join(', ')}.`;
  const values = rows.map((row) => `${row.id}: ${shown(row.value, row.unit)}, aim ${aimOf(row)}`).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${whole}" width="${width}" height="${whole}" role="img" aria-labelledby="title desc">
<title id="title">What was measured, against its aim</title>
<desc id="desc">${escaped(`${outcome} ${values}.`)}</desc>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.head { font-weight: 600; font-size: 15px; }
.quiet { fill: #59636e; }
.met { fill: #1a7f37; }
.not { fill: #cf222e; }
.aim { stroke: #1f2328; stroke-width: 1.5; stroke-dasharray: 4 3; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.quiet { fill: #9198a1; }
.met { fill: #3fb950; }
.not { fill: #f85149; }
.aim { stroke: #e6edf3; }
}
</style>
<text class="head" x="8" y="22">What was measured, against its aim</text>
<text class="quiet" x="8" y="42">Longer is better; the line is the aim. Bars that pass it are met.</text>
<text class="quiet" x="${aimAt}" y="${top - 8}" text-anchor="middle">aim</text>
${rows.map((row, index) => bar(row, top + index * height)).join('\n')}
<line class="aim" x1="${aimAt}" x2="${aimAt}" y1="${top - 4}" y2="${whole - 12}"/>
</svg>
`;
}

function bar(row: Row, y: number): string {
  const length = (Math.min(reached(row), most) * unitWidth).toFixed(1);
  const end = barStart + Number(length) + 8;
  const words = `${shown(row.value, row.unit)} (${aimOf(row)})`;
  const what = row.what.length > 56 ? `${row.what.slice(0, 55)}…` : row.what;
  return `<text x="${labelWidth}" y="${y + 16}" text-anchor="end">${escaped(`${row.id} · ${what}`)}</text>
<rect class="${isMet(row) ? 'met' : 'not'}" x="${barStart}" y="${y + 4}" width="${length}" height="${height - 8}" rx="2"/>
<text x="${end}" y="${y + 16}">${escaped(words)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
