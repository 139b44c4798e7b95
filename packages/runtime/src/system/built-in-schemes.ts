/** The schemes of the storages that come along. What begins with one is no path, and may hold a password. */
export const BUILT_IN_SCHEMES = ['sqlite', 'postgres', 'postgresql', 'memory'] as const;
