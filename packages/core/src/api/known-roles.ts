/** How many agents' roles are remembered: a process claims for few. */
const AGENTS_MAX = 1_000;

/**
 * The roles that the registry gave to the agents of this process, as it was last asked. A claim is looked up by them,
 * and is sent again if they have changed meanwhile.
 */
export class KnownRoles {
  readonly #roles = new Map<string, readonly string[]>();

  of(namespace: string, agent: string | undefined): readonly string[] {
    if (agent === undefined || this.#roles.size === 0) return [];
    return this.#roles.get(`${namespace}\n${agent}`) ?? [];
  }

  remember(namespace: string, agent: string, roles: readonly string[]): void {
    if (this.#roles.size >= AGENTS_MAX) this.#roles.clear();
    this.#roles.set(`${namespace}\n${agent}`, roles);
  }
}
