import type { Answer } from '../../output/output.ts';
import type { Define } from '../../command-module.ts';
import { usage } from '../../failure.ts';

interface InitOptions {
  readonly roles?: boolean;
  readonly print?: boolean;
}

export const defineInit: Define = (parent, run) => {
  parent
    .command('init')
    .description('create or upgrade the store; the first task does this, too')
    .option('--roles', 'on a server: also create roles for owner, agents and readers')
    .option('--print', 'with --roles: only print the SQL statements')
    .action(
      run<InitOptions>(async (call) => {
        const { locateStore, openStorage, rolesOf } = await import('@agent-orchestrator/runtime');
        const { roles = false, print = false } = call.options;
        const given = call.settings.store.value;
        const { url } = (await locateStore(given)).location;
        if (print && !roles) throw usage('--print needs --roles.', 'orchestrator store init --roles --print', 'print');
        if (roles) {
          const storeRoles = await rolesOf(given);
          if (print) return printed(storeRoles.statements);
          await storeRoles.create();
        }
        const storage = await openStorage(given);
        try {
          const { created, applied } = await storage.migrate();
          const what = created ? 'created' : applied.length > 0 ? 'upgraded' : 'exists already, up to date';
          return {
            kind: 'store',
            data: { url, created, applied },
            asOf: await storage.read.settledEventId(),
            ids: [url],
            idsArePlaces: true,
            text: () => [`${what}: ${url}`],
            chatter: ['next: orchestrator task create TITLE'],
          };
        } finally {
          await storage.close();
        }
      }),
    );
};

function printed(statements: readonly string[]): Answer {
  return {
    kind: 'store_roles',
    data: { statements },
    ids: statements.flatMap((statement) => `${statement};`.split('\n')),
    text: () => [],
    script: statements.map((statement) => `${statement};`),
  };
}
