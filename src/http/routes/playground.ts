import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { packOnce, preferredCoding } from '../packing.ts';
import { varyBy } from '../vary.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors";

/** What the page loads, by address: the file, and its type. */
const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/playground/playground.js': ['built/playground.js', 'text/javascript; charset=utf-8'],
  '/playground/playground.css': ['built/playground.css', 'text/css; charset=utf-8'],
  '/playground/icon.svg': ['icon.svg', 'image/svg+xml'],
} as const;

/**
 * The playground: a page that talks to the public API alone. Its four files are kept in memory, plain and packed.
 * @param framers origins whose pages may frame it
 */
export async function playgroundRoutes(app: FastifyInstance, { framers = [] }: { readonly framers?: readonly string[] } = {}): Promise<void> {
  const policy = `${POLICY} ${framers.length === 0 ? "'none'" : framers.join(' ')}`;
  // The page's own addresses are relative, so that it works under a prefix, where it ends with a slash.
  if (app.prefix !== '') app.get('', { schema: { hide: true } }, async (_request, reply) => reply.redirect(`${app.prefix}/`, 308));
  for (const [url, [path, type]] of Object.entries(FILES)) {
    const plain = readFileSync(new URL(`../../playground/${path}`, import.meta.url));
    const packed = packOnce(plain);
    const etag = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
    app.get(url, { prefixTrailingSlash: 'slash', schema: { hide: true } }, async (request, reply) => {
      const coding = preferredCoding(request);
      reply.headers({
        'content-security-policy': policy,
        'cache-control': 'no-cache',
        etag: `"${etag}${coding ? `-${coding}` : ''}"`,
      });
      // It knows no list of origins: where there is one, the policy alone says who may frame the page.
      if (framers.length > 0) reply.removeHeader('x-frame-options');
      varyBy(reply, 'accept-encoding');
      if (isKnown(request, etag)) return reply.code(304).send();
      return coding ? send(reply.header('content-encoding', coding), type, packed[coding]) : send(reply, type, plain);
    });
  }
}

function send(reply: FastifyReply, type: string, bytes: Buffer): FastifyReply {
  return reply.type(type).send(bytes);
}

/** Does the client hold this version already, packed or not? (RFC 9110, 13.1.2) */
function isKnown({ headers }: FastifyRequest, etag: string): boolean {
  const known = headers['if-none-match'];
  return known !== undefined && (known.trim() === '*' || known.includes(`"${etag}`));
}
