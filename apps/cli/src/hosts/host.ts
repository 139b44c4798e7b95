import { AGENT_HOSTS, type AgentHostName } from '@agent-orchestrator/runtime';

/** The name of our server and of our plugin in every host: short and without an underscore, as hosts require. */
export const SERVER_NAME = 'orchestrator';

/** In the order of the help. */
export const HOST_NAMES = Object.keys(AGENT_HOSTS) as HostName[];
export type HostName = AgentHostName;

/**
 * For whom a host is configured: `user` for this user everywhere, `project` for all users of this folder, `local` for
 * this user in this folder.
 */
export const SCOPES = ['user', 'project', 'local'] as const;
export type Scope = (typeof SCOPES)[number];

/** Where a command is called: all that decides which files a host uses. */
export interface Place {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The home folder of this user. */
  readonly home: string;
  /** The current folder. */
  readonly folder: string;
  /** The folder for what is kept of an installation. */
  readonly state: string;
  /** The path of this program, which hosts start. */
  readonly program: string;
  /** Whether a host may ask the person itself, on this terminal. */
  readonly terminal: boolean;
  /** How long a host may take to answer. */
  readonly deadlineMs: number;
}

/** How a host starts our server. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** A file that a host keeps its configuration in. */
export interface ConfigFile {
  readonly path: string;
  /** `json5` allows comments. */
  readonly format: 'json' | 'json5' | 'toml';
}

/** What a host's own command line answered. */
export interface HostAnswer {
  /** null: a signal or the deadline ended it. */
  readonly exit: number | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a host says of the server or plugin. */
export interface Verdict {
  readonly verified: boolean;
  /** What the host said, or what is missing: one sentence without a full stop. */
  readonly said: string;
}

export interface HostInput {
  readonly lines: (place: Place) => readonly string[];
  /** Its last answer. */
  readonly until: RegExp;
}

/** One question to a host, and how its answer is judged. */
interface Question {
  readonly words: readonly string[];
  /** What is written to its standard input, which stays open until it has answered. */
  readonly input?: HostInput;
  readonly judge: (answer: HostAnswer, server: ServerCommand | null) => Verdict;
}

/**
 * What the host itself tells of the plugin with our name, or of the marketplace that it is from:
 * - where it was installed from, a folder or an address; null: it does not say from where
 * - `none`: there is none
 * - `untold`: the host did not answer the question, so that there may be one
 */
export type PluginSource = { readonly from: string | null } | 'none' | 'untold';

/** How a host is asked that. */
interface SourceQuestion {
  readonly words: readonly string[];
  readonly sourceIn: (answer: HostAnswer) => PluginSource;
}

/** A program in which agents live: where it keeps its configuration, and which of its own commands change it. */
export interface AgentHost {
  readonly name: HostName;
  readonly title: string;
  readonly executable: string;
  /** The first is the default. */
  readonly scopes: readonly Scope[];
  /** What the host itself notes in its file whenever it writes it, and no person does: paths of keys. */
  readonly ownKeys?: readonly (readonly string[])[];
  readonly server: {
    readonly file: (scope: Scope, place: Place) => ConfigFile;
    /** The keys that lead to the entry in the parsed file. */
    readonly keys: (scope: Scope, place: Place) => readonly string[];
    readonly add: (scope: Scope, server: ServerCommand) => readonly string[];
    readonly remove: (scope: Scope) => readonly string[];
    /** What the command does to the file beside that; shown before the person agrees. */
    readonly note?: string;
    readonly question: Question;
    /** What only the person can grant. @param store the folder of the store; null: a server has it */
    readonly grants: (scope: Scope, place: Place, store: string | null) => readonly string[];
  };
  readonly plugin: {
    readonly scopes: readonly Scope[];
    /** The files that the host's commands change; what it copies elsewhere, it removes itself. */
    readonly files: (scope: Scope, place: Place) => readonly ConfigFile[];
    /**
     * Paths of keys in these files that have a value, and not false, only while the plugin is installed. A host may
     * leave other keys with our name: the trust of the person, or that the plugin is switched off.
     */
    readonly keys: readonly (readonly string[])[];
    /** @param folder where the plugins of all hosts were written */
    readonly add: (scope: Scope, folder: string) => readonly (readonly string[])[];
    /** Consents that the host asks the person for itself; where it cannot, the flags by which a person gives them. */
    readonly consents?: readonly string[];
    readonly remove: (scope: Scope) => readonly (readonly string[])[];
    /** Where the plugin with our name is from: a person can have one of another one. */
    readonly source: SourceQuestion;
    /**
     * Where the host keeps its copy, if it leaves a broken one out of its list, and so does not remove it.
     * `origin`: the file there that says from where it is, by the keys that lead to it.
     */
    readonly copy?: (place: Place) => { readonly folder: string; readonly origin: string; readonly keys: string[] };
    /** What the installations of all scopes share: the last one takes it away. */
    readonly removeShared: readonly (readonly string[])[];
    readonly question: Question;
    readonly grants: AgentHost['server']['grants'];
  };
}
