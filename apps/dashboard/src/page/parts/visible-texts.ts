import { visible } from '@agent-orchestrator/runtime/visible';
import { options, type ComponentChildren } from 'preact';

/** Attributes that a browser shows or reads aloud. */
const SHOWN = ['title', 'aria-label', 'placeholder', 'alt'] as const;

/**
 * From then on, no page has a text that is hidden, or that changes the order of what is beside it: such characters are
 * shown by their codes, wherever a text comes from. Links, and what the button of a command copies, keep them.
 */
export function showAllTexts(): void {
  const before = options.vnode?.bind(options);
  options.vnode = (vnode) => {
    before?.(vnode);
    const props = vnode.props as Record<string, unknown> & { children?: ComponentChildren };
    if (props.children !== undefined) props.children = shown(props.children);
    if (typeof vnode.type === 'string')
      for (const name of SHOWN) if (typeof props[name] === 'string') props[name] = visible(props[name]);
  };
}

function shown(children: ComponentChildren): ComponentChildren {
  if (typeof children === 'string') return visible(children);
  return Array.isArray(children) ? children.map((child: ComponentChildren) => shown(child)) : children;
}
