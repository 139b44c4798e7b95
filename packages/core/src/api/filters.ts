/**
 * What the reads take, as schemas.
 */
import { z } from 'zod';
import { evidence } from '../commands/evidence.ts';
import { EVENT_DOCS } from '../log/event-docs.ts';
import type { EventType } from '../log/events.ts';
import { AGENT_STATUS_NAMES } from '../model/agent.ts';
import * as field from '../model/fields.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import { SESSION_STATUS_NAMES, TASK_STATUS_NAMES } from '../model/statuses.ts';

const page = {
  namespace: field.name,
  limit: z.int().min(1).max(LIMITS.page_max).default(DEFAULTS.page),
  after: field.knownId.optional(),
  /** Newest first: the page before this cursor; null: the last page. */
  before: field.knownId.nullable().optional(),
};
const ONE_DIRECTION = { error: 'cannot be given together with after', path: ['before'] };
const inOneDirection = ({ after, before }: { after?: unknown; before?: unknown }) =>
  after === undefined || before === undefined;
export const one = z.lazy(() => z.strictObject({ namespace: field.name, id: field.knownId }));
export const namespaced = z.lazy(() => z.strictObject({ namespace: field.name }));
export const askedRole = z.lazy(() => z.strictObject({ namespace: field.name, role: field.name }));
export const askedAgent = z.lazy(() => z.strictObject({ namespace: field.name, agent: field.name }));
export const counted = z.lazy(() => z.strictObject({ namespace: field.name, max: z.int().positive() }));
export const verified = z.lazy(() =>
  z.strictObject({
    namespace: field.name.optional(),
    findingsMax: z.int().positive().optional(),
  }),
);
export const claimant = z.lazy(() =>
  z.strictObject({
    agent: field.name.optional(),
    roles: field.roles.optional(),
    kinds: field.kinds.optional(),
    evidence: z.array(evidence).max(LIMITS.batch_max).optional(),
  }),
);
/** What is known of an agent that is named apart. */
export const claimantTerms = z.lazy(() => claimant.unwrap().omit({ agent: true }));
export const agentFilter = z.lazy(() =>
  z.strictObject({
    namespace: page.namespace,
    limit: page.limit,
    /** The name of an agent, registered or not. */
    after: field.name.optional(),
    status: z.array(z.enum(AGENT_STATUS_NAMES)).min(1).optional(),
    role: field.name.optional(),
  }),
);
export const sessionFilter = z.lazy(() =>
  z
    .strictObject({
      ...page,
      status: z.array(z.enum(SESSION_STATUS_NAMES)).min(1).optional(),
      agent: field.name.optional(),
    })
    .refine(inOneDirection, ONE_DIRECTION),
);
export const taskFilter = z.lazy(() =>
  z
    .strictObject({
      ...page,
      sessionId: field.knownId.optional(),
      status: z.array(z.enum(TASK_STATUS_NAMES)).min(1).optional(),
      kind: field.name.optional(),
      parentId: field.knownId.optional(),
      /** Only tasks that were handed off and not claimed since, those that came back included. */
      handedOff: z.literal(true).optional(),
      /** Only the task that holds this dedupe key: no other task can be added with it now. */
      dedupeKey: field.id.optional(),
    })
    .refine(inOneDirection, ONE_DIRECTION),
);
export const dependencyFilter = z.lazy(() =>
  z
    .strictObject({ ...page, taskId: field.knownId.optional(), dependencyId: field.knownId.optional() })
    .refine(inOneDirection, ONE_DIRECTION)
    .refine(({ taskId, dependencyId }) => (taskId === undefined) !== (dependencyId === undefined), {
      error: 'must be given, or else dependencyId, and not both',
      path: ['taskId'],
    }),
);
export const headsFilter = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    agent: field.name,
    roles: field.roles.default([]),
    limit: page.limit,
  }),
);
export const questionFilter = z.lazy(() =>
  z.strictObject({
    namespace: field.name,
    limit: page.limit,
    after: z
      .string()
      .regex(/^\d{1,16}-./u, 'must be a cursor of this list')
      .optional(),
    /** Only questions to this agent, or to one of its roles. */
    agent: field.name.optional(),
    roles: field.roles.optional(),
  }),
);
const eventCursor = z.lazy(() => z.string().regex(/^\d{1,16}$/, 'must be the number of an event'));
export const eventFilter = z.lazy(() =>
  z
    .strictObject({
      ...page,
      after: eventCursor.optional(),
      before: eventCursor.nullable().optional(),
      /** The last event id of the list: `asOf` of an earlier answer, so that all pages show the same moment. */
      upTo: z.int().min(0).optional(),
      sessionId: field.knownId.optional(),
      taskId: field.knownId.optional(),
      agent: field.name.optional(),
      types: z
        .array(z.enum(Object.keys(EVENT_DOCS) as [EventType, ...EventType[]]))
        .min(1)
        .optional(),
    })
    .refine(inOneDirection, ONE_DIRECTION),
);

const fence = z.lazy(() => z.string().regex(/^\d{1,16}$/, 'must be a fence'));
/** A fence is a time in microseconds, and a safe integer. */
const LAST_TIME = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);
export const leaseFilter = z.lazy(() =>
  z
    .strictObject({
      ...page,
      after: fence.optional(),
      before: fence.nullable().optional(),
      sessionId: field.knownId.optional(),
      /** Only leases that were granted at this time (ms) or later. */
      from: z.int().min(0).max(LAST_TIME).optional(),
      /** What the leases were when this event was the last one. */
      upTo: z.int().min(0).optional(),
    })
    .refine(inOneDirection, ONE_DIRECTION),
);
export const countedInSession = z.lazy(() => z.strictObject({ ...one.unwrap().shape, max: z.int().positive() }));

/** A filter as a caller gives it. */
export type Filter<Schema extends z.ZodType> = Omit<z.input<Schema>, 'namespace'> & { readonly namespace?: string };
