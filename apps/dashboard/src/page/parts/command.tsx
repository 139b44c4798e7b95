import { useState } from 'preact/hooks';
import type { CommandLine } from '../../api/commands.ts';
import type { Wire } from '../state/wire.ts';
import { t, type TextName } from '../text/text.ts';

const SAID_MS = 2_000;

/** A command to copy, and what it does: the pages change nothing themselves. */
function Command({ command: { line, effect } }: { readonly command: Wire<CommandLine> }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(line);
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  };
  return (
    <div class="command">
      <code>{line}</code>
      <button type="button" onClick={() => void copy()} aria-label={`${t('copy')}: ${line}`}>
        {isCopied ? t('copied') : t('copy')}
      </button>
      <small class="dim">{t(`effect_${effect}` as TextName)}</small>
    </div>
  );
}

export function Commands({ commands }: { readonly commands: readonly Wire<CommandLine>[] }) {
  return (
    <>
      {commands.map((command) => (
        <Command key={command.line} command={command} />
      ))}
    </>
  );
}
