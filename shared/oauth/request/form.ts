// The form of a token request (RFC 6749 §3.2 and Appendix B): text of application/x-www-form-urlencoded to parameters. Pure.
import { Refused } from '../denial.ts';

/** Decoded parameters in order of appearance; parameters without a value are left out (RFC 6749 §3.2). */
export type Form = ReadonlyMap<string, readonly string[]>;

/** Most parameters one form may carry. */
const maxParameters = 200;

const urlencoded = /^application\/x-www-form-urlencoded *(?:; *charset *= *"?utf-8"? *)?$/i;

/** Whether a Content-Type header value is that of a form, a UTF-8 charset parameter tolerated. */
export function isFormContentType(contentType: string | undefined): boolean {
  return contentType !== undefined && urlencoded.test(contentType.trim());
}

/**
 * Decodes a form body. Bad percent escapes and bytes that are not UTF-8 are refused, never replaced, and the name
 * of a parameter is compared after decoding, so that `%73cope` repeats `scope`.
 * @throws Refused `parameter` with problem `malformed`
 */
export function parseForm(body: string): Form {
  const form = new Map<string, string[]>();
  const pairs = body === '' ? [] : body.split('&');
  if (pairs.length > maxParameters) malformed();
  for (const pair of pairs) {
    // Some parsers split at `;` too, and some read `scope[]` as `scope`: what they would see must not differ from this.
    if (pair.includes(';')) malformed();
    const separator = pair.indexOf('=');
    const name = decode(separator < 0 ? pair : pair.slice(0, separator));
    if (name.includes('[')) malformed();
    const value = separator < 0 ? '' : decode(pair.slice(separator + 1));
    if (value === '') continue;
    const values = form.get(name);
    if (values) values.push(value);
    else form.set(name, [value]);
  }
  return form;
}

/**
 * The value of a parameter that occurs at most once.
 * @throws Refused `parameter` with problem `repeated`
 */
export function single(form: Form, name: string): string | undefined {
  const values = form.get(name);
  if (values && values.length > 1) throw new Refused({ kind: 'parameter', parameter: name, problem: 'repeated' });
  return values?.[0];
}

/**
 * The value of a parameter that must occur exactly once.
 * @throws Refused `parameter` with problem `missing` or `repeated`
 */
export function required(form: Form, name: string): string {
  const value = single(form, name);
  if (value === undefined) throw new Refused({ kind: 'parameter', parameter: name, problem: 'missing' });
  return value;
}

/**
 * Refuses a form in which any parameter but the named ones is repeated, whether or not we know it (RFC 6749 §3.2).
 * @throws Refused `parameter` with problem `repeated`; an unknown parameter's name is never reflected
 */
export function refuseRepeats(form: Form, repeatable: readonly string[], known: readonly string[]): void {
  for (const [name, values] of form) {
    if (values.length < 2 || repeatable.includes(name)) continue;
    const parameter = known.includes(name) ? name : 'a parameter';
    throw new Refused({ kind: 'parameter', parameter, problem: 'repeated' });
  }
}

/** Decodes one name or value; undefined for bad escapes, bytes that are not UTF-8, and what must not stand unescaped. */
export function decodeFormText(text: string): string | undefined {
  // Most texts stand as they are: in visible ASCII without `%` and `+`.
  if (/^[\x21-\x24\x26-\x2a\x2c-\x7e]*$/.test(text)) return text;
  // A server that reads Latin-1 or raw UTF-8 would see other characters than we do: only ASCII may stand unescaped.
  if (!/^[\x21-\x7e]*$/.test(text)) return undefined;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** Of a space no two parsers disagree: whoever forgets to escape it, as `curl -d` does, means one. */
function decode(text: string): string {
  return decodeFormText(text.replaceAll(' ', '+')) ?? malformed();
}

function malformed(): never {
  throw new Refused({ kind: 'parameter', parameter: 'the form', problem: 'malformed' });
}
