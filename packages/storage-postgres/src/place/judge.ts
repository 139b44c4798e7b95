import { counted, placeFinding, sized, type PlaceFinding } from '@agent-orchestrator/core';

/** The facts behind the findings. */
export type PostgresFacts = {
  readonly version: string;
  readonly login: LoginFacts;
  /** Who may create functions and operators in the schema `public`, where other programs may call them. */
  readonly publicCreators: readonly string[];
  /** Settings under which an acknowledged commit may be lost, with their values; none: a commit is durable. */
  readonly unsafeSettings: readonly string[];
  /** Bytes of the server's write-ahead log; null: this login may not read it. */
  readonly logBytes: number | null;
  /** Its normal greatest size between two checkpoints. */
  readonly logBytesKept: number;
  /** Replication slots without a reader that keep the write-ahead log, each with the bytes it keeps. */
  readonly idleSlots: readonly SlotFacts[];
};

/** The login, and what it may do. */
export type LoginFacts = {
  readonly user: string;
  readonly isSuperuser: boolean;
  /** Whether it may act as the owner of the schema, and so change the tables. */
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

/** The log grows under load, so there is a warning only if it is this many times larger than normal. */
const LOG_TIMES = 2;

/** The findings for the facts of a store on a server. Pure. */
export function judge(facts: PostgresFacts): readonly PlaceFinding[] {
  return [
    placeFinding('version', 'ok', `PostgreSQL ${facts.version}`),
    judgeLogin(facts.login),
    ...judgePublic(facts),
    judgeDurability(facts),
    judgeLogSize(facts),
  ];
}

function judgeLogin({ user, isSuperuser, isOwner, missing, excess }: LoginFacts): PlaceFinding {
  if (missing.length > 0)
    return placeFinding(
      'permissions',
      'notice',
      `${user} may read, but cannot claim or write: it lacks ${missing.join(', ')}.`,
      {
        hint: 'A reader needs no more. An agent needs the role orchestrator_app.',
        count: missing.length,
      },
    );
  if (!isSuperuser && !isOwner && excess.length === 0)
    return placeFinding(
      'permissions',
      'ok',
      `${user} has the rights of an agent, and can only append to the event log`,
    );
  const why = isSuperuser
    ? 'is a superuser'
    : isOwner
      ? 'may act as the owner of the tables'
      : `has ${excess.join(', ')}`;
  return placeFinding('permissions', 'warning', `${user} ${why}: it can change the event log.`, {
    hint:
      'Give agents a login without DDL rights, in the role orchestrator_app. ' +
      '`orchestrator store init --roles` creates the roles.',
    count: excess.length,
  });
}

/** Ours never look there; a person with `psql`, or another program, does. */
function judgePublic({ publicCreators }: PostgresFacts): readonly PlaceFinding[] {
  if (publicCreators.length === 0) return [];
  const said = `Functions and operators may be created in the schema public by ${publicCreators.join(', ')}.`;
  return [
    placeFinding('permissions', 'warning', said, {
      hint:
        'They run with the rights of any login whose program looks there, as psql does. ' +
        'As the owner of the database: REVOKE CREATE ON SCHEMA public FROM PUBLIC.',
      count: publicCreators.length,
    }),
  ];
}

function judgeDurability({ unsafeSettings }: PostgresFacts): PlaceFinding {
  if (unsafeSettings.length === 0) return placeFinding('durability', 'ok', 'a commit survives a crash of the server');
  const said = `The server can lose acknowledged commits: ${unsafeSettings.join(', ')}.`;
  return placeFinding('durability', 'warning', said, {
    hint: 'Switch these settings on, on the server. After a lost claim, a task can be done twice.',
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
      `No process reads ${counted(slots.length, 'replication slot')}, so the server keeps its log: ${named}.`,
      {
        hint: 'Start their readers again, or let the administrator of the server remove them.',
        count: slots.length,
      },
    );
  }
  if (logBytes === null) return placeFinding('log_size', 'ok', 'only an administrator may read the size of the log');
  if (logBytes <= LOG_TIMES * logBytesKept)
    return placeFinding('log_size', 'ok', `the server's log has ${sized(logBytes)}`);
  const said = `The write-ahead log has ${sized(logBytes)}; its normal size is ${sized(logBytesKept)}.`;
  return placeFinding('log_size', 'warning', said, {
    hint: 'Ask the administrator of the server why it is kept: for an archive, or a standby.',
  });
}
