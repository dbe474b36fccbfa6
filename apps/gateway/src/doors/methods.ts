import { type Route, routes } from '@muster/contracts';

const table: readonly Route[] = Object.values(routes);

const segments = (path: string): string[] => path.replace(/\/$/, '').split('/');

const fits = (pattern: readonly string[], path: readonly string[]): boolean =>
  pattern.length === path.length && pattern.every((part, index) => part.startsWith(':') || part === path[index]);

/** The methods that a path knows, by the table of routes; none when there is nothing at the path. */
export function methodsAt(path: string): string[] {
  const methods = table.filter((route) => fits(segments(route.path), segments(path))).map(({ method }) => method);
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))].sort();
}
