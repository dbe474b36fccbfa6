/** Something that lives on the server, as the page knows it. One signal holds one of these; everything else is computed. */
export type Remote<T> =
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly value: T }
  /** The connection is gone; `last` is what was known before. */
  | { readonly state: 'lost'; readonly last: T | undefined }
  /** The server says no, in words for a person. */
  | { readonly state: 'refused'; readonly words: string };

/** The newest value there is, however old. */
export function lastOf<T>(remote: Remote<T>): T | undefined {
  switch (remote.state) {
    case 'ready':
      return remote.value;
    case 'lost':
      return remote.last;
    case 'loading':
    case 'refused':
      return undefined;
  }
}

/** The same thing without its connection. */
export const lost = <T>(remote: Remote<T>): Remote<T> => ({ state: 'lost', last: lastOf(remote) });
