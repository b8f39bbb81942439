// Which trace a request belongs to: W3C Trace Context of its caller, or what Lambda says of its own. Strict and bounded. Pure.

/** A span of somebody's, as others name it. */
export interface SpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether it is recorded. */
  readonly sampled: boolean;
  /** What systems on the way have added, as it came. */
  readonly state?: string;
}

/** Later versions may say more after a dash; what is here means the same in them. */
const parentPattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^,]*)?$/;
const maxParent = 256;

/**
 * The caller's span. A header that is not well formed is as none, and so is one that comes twice.
 * @see [W3C Trace Context §3.2](https://www.w3.org/TR/trace-context/#traceparent-header)
 */
export function callersSpan(traceparent: string | undefined, tracestate: string | undefined): SpanContext | undefined {
  if (traceparent === undefined || traceparent.length > maxParent) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] = parentPattern.exec(traceparent) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  if (isZero(traceId) || isZero(spanId)) return undefined;
  const state = wellFormedState(tracestate);
  return { traceId, spanId, sampled: isSampled(flags), ...(state !== undefined && { state }) };
}

const maxState = 512;
const maxMembers = 32;
const simpleKey = '[a-z][a-z0-9_*/-]{0,255}';
const tenantKey = '[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13}';
/** Printable ASCII but comma and equals sign, and no space at the end. */
const member = new RegExp(
  `^(${simpleKey}|${tenantKey})=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]$`,
);

/** All of it, or none: what is not understood is not passed on. @see [§3.3](https://www.w3.org/TR/trace-context/#tracestate-header) */
function wellFormedState(tracestate: string | undefined): string | undefined {
  if (tracestate === undefined || tracestate.length > maxState) return undefined;
  const members = tracestate
    .split(',')
    .map((one) => one.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((one) => one !== '');
  const keys = new Set(members.map((one) => member.exec(one)?.[1]));
  if (members.length === 0 || members.length > maxMembers || keys.has(undefined)) return undefined;
  return keys.size === members.length ? members.join(',') : undefined;
}

const lambdasPattern = /^Root=1-([0-9a-f]{8})-([0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=([01])(?:;|$)/;

/** Lambda's segment in X-Ray, from `_X_AMZN_TRACE_ID`. */
export function lambdasSpan(traceHeader: string | undefined): SpanContext | undefined {
  const [, time, random, spanId, sampled] = lambdasPattern.exec(traceHeader ?? '') ?? [];
  if (time === undefined || random === undefined || spanId === undefined) return undefined;
  return { traceId: `${time}${random}`, spanId, sampled: sampled === '1' };
}

/** For the caller, as W3C has it for answers: which span its request was. */
export function traceResponse({ traceId, spanId, sampled }: SpanContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

function isSampled(flags: string): boolean {
  return (Number.parseInt(flags, 16) & 1) === 1;
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
