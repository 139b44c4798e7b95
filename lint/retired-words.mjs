// The words that are not used any more, each with the word to use. The lint rule `repository/retired-words` refuses the
// identifiers; tests/retired-words.test.ts refuses the phrases wherever people read. Both speak of this repository's
// own things: a word that has another, legitimate meaning is matched narrowly, and a comment says how.

/** Identifiers, exactly as written: variables, functions, types, properties, members. */
const EXACT = {
  Supposed: 'ClaimPreview',
  Seen: 'ClaimPreview',
  recall: 'restore, of a receipt codec',
  KeptTask: 'ReceiptTask',
  toKeep: 'store, of a receipt codec',
  StoreMark: 'StoreState',
  replaceMark: 'changeStoreState',
  goOnFrom: 'continueFrom',
  leaseMark: 'leaseEffect',
  lease_mark: 'lease_effect',
  Judgement: 'Decision',
  HeldLoaded: 'HeldLease',
  // Only the type: `holding` and `holdings` are English.
  Holding: 'HeldLease',
  // Only the bare word: a name such as `EndedStatus` says whose end it means.
  Ending: 'TaskEnd, LeaseEnd, HandlerResult, CommandExit or ExitReason',
  LostLease: 'LeaseEnd',
  LeaseLost: 'LeaseEnd',
  leaseLost: 'LeaseEnd; the reason of a refusal is `lease_lost`',
  // Only the bare type names: a link in a page or in a file system is called by what it links.
  Link: 'Connection',
  Links: 'ConnectionPool',
  Script: 'StatementBatch',
  deal: 'take',
  Door: 'StoreNotice',
  Witness: 'EvidenceRef',
  Mend: 'FixResult',
  Fate: 'outcome',
  TURNS: 'STATUS_EVENTS',
  noteSession: 'a name made of the columns that it writes',
  leaseSession: 'a name made of the columns that it writes',
  renewSession: 'a name made of the columns that it writes',
};

/** Words that no identifier has as a part, whatever stands before or after them. */
const PARTS = [
  [/outlook/iu, 'ClaimPreview'],
  [/foresee/iu, 'previewClaim'],
  [/way_?on(?![a-z])/iu, 'nextStep'],
];

/** Functions and the calls of them. A variable `transition` is a row of the lifecycle, which has that type. */
const FUNCTIONS = { transition: 'execute' };

/** Fields of a scope: of an object or type that says `by`. Everywhere else these words have their own meanings. */
const SCOPE_FIELDS = { then: 'nextReady', also: 'extraSessionIds', waiting: 'openTasksLimit' };

/**
 * Phrases, in text: comments, strings, help, errors, docs, SQL. A match may run over the end of a line.
 * @type {readonly (readonly [RegExp, string])[]}
 */
const PHRASES = [
  [/\bwhoever\b/giu, 'name the actor: the holder, the operator, an agent'],
  [/\b(?:some|any|no)body\b(?:'s)?/giu, 'name the actor: another process, agent X, no agent'],
  [/\bthe way on\b/giu, 'the next step'],
  [/\bplainly\b/giu, 'leave it out'],
  // `recommend` and `amend` are other words.
  [/\bmend(?:s|ed|ing)?\b/giu, 'fix'],
  [/\ba wall between\b/giu, 'isolates'],
  [/\bstands? on the door\b/giu, 'the state of the store'],
  [/\bbrought over\b/giu, 'imported, or copied'],
  // `What is going on?` is English.
  [/\b(?:go|goes|went) on\b/giu, 'continue'],
  [/\bstands? in quotes\b/giu, 'quoted text'],
  [/\bheeds?\b/giu, 'follows, or takes into account'],
  // The number of times is a plural unless it is one.
  [/(?<![\d.,])\b1 times\b/giu, 'once'],
  [/\boutlook\b/giu, 'claim preview'],
  [/\bforesees?\b/giu, 'previews'],
  [/\blease[ _]marks?\b/giu, 'lease effect'],
  [/\bstore(?:'s)? marks?\b|\bmarks? of (?:a|the) store\b/giu, 'state of the store'],
  [/\bjudgements?\b/giu, 'decision'],
];

/** Where the retired words stand on purpose: this list, and what tries it. */
export const EXEMPT = ['lint/retired-words.mjs', 'tests/retired-words.test.ts', 'tests/lint-rules.test.ts'];

/** Why a name must not be used, or undefined when it may. */
function retiredName(name) {
  const now = Object.hasOwn(EXACT, name) ? EXACT[name] : PARTS.find(([pattern]) => pattern.test(name))?.[1];
  return now === undefined ? undefined : `${name} is retired: ${now}`;
}

/** The retired phrases of a text, with their lines (from 1) and what to say. */
export function retiredPhrases(text) {
  // A phrase may go over two lines of a comment. The length stays the same, so that an index still tells the line.
  const flat = text.replaceAll(/\n[ \t]*(?:\*|\/\/|--|#|>)?[ \t]*/gu, (gap) => ' '.repeat(gap.length));
  return PHRASES.flatMap(([pattern, now]) =>
    [...flat.matchAll(spaced(pattern))].map((match) => ({
      phrase: match[0].replaceAll(/ +/gu, ' '),
      line: text.slice(0, match.index).split('\n').length,
      now,
    })),
  ).toSorted((a, b) => a.line - b.line);
}

/** The pattern, whatever the width of its gaps. */
function spaced(pattern) {
  return new RegExp(pattern.source.replaceAll(' ', ' +'), pattern.flags);
}

const called = (node) => node?.name ?? node?.value;

/** The names of what an object, a pattern or a type literal has. */
const keysOf = (members) => members.flatMap(({ key }) => called(key) ?? []);

export function retiredWords(context) {
  const report = (node, message) => {
    if (message) context.report({ node, message });
  };
  const look = (node) => report(node, retiredName(node.name));
  const lookAtFunction = ({ id, callee = id }) => {
    if (callee && Object.hasOwn(FUNCTIONS, callee.name ?? ''))
      report(callee, `${callee.name}() is retired: ${FUNCTIONS[callee.name]}`);
  };
  const lookAtScope = (members) => {
    if (!keysOf(members).includes('by')) return;
    for (const { key } of members) {
      const name = called(key);
      if (Object.hasOwn(SCOPE_FIELDS, name ?? ''))
        report(key, `The field ${name} of a scope is retired: ${SCOPE_FIELDS[name]}`);
    }
  };
  return {
    Identifier: look,
    PrivateIdentifier: look,
    FunctionDeclaration: lookAtFunction,
    CallExpression: lookAtFunction,
    ObjectExpression: ({ properties }) => lookAtScope(properties),
    ObjectPattern: ({ properties }) => lookAtScope(properties),
    TSTypeLiteral: ({ members }) => lookAtScope(members),
    TSInterfaceBody: ({ body }) => lookAtScope(body),
  };
}
