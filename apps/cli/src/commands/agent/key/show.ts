import { Failure } from '../../../failure.ts';
import type { Define } from '../../../command-module.ts';
import { notFound } from '../../../refusals.ts';
import { keyCard, keyOf } from '../../../views/key.ts';

export const defineKeyShow: Define = (parent, run) => {
  parent
    .command('show')
    .description('show the key of an agent, and where its private half is on this machine')
    .argument('<name>', 'the name of the agent')
    .action(
      run<object, [string]>(async (call, name) => {
        await using orchestrator = await call.open('read-only');
        const asOf = await orchestrator.asOf();
        const agent = await orchestrator.getAgent(name);
        if (agent === null) throw notFound('agent', name);
        if (agent.publicKey === null)
          throw new Failure('KEY_NOT_FOUND', `Agent ${name} has no key: its verdicts are not signed.`, {
            hint: '`orchestrator agent key create AGENT` makes one.',
          });
        const key = keyOf(agent);
        return { kind: 'agent_key', data: key, asOf, ids: [key.fingerprint], text: (paint) => keyCard(key, paint) };
      }),
    );
};
