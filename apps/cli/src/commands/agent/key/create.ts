import { keyFingerprint, keyPath, makeKey, registerKey, shellWord } from '@agent-orchestrator/runtime';
import type { Define } from '../../../command-module.ts';
import { PASSPHRASE_FILE, readNewPassphrase, type PassphraseOptions } from '../../../input/passphrase.ts';
import { notFound } from '../../../refusals.ts';
import { keyCard, keyOf } from '../../../views/key.ts';

export const defineKeyCreate: Define = (parent, run) => {
  parent
    .command('create')
    .description('make the key of a registered agent, in the place of any other; from then on its verdicts are signed')
    .argument('<name>', 'the name of the agent')
    .option(...PASSPHRASE_FILE)
    .action(
      run<PassphraseOptions, [string]>(async (call, name) => {
        await using orchestrator = await call.openForAsOf('existing');
        const asOf = await orchestrator.asOf();
        const before = await orchestrator.getAgent(name);
        if (before === null) throw notFound('agent', name);
        const key = makeKey(await readNewPassphrase(call, `the key of agent ${name}`));
        const reply = await registerKey(orchestrator, key, { agent: name, ...call.command });
        if (!reply.ok) throw notFound('agent', name);
        const made = keyOf(reply.agent);
        return {
          kind: 'agent_key',
          data: made,
          asOf,
          ids: [key.fingerprint],
          text: (paint) => keyCard(made, paint),
          chatter: [
            'keep a copy of the file and of the passphrase: without both, this key signs nothing',
            ...(before.publicKey === null
              ? []
              : [
                  `the key ${keyFingerprint(before.publicKey)} signs nothing more; ` +
                    `remove its file: ${shellWord(keyPath(before.publicKey))}`,
                ]),
          ],
        };
      }),
    );
};
