/**
 * The same value without what a database gives by itself, wherever it is: event ids, numbers for people (two
 * storages may give other ones, with gaps between them), and the hashes over events that hold such numbers. Whether
 * there is one is kept.
 */
export function withoutGiven(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutGiven);
  if (typeof value !== 'object' || value === null) return value;
  const isEvent = 'streamId' in value;
  const given = new Set(['number', ...(isEvent ? ['id'] : []), ...('seq' in value ? ['hash', 'prevHash'] : [])]);
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      if (given.has(key)) return [key, field === null ? null : 'given'];
      return [key, isEvent && key === 'payload' ? withoutGiven(decoded(field)) : withoutGiven(field)];
    }),
  );
}

function decoded(payload: unknown): unknown {
  return typeof payload === 'string' ? JSON.parse(payload) : payload;
}
