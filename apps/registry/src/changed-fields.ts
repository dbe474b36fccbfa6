/** What was and what is, under the field's name; nothing when it was not given or stays. */
export function changeOf<Field extends string, Value>(
  field: Field,
  from: Value,
  to: NoInfer<Value> | undefined,
): { [F in Field]?: { from: Value; to: Value } } {
  if (to === undefined || JSON.stringify(from) === JSON.stringify(to)) return {};
  return { [field]: { from, to } } as { [F in Field]?: { from: Value; to: Value } };
}

/** Each once, in an order that says nothing, so that the same choice made otherwise changes nothing. */
export const sorted = <Text extends string>(texts: readonly Text[]): Text[] => [...new Set(texts)].sort();
