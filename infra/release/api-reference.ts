// docs/api.md: what the package exports, from the comments of the sources. Reads the sources.
import ts from 'typescript';
import { declarationsOf } from './declarations.ts';

/** In this order. */
const described = [
  'TokenExchange',
  'TokenExchangeProps',
  'Domain',
  'PrivateEndpoint',
  'WebAclOptions',
  'ProvisionedFunctions',
  'ProvisionedConcurrency',
  'ScheduledExecutions',
  'ReservedConcurrency',
  'ServiceBudget',
  'TracingOptions',
  'RolloutSpeed',
  'Canary',
  'ProbeAlarms',
  'ExchangeOutputs',
  'CompiledPolicyInput',
  'PolicyError',
  'PropsError',
];

const head = `# API reference

What \`cambio-token-exchange\` exports. Made by \`npm run api\` from the comments of the sources; what each is for and how to use it:
[deploy.md](deploy.md).
`;

type Declared = ts.ClassDeclaration | ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

/** @throws Error where one of them is not exported any longer */
export function apiReference(): string {
  const files = Object.entries(declarationsOf('infra/exports.ts'));
  const found = new Map(
    files.flatMap(([path, text]) =>
      ts
        .createSourceFile(path, text, ts.ScriptTarget.ES2023, true)
        .statements.filter(isDeclared)
        .map((statement) => [statement.name?.text ?? '', statement] as const),
    ),
  );
  const sections = described.map((name) => {
    const declared = found.get(name);
    if (!declared) throw new Error(`${name} is not exported`);
    return sectionOf(name, declared);
  });
  return [head, ...sections].join('\n');
}

function isDeclared(statement: ts.Statement): statement is Declared {
  return (
    ts.isClassDeclaration(statement) || ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
  );
}

function sectionOf(name: string, declared: Declared): string {
  const title = `## ${name}\n\n${docOf(declared)}\n`;
  if (ts.isTypeAliasDeclaration(declared)) return `${title}\n\`${inline(declared.type)}\`\n`;
  const members: readonly (ts.ClassElement | ts.TypeElement)[] = [...declared.members];
  const rows = members.filter(isPublic).map((member) => `| ${signatureOf(member)} | ${docOf(member)} |`);
  if (rows.length === 0) return title;
  return [title, '| member | is |', '|---|---|', ...rows, ''].join('\n');
}

/** What somebody reads or calls; how it is made, its props say. */
function isPublic(member: ts.ClassElement | ts.TypeElement): boolean {
  if (ts.isConstructorDeclaration(member) || member.name?.getText() === 'name') return false;
  const modifiers = ts.canHaveModifiers(member) ? ts.getModifiers(member) : undefined;
  return !modifiers?.some(({ kind }) => kind === ts.SyntaxKind.PrivateKeyword);
}

/** As code, on one line: `name?: Type`, `name(parameters): Type`. */
function signatureOf(member: ts.ClassElement | ts.TypeElement): string {
  return `\`${inline(member)
    .replace(/^readonly /, '')
    .replace(/;$/, '')
    .replaceAll('|', '\\|')}\``;
}

function inline(node: ts.Node): string {
  return node.getText().replaceAll(/\s+/g, ' ');
}

/** What its comment says, and what it throws. */
function docOf(node: ts.Node): string {
  const said = ts.getJSDocCommentsAndTags(node).flatMap((part) => {
    const text = ts.getTextOfJSDocComment(part.comment) ?? '';
    if (ts.isJSDoc(part)) return [text, ...(part.tags ?? []).flatMap(thrown)];
    return [];
  });
  return said.join(' ').replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim();
}

function thrown(tag: ts.JSDocTag): string[] {
  const isThrows = tag.tagName.text === 'throws';
  return isThrows
    ? [
        `Throws ${tag
          .getText()
          .replaceAll(/\s*\*?\s+/g, ' ')
          .replace(/^@throws /, '')
          .trim()
          .replace(/[^.]$/, '$&.')}`,
      ]
    : [];
}
