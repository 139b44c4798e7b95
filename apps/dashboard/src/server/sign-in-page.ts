const COMMAND = 'orchestrator dashboard';
const END = '</main></body></html>\n';

/**
 * The page of a browser that is not signed in. It loads itself again, so that the tab continues at the address that it
 * was opened with, as soon as the browser is signed in.
 */
export function signInPage(problem: 'none' | 'used' | 'address', host: string): string {
  const says = {
    none: [
      'This browser is not signed in.',
      'Run this in a terminal, and open the link that it prints in this browser. This tab then continues by itself.',
      '이 브라우저는 로그인되지 않았습니다. 터미널에서 아래 명령을 실행하고 출력된 링크를 여세요. ' +
        '그러면 이 탭이 저절로 이어집니다.',
    ],
    used: [
      'This link was used already, or is older than a minute.',
      'Run this in a terminal once more: it prints a new link.',
      '이미 사용했거나 1분이 지난 링크입니다. 터미널에서 아래 명령을 다시 실행하면 새 링크가 출력됩니다.',
    ],
    address: [
      `The pages are at http://${host}/ alone.`,
      'Cookies of this address would reach every other server here. Run this in a terminal, and open the link.',
      '이 주소에서는 페이지를 제공하지 않습니다. 터미널에서 아래 명령을 실행하고 출력된 링크를 여세요.',
    ],
  }[problem];
  const refresh = problem === 'none' ? '<script src="./sign-in.js" defer></script>' : '';
  return [
    ...head(`${refresh}<title>Agent Orchestrator: sign in</title>`),
    `<h1>${says[0]}</h1><p>${says[1]}</p><pre>${COMMAND}</pre><p lang="ko">${says[2]}</p>`,
    END,
  ].join('');
}

/**
 * The page that a link leads to. It leads to the pages by itself, and is no redirect: a browser that came here from a
 * file or another site would send no `SameSite=Strict` cookie along one. The address is relative: behind a proxy the
 * pages are below a path.
 */
export function signedInPage(): string {
  return [
    ...head('<meta http-equiv="refresh" content="0; url=./"><title>Agent Orchestrator</title>'),
    '<p><a href="./">This browser is signed in.</a></p><p lang="ko"><a href="./">로그인되었습니다.</a></p>',
    END,
  ].join('');
}

function head(further: string): readonly string[] {
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `${further}</head><body><main>`,
  ];
}
