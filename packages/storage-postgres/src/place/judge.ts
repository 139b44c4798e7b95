import { counted, placeFinding, sized, type PlaceFinding } from '@agent-orchestrator/core';

/** What the findings follow from. */
export type PostgresFacts = {
  readonly version: string;
  readonly login: LoginFacts;
  /** Settings under which an acknowledged commit may be lost, with their values; none: a commit is durable. */
  readonly unsafeSettings: readonly string[];
  /** Bytes of the server's write-ahead log; null: this login may not ask. */
  readonly logBytes: number | null;
  /** So large it may grow between two checkpoints. */
  readonly logBytesKept: number;
  /** Replication slots without a reader that keep the write-ahead log, each with the bytes it keeps. */
  readonly idleSlots: readonly SlotFacts[];
};

/** The login, and what it may do. */
export type LoginFacts = {
  readonly user: string;
  readonly isSuperuser: boolean;
  /** Whether it may act as the owner of the schema, and so change what the tables are. */
  readonly isOwner: boolean;
  /** What an agent needs and it may not do, as `INSERT event_log`. */
  readonly missing: readonly string[];
  /** What no agent needs and it may do to the log: `UPDATE event_log`. */
  readonly excess: readonly string[];
};

type SlotFacts = {
  readonly name: string;
  readonly bytes: number;
};

/** The log grows under load: only one that is this many times larger than it is to stay is worth a warning. */
const LOG_TIMES = 2;

/** What the facts of a store on a server amount to. Pure. */
export function judge(facts: PostgresFacts): readonly PlaceFinding[] {
  return [
    placeFinding('version', 'ok', `PostgreSQL ${facts.version}`),
    judgeLogin(facts.login),
    judgeDurability(facts),
    judgeLogSize(facts),
  ];
}

function judgeLogin({ user, isSuperuser, isOwner, missing, excess }: LoginFacts): PlaceFinding {
  if (missing.length > 0)
    return placeFinding('permissions', 'notice', `${user} may read, but not work: it lacks ${missing.join(', ')}.`, {
      hint: 'That is right for a reader. An agent needs the role orchestrator_app.',
      count: missing.length,
    });
  if (!isSuperuser && !isOwner && excess.length === 0)
    return placeFinding('permissions', 'ok', `${user} may do what an agent needs, and can only append to the log`);
  const why = isSuperuser
    ? 'is a superuser'
    : isOwner
      ? 'may act as the owner of the tables'
      : `has ${excess.join(', ')}`;
  return placeFinding('permissions', 'warning', `${user} ${why}: it could change the event log.`, {
    hint:
      'Give agents a login of their own in the role orchestrator_app; ' +
      '`orchestrator store init --roles` makes the roles.',
    count: excess.length,
  });
}

function judgeDurability({ unsafeSettings }: PostgresFacts): PlaceFinding {
  if (unsafeSettings.length === 0) return placeFinding('durability', 'ok', 'a commit survives a crash of the server');
  const said = `The server can lose what it has acknowledged: ${unsafeSettings.join(', ')}.`;
  return placeFinding('durability', 'warning', said, {
    hint: 'A claim that is lost is a task done twice. Switch these on, on the server.',
    count: unsafeSettings.length,
  });
}

function judgeLogSize({ logBytes, logBytesKept, idleSlots }: PostgresFacts): PlaceFinding {
  const slots = idleSlots.filter(({ bytes }) => bytes > LOG_TIMES * logBytesKept);
  if (slots.length > 0) {
    const named = slots.map(({ name, bytes }) => `${name} (${sized(bytes)})`).join(', ');
    return placeFinding(
      'log_size',
      'warning',
      `${counted(slots.length, 'replication slot')} that no process reads keep the server's log: ${named}.`,
      {
        hint: 'Start what should read them again, or let the administrator of the server remove them.',
        count: slots.length,
      },
    );
  }
  if (logBytes === null) return placeFinding('log_size', 'ok', 'only an administrator may ask for the size of the log');
  if (logBytes <= LOG_TIMES * logBytesKept)
    return placeFinding('log_size', 'ok', `the server's log has ${sized(logBytes)}`);
  const said = `The write-ahead log has ${sized(logBytes)}; ${sized(logBytesKept)} would do.`;
  return placeFinding('log_size', 'warning', said, {
    hint: 'Ask the administrator of the server what keeps it: an archive, or a standby.',
  });
}
