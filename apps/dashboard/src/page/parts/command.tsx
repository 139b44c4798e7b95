import { useRef, useState } from 'preact/hooks';
import type { CommandLine } from '../../api/commands.ts';
import type { Wire } from '../state/wire.ts';
import { t, type TextName } from '../text/text.ts';

const SAID_MS = 2_000;

/** A command to copy, and what it does: the pages change nothing themselves. */
function Command({ command: { line, effect } }: { readonly command: Wire<CommandLine> }) {
  const [said, setSaid] = useState<'copy' | 'copied' | 'selected'>('copy');
  const code = useRef<HTMLElement>(null);
  const copy = async () => {
    setSaid(await copied(line, code.current));
    setTimeout(() => setSaid('copy'), SAID_MS);
  };
  return (
    <div class="command">
      <code ref={code}>{line}</code>
      <button type="button" onClick={() => void copy()} aria-label={`${t('copy')}: ${line}`}>
        {t(said)}
      </button>
      <small class="dim">{t(`effect_${effect}` as TextName)}</small>
    </div>
  );
}

/** A browser has no clipboard for pages that come unencrypted from another machine, as through a plain proxy. */
async function copied(line: string, shown: Node | null): Promise<'copied' | 'selected'> {
  try {
    await navigator.clipboard.writeText(line);
    return 'copied';
  } catch {
    if (shown !== null) getSelection()?.selectAllChildren(shown);
    return 'selected';
  }
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
