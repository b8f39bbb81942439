// The policy drawn: issuers to the left, the rules that take their tokens, then audiences and roles, and to the right the rules
// that take our own. SVG made node by node.
import type { PictureRule, PolicyPicture } from '../api.ts';
import { s } from './dom.ts';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly label: string;
  readonly kind: string;
}

const [boxHeight, gap, margin] = [34, 14, 12];
const column = {
  issuers: { x: margin, width: 150 },
  rules: { x: 250, width: 220 },
  targets: { x: 560, width: 170 },
  own: { x: 810, width: 220 },
};

export function policyPicture({ issuers, rules, targets }: PolicyPicture): SVGElement {
  const foreign = rules.filter(({ takes }) => takes === undefined);
  const own = rules.filter(({ takes }) => takes !== undefined);
  const height =
    margin * 2 + Math.max(issuers.length, foreign.length, targets.length, own.length) * (boxHeight + gap) - gap;
  const place = <Item>(
    items: readonly Item[],
    at: { readonly x: number; readonly width: number },
    boxOf: (item: Item) => Omit<Box, 'x' | 'y' | 'width'>,
  ) => {
    const top = (height - items.length * (boxHeight + gap) + gap) / 2;
    return items.map((item, index): Box => ({ ...at, y: top + index * (boxHeight + gap), ...boxOf(item) }));
  };
  const ofRule = ({ id, denies }: PictureRule) => ({ label: id, kind: denies ? 'deny' : 'rule' });
  const boxes = {
    issuers: place(issuers, column.issuers, ({ name }) => ({ label: name, kind: 'issuer' })),
    foreign: place(foreign, column.rules, ofRule),
    targets: place(targets, column.targets, ({ name, kind }) => ({ label: name, kind })),
    own: place(own, column.own, ofRule),
  };
  const named = (list: readonly Box[], label: string | undefined): Box | undefined =>
    list.find((box) => box.label === label);
  const lines = [
    ...foreign.flatMap((rule) => {
      const box = named(boxes.foreign, rule.id);
      return [line(named(boxes.issuers, rule.from), box, rule), line(box, named(boxes.targets, rule.target), rule)];
    }),
    ...own.flatMap((rule) => {
      const box = named(boxes.own, rule.id);
      const taken = (rule.takes ?? []).map((name) => line(named(boxes.targets, name), box, rule));
      return [...taken, loop(box, named(boxes.targets, rule.target), rule)];
    }),
  ];
  const width = (own.length > 0 ? column.own.x + column.own.width : column.targets.x + column.targets.width) + margin;
  return s(
    'svg',
    {
      class: 'picture',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'aria-label': 'Issuers, rules, audiences and roles; the same in words is below',
    },
    s(
      'defs',
      {},
      s(
        'marker',
        {
          id: 'tip',
          viewBox: '0 0 8 8',
          refX: 7,
          refY: 4,
          markerWidth: 7,
          markerHeight: 7,
          orient: 'auto-start-reverse',
        },
        s('path', { d: 'M0 0 8 4 0 8z', class: 'tip' }),
      ),
    ),
    lines.flatMap((each) => each ?? []),
    Object.values(boxes).flat().map(boxNode),
  );
}

function boxNode({ x, y, width, label, kind }: Box): SVGElement {
  const most = Math.floor((width - 20) / 7.4);
  const text = label.length <= most ? label : `${label.slice(0, most - 1)}…`;
  return s(
    'g',
    { class: `box ${kind}` },
    s('title', {}, `${kind} ${label}`),
    s('rect', { x, y, width, height: boxHeight, rx: 8 }),
    s('text', { x: x + 12, y: y + boxHeight / 2 + 5 }, text),
    kind === 'deny' && s('text', { class: 'aside', x: x + width + 10, y: y + boxHeight / 2 + 5 }, 'refuses'),
  );
}

function line(from: Box | undefined, to: Box | undefined, { denies }: PictureRule): SVGElement | undefined {
  if (!from || !to) return undefined;
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + boxHeight / 2, to.x, to.y + boxHeight / 2];
  const bend = (x2 - x1) / 2;
  return s('path', {
    class: denies ? 'line deny' : 'line',
    d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2 - 2} ${y2}`,
    'marker-end': 'url(#tip)',
  });
}

/** From a rule about our own tokens back to the target that it grants: into the right edge of its box, a little lower. */
function loop(from: Box | undefined, to: Box | undefined, { denies }: PictureRule): SVGElement | undefined {
  if (!from || !to) return undefined;
  const [x1, y1, x2, y2] = [from.x, from.y + boxHeight - 8, to.x + to.width, to.y + boxHeight - 8];
  const bend = (x1 - x2) / 2;
  return s('path', {
    class: denies ? 'line deny' : 'line',
    d: `M${x1} ${y1}C${x1 - bend} ${y1} ${x2 + bend} ${y2} ${x2 + 2} ${y2}`,
    'marker-end': 'url(#tip)',
  });
}
