import type { Route, RouteName, routes } from '@muster/contracts';
import type * as z from 'zod/mini';

export type { RouteName };

type Routes = typeof routes;

/** Routes that answer line by line, and those that answer as a whole. */
export type LinesRouteName = {
  [Name in RouteName]: Routes[Name]['media'] extends 'application/x-ndjson' ? Name : never;
}[RouteName];
export type WholeRouteName = Exclude<RouteName, LinesRouteName>;

/** What a route answers; of one that answers line by line, what each line is. */
export type ReplyTo<Name extends RouteName> = z.output<Routes[Name]['reply']>;

/** A part of a call may be left out when nothing in it has to be there. */
type Part<Key extends string, Value> =
  Record<never, never> extends Value ? { readonly [K in Key]?: Value } : { readonly [K in Key]: Value };

export interface About {
  /** The version, as an answer told it, that a change was decided on: another one is refused as `version-conflict`. */
  readonly ifMatch?: number | undefined;
  /** A UUID that names the order: sent again with the same one it has no second effect. A new one unless given. */
  readonly commandId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a call of a route is made of, as its schemas say. */
export type Call<Name extends RouteName> = About &
  Part<'params', z.input<Routes[Name]['params']>> &
  Part<'query', z.input<Routes[Name]['query']>> &
  Part<'body', z.input<Routes[Name]['body']>>;

/** The same without its types, as it is sent. */
export interface AnyCall extends About {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

/** The path of a route with its parameters, and its query. Throws for a parameter that is not given. */
export function pathOf(route: Route, { params, query }: AnyCall): string {
  const given = fieldsOf(params);
  const path = route.path.replace(/:([a-zA-Z]+)/g, (_, name: string) => {
    const value = given.get(name);
    if (value === undefined || value === '') throw new TypeError(`${route.method} ${route.path} needs ${name}`);
    return encodeURIComponent(value);
  });
  const search = new URLSearchParams([...fieldsOf(query)]).toString();
  return search === '' ? path : `${path}?${search}`;
}

const fieldsOf = (values: unknown): Map<string, string> =>
  new Map(
    Object.entries(values ?? {}).flatMap(([name, value]) =>
      value === undefined || value === null ? [] : [[name, String(value)] as const],
    ),
  );
