import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';

/** What the comments in the sources of contracts say: of each name, and of each field in what it is made of. */
export interface Comments {
  /** The comment above `export const <name>`. */
  of(name: string): string | undefined;
  /** The comment above a field in the definition of a name, or above that field in the same file where only one such stands. */
  ofField(name: string, field: string): string | undefined;
}

interface Words {
  text: string | undefined;
  readonly fields: Map<string, Set<string>>;
  readonly beside: Map<string, Set<string>>;
}

/** Reads the comments of every source file under a folder: what the code says of itself is said once. */
export async function readComments(folder: string): Promise<Comments> {
  const files = await readdir(folder, { recursive: true });
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts')).sort();
  return commentsOf(await Promise.all(sources.map((file) => readFile(join(folder, file), 'utf8'))));
}

/** The comments of these sources. Pure. */
export function commentsOf(sources: readonly string[]): Comments {
  const words = new Map<string, Words>();
  for (const text of sources) readSource(text, words);
  const only = (found: ReadonlySet<string> | undefined): string | undefined =>
    found?.size === 1 ? [...found][0] : undefined;
  return {
    of: (name) => words.get(name)?.text,
    ofField: (name, field) => only(words.get(name)?.fields.get(field)) ?? only(words.get(name)?.beside.get(field)),
  };
}

function readSource(text: string, words: Map<string, Words>): void {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true);
  // Shapes that several names spread lie beside them in the file, under names of their own.
  const beside = new Map<string, Set<string>>();
  for (const statement of source.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const exported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (!ts.isIdentifier(name) || initializer === undefined) continue;
      const fields = exported ? new Map<string, Set<string>>() : beside;
      readFields(initializer, fields);
      if (exported) words.set(name.text, { text: commentOf(statement), fields, beside });
    }
  }
}

function readFields(node: ts.Node, fields: Map<string, Set<string>>): void {
  if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) {
    const comment = commentOf(node);
    const name = ts.isIdentifier(node.name) || ts.isStringLiteral(node.name) ? node.name.text : undefined;
    if (comment !== undefined && name !== undefined) fields.set(name, (fields.get(name) ?? new Set()).add(comment));
  }
  ts.forEachChild(node, (child) => readFields(child, fields));
}

function commentOf(node: ts.Node): string | undefined {
  const texts = ts
    .getJSDocCommentsAndTags(node)
    .filter(ts.isJSDoc)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '');
  const text = texts.at(-1)?.trim();
  return text === undefined || text === '' ? undefined : unfolded(text);
}

/** One line a paragraph and one an item of a list: where the source breaks its lines is its own affair. */
const unfolded = (text: string): string => text.replace(/([^\n])\n(?![\n-])\s*/g, '$1 ');
