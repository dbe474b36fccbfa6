/**
 * Lets `read` read a value and returns the paths in it that were passed over: of a validator by schema, the properties that
 * the schema does not know. A property in a part that was not entered at all is told by that part's path alone.
 */
export function unread(value: object, read: (watched: object) => void): string[] {
  const seen = new Set<string>();
  read(watched(value, '', seen));
  const paths: string[] = [];
  const look = (here: unknown, path: string) => {
    if (typeof here !== 'object' || here === null) return;
    for (const [name, inner] of Object.entries(here)) {
      const at = `${path}/${name}`;
      if (inner === undefined) continue;
      if (seen.has(at)) look(inner, at);
      else paths.push(at);
    }
  };
  look(value, '');
  return paths;
}

function watched(value: object, path: string, seen: Set<string>): object {
  return new Proxy(value, {
    get(target, name, receiver) {
      const inner: unknown = Reflect.get(target, name, receiver);
      if (typeof name === 'symbol') return inner;
      const at = `${path}/${name}`;
      seen.add(at);
      return typeof inner === 'object' && inner !== null ? watched(inner, at, seen) : inner;
    },
  });
}
