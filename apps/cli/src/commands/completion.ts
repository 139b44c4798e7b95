import type { Command } from 'commander';
import { Argument } from 'commander';
import type { Define } from '../command-module.ts';
import { bashCompletion } from '../completion/bash.ts';
import { commandWords } from '../completion/command-words.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

const define: Define = (program: Command, run) => {
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText('after', HOW)
    .action(
      run<object, [keyof typeof SHELLS]>(
        async (_call, shell) => {
          const script = SHELLS[shell](commandWords(program)).trimEnd();
          const lines = script.split('\n');
          return { kind: 'completion', data: { shell, script }, ids: lines, text: () => [], script: lines };
        },
        { configured: false },
      ),
    );
};

export default define;

const HOW = `
bash:  source <(orchestrator completion bash)        # in ~/.bashrc
zsh:   source <(orchestrator completion zsh)         # in ~/.zshrc, after compinit
fish:  orchestrator completion fish | source         # in ~/.config/fish/config.fish`;
