// API Gateway's mapping: `$context` in templates and the expressions of response parameters. Pure.
import { TemplateError } from '../template/stack-template.ts';

/** Values of `$context.…`, nested. */
export interface Context {
  readonly [name: string]: string | number | null | Context;
}

const unsupported =
  /\$(?!context\.)!?\{?[A-Za-z]|#\{?(set|if|else|elseif|end|foreach|macro|define|stop|break|parse|include|evaluate)\b/;

/** @throws TemplateError for any Velocity but `$context.name`, rather than to answer something else than AWS */
export function checkMappingTemplate(text: string, what: string): string {
  if (unsupported.test(text)) throw new TemplateError(`${what}: the local stack renders only $context variables`);
  return text;
}

/** Fills in `$context.name`; a name that is not set becomes empty. */
export function renderTemplate(text: string, context: Context): string {
  return text.replace(/\$context\.([A-Za-z]+(?:\.[A-Za-z]+)*)/g, (_all, path: string) => lookup(context, path));
}

/** A response parameter: a literal in single quotes or `context.name`. */
export type ParameterExpression = { readonly literal: string } | { readonly context: string };

/** @throws TemplateError for other expressions, such as an integration's headers */
export function parseParameter(text: string, what: string): ParameterExpression {
  const [, literal] = /^'(.*)'$/s.exec(text) ?? [];
  if (literal !== undefined) return { literal };
  const [, context] = /^context\.([A-Za-z.]+)$/.exec(text) ?? [];
  if (context !== undefined) return { context };
  throw new TemplateError(`${what}: the local stack does not know the expression ${text}`);
}

export function evaluateExpression(expression: ParameterExpression, context: Context): string {
  return 'literal' in expression ? expression.literal : lookup(context, expression.context);
}

/** The template for a request that accepts `accept`: an exact match, else JSON, else the first there is. */
export function templateFor(
  templates: Readonly<Record<string, string>>,
  accept: string | undefined,
): { readonly contentType: string; readonly text: string } {
  const wanted = (accept ?? '').split(',').map((range) => range.split(';')[0]?.trim() ?? '');
  const types = Object.keys(templates);
  const fallback = types.includes('application/json') ? 'application/json' : (types[0] ?? 'application/json');
  const contentType = wanted.find((type) => types.includes(type)) ?? fallback;
  return { contentType, text: templates[contentType] ?? '' };
}

function lookup(context: Context, path: string): string {
  let value: Context[string] | undefined = context;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null) return '';
    value = value[name];
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
