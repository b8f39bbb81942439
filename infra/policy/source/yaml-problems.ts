// What is wrong with a YAML document before anybody looks at what it says. Pure.
import { type Alias, type Document, isAlias, isCollection, isPair, isScalar, type YAMLError } from 'yaml';
import { quote } from './diagnostic.ts';

/** A finding by its offset in the text. */
export interface Problem {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

/** One syntax error makes dozens that only follow from it: the first is told. */
export function problemsOf(document: Document.Parsed, text: string): Problem[] {
  const slips = document.errors.filter(({ code }) => code === 'DUPLICATE_KEY');
  const [syntaxError] = document.errors.filter(({ code }) => code !== 'DUPLICATE_KEY');
  if (syntaxError !== undefined) return [yamlProblem(syntaxError, text)];
  return [...[...slips, ...document.warnings].map((slip) => yamlProblem(slip, text)), ...oddities(document)];
}

function yamlProblem({ code, message, pos }: YAMLError, text: string): Problem {
  const offset = pos[0];
  if (code === 'DUPLICATE_KEY') return { offset, message: 'this key appears twice', hint: 'keep one of the two' };
  if (code === 'MULTIPLE_DOCS') {
    return { offset, message: 'a policy file holds one document', hint: 'remove "---" or use two files' };
  }
  if (code === 'TAG_RESOLVE_FAILED') {
    return { offset, message: 'YAML tags are not part of a policy', hint: 'remove the tag' };
  }
  const problem = { offset, message: `not valid YAML: ${message.split('\n')[0]}` };
  if (code === 'BAD_ALIAS') return { ...problem, hint: 'quote a pattern that begins with a star: "*"' };
  const template = text.slice(Math.max(0, offset - 1), offset + 2).includes('${');
  return template ? { ...problem, hint: 'quote a template: "${claims.NAME}"' } : problem;
}

function oddities(document: Document.Parsed): Problem[] {
  const problems: Problem[] = [];
  const { yaml } = document.directives;
  if (yaml.explicit && yaml.version !== '1.2') {
    problems.push({ offset: 0, message: `policies are YAML 1.2, not ${yaml.version}`, hint: 'remove the %YAML line' });
  }
  for (const node of nodesBelow(document.contents)) {
    if (isAlias(node)) problems.push(...aliasProblem(document, node));
    // A map with such a key has it dropped by what reads it later: a condition would silently vanish.
    if (isPair(node) && isScalar(node.key) && node.key.value === '__proto__') {
      problems.push({ offset: node.key.range?.[0] ?? 0, message: `${quote('__proto__')} cannot be a key` });
    }
  }
  return problems;
}

/** Every node that is no scalar, in the order in which they are written. The library's own visitor takes ten times as long. */
function nodesBelow(root: unknown): readonly unknown[] {
  const found: unknown[] = [];
  const collect = (node: unknown): void => {
    if (isScalar(node) || !node) return;
    found.push(node);
    if (isCollection(node)) node.items.forEach(collect);
    else if (isPair(node)) {
      collect(node.key);
      collect(node.value);
    }
  };
  collect(root);
  return found;
}

function aliasProblem(document: Document.Parsed, alias: Alias): Problem[] {
  const target = alias.resolve(document);
  const offset = alias.range?.[0] ?? 0;
  // `ref: *` or `ref: **` without quotes is read as a reference to an anchor.
  if (target === undefined) {
    const hint = `quote a pattern that begins with a star: ${JSON.stringify(`*${alias.source}`)}`;
    return [{ offset, message: `there is no anchor &${alias.source}`, hint }];
  }
  if (!target.range) return [];
  const circular = target.range[0] <= offset && offset < target.range[2];
  return circular ? [{ offset, message: `the alias *${alias.source} contains itself` }] : [];
}
