// Types, and the lint rules that need them, over one program: alone, tsc and eslint each read and check all of it.
// `npm run typecheck` and `npx eslint .` find the same.
import { ESLint } from 'eslint';
import ts from 'typescript';

const host: ts.ParseConfigFileHost = {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
    throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
  },
};
const config = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, host);
if (!config) throw new Error('there is no tsconfig.json');

const program = ts.createProgram({ rootNames: config.fileNames, options: config.options });
const diagnostics = [...config.errors, ...ts.getPreEmitDiagnostics(program)];
process.stderr.write(
  ts.formatDiagnostics(diagnostics, {
    getCurrentDirectory: ts.sys.getCurrentDirectory,
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  }),
);

const eslint = new ESLint({
  overrideConfig: {
    files: ['**/*.ts'],
    // A file that is not of the program is an error of eslint.
    languageOptions: { parserOptions: { programs: [program], projectService: false } },
  },
});
const results = await eslint.lintFiles(['.']);
process.stderr.write(await (await eslint.loadFormatter()).format(results));

const problems = results.reduce((sum, { errorCount, warningCount }) => sum + errorCount + warningCount, 0);
process.exitCode = diagnostics.length + problems > 0 ? 1 : 0;
