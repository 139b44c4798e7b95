import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The paths of a certificate and its private key. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Whether certificates can be made here. */
export function hasOpenSsl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** An authority of the test's own, for two days. */
export function newAuthority(folder: string, name: string): Certificate {
  const made = pathsOf(folder, name);
  openssl('req', '-x509', ...keyOptions(made), '-days', '2', '-subj', `/CN=${name}`, '-out', made.certificate);
  return made;
}

/** A certificate for these names and addresses (`DNS:…`, `IP:…`), signed by the authority. */
export function newCertificate(
  folder: string,
  { certificate, key }: Certificate,
  names: readonly string[],
): Certificate {
  const made = pathsOf(folder, 'server');
  const [request, extensions] = [join(folder, 'request.pem'), join(folder, 'extensions')];
  writeFileSync(extensions, `subjectAltName = ${names.join(', ')}\n`);
  openssl('req', '-new', ...keyOptions(made), '-subj', '/CN=server', '-out', request);
  const signing = ['-CA', certificate, '-CAkey', key, '-CAcreateserial', '-extfile', extensions];
  openssl('x509', '-req', '-in', request, ...signing, '-days', '2', '-out', made.certificate);
  return made;
}

function pathsOf(folder: string, name: string): Certificate {
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

function keyOptions({ key }: Certificate): string[] {
  return ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key];
}

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { stdio: 'pipe' });
}
