/// <reference path="./negotiator.d.ts" />
import { pipeline, Readable, type Transform } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { brotliCompressSync, constants, createBrotliCompress, createGzip, createZstdCompress, gzipSync, zstdCompressSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { JSON_TYPE, NDJSON_TYPES } from './media.ts';
import { varyBy } from './vary.ts';

/** The codings of a reply, the best first where a client likes several alike (CONTRACT section 2). */
const CODINGS = ['zstd', 'br', 'gzip'] as const;
export type Coding = (typeof CODINGS)[number];

/** Below it a reply stays as it is: a packet holds it either way. */
const LEAST_BYTES = 1024;
/** A packer of each kind keeps up to about 1 MiB. Replies beyond so many at once go out as they are. */
const MOST_AT_ONCE = 64;
/** Packed replies that are kept come to about so much together, and what is packed to be kept is no longer than this. */
const MOST_KEPT_BYTES = 4 * 2 ** 20;
/** What a packer looks back over: 256 KiB. */
const WINDOW_LOG = 18;

/** A longer text is packed fast too: it takes longer to pack hard than to send what that would save. */
const LONG_BYTES = 2 ** 20;

/** How hard each coding tries: less for what is long, as numbers are, and br at most at level 5 (CONTRACT section 2). */
const ZSTD = (fast: boolean) => ({ [constants.ZSTD_c_compressionLevel]: fast ? 1 : 3, [constants.ZSTD_c_windowLog]: WINDOW_LOG });
const BROTLI = (fast: boolean) => ({ [constants.BROTLI_PARAM_QUALITY]: fast ? 1 : 5, [constants.BROTLI_PARAM_LGWIN]: WINDOW_LOG });
const GZIP = (fast: boolean) => (fast ? 1 : 6);

/** Each chunk goes out as it comes: a stream's client may wait for a line before it sends the next. */
const PACKERS: Readonly<Record<Coding, (fast: boolean) => Transform>> = {
  zstd: (fast) => createZstdCompress({ flush: constants.ZSTD_e_flush, params: ZSTD(fast) }),
  br: (fast) => createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH, params: BROTLI(fast) }),
  gzip: (fast) => createGzip({ flush: constants.Z_SYNC_FLUSH, level: GZIP(fast) }),
};

/** What is sent again and again, packed once in each coding. */
export function packOnce(plain: Buffer): Readonly<Record<Coding, Buffer>> {
  return {
    zstd: zstdCompressSync(plain, { params: ZSTD(false) }),
    br: brotliCompressSync(plain, { params: BROTLI(false) }),
    gzip: gzipSync(plain, { level: GZIP(false) }),
  };
}

/**
 * Packs replies of 1 KiB and more as their client's Accept-Encoding likes best, on threads of their own: text, pictures,
 * pages, documents, problems and metrics always, the numbers of an answer where `numbers` is true, and tensors as bytes
 * never. What is packed already is left alone, what has a tag is packed once, and for HEAD nothing is.
 */
export function packReplies(app: FastifyInstance, { numbers }: { readonly numbers: boolean }): void {
  let packing = 0;
  const kept = new KeptPacked();
  app.addHook('onSend', (request, reply, payload, done) => {
    if (!isLarge(reply, payload) || !isPacked(reply, numbers)) {
      done(null, payload);
      return;
    }
    varyBy(reply, 'accept-encoding');
    const coding = preferredCoding(request);
    if (coding === undefined || packing >= MOST_AT_ONCE) {
      done(null, payload);
      return;
    }
    const key = KeptPacked.keyOf(request, reply, payload, coding);
    const fast = isNumbers(reply) || lengthOf(reply, payload) > LONG_BYTES;
    headPacked(reply, coding);
    if (request.method === 'HEAD') {
      // Its length is not known before it is packed, and HEAD need not say it (RFC 9110, 9.3.2).
      done(null, isStream(payload) ? payload : Readable.from([]));
      return;
    }
    const pack = (): Transform => {
      packing++;
      const packer = PACKERS[coding](fast);
      const over = (): void => {
        packing--;
      };
      if (isStream(payload)) pipeline(payload, packer, over);
      else packer.once('close', over).end(payload);
      return packer;
    };
    if (key === undefined) {
      done(null, pack());
      return;
    }
    const known = kept.find(key);
    if (known && isStream(payload)) payload.destroy();
    (known ?? kept.keep(key, buffer(pack()))).then((bytes) => done(null, bytes), done);
  });
}

function headPacked(reply: FastifyReply, coding: Coding): void {
  reply.header('content-encoding', coding).removeHeader('content-length').removeHeader('accept-ranges');
  // The bytes are others now, the page is the same (RFC 9110, 8.8.3).
  const etag = reply.getHeader('etag');
  if (typeof etag === 'string' && !etag.startsWith('W/')) reply.header('etag', `W/${etag}`);
}

/** What has a tag is the same each time: its packed bytes are kept, as far as there is room. */
class KeptPacked {
  readonly #packed = new Map<string, Promise<Buffer>>();
  #bytes = 0;

  /** What a reply is kept by; undefined where it has no tag, or is too large to be held as a whole. Ask before its headers are changed. */
  static keyOf(request: FastifyRequest, reply: FastifyReply, payload: string | Buffer | Readable, coding: Coding): string | undefined {
    const etag = reply.getHeader('etag');
    if (etag === undefined || reply.statusCode !== 200 || lengthOf(reply, payload) > MOST_KEPT_BYTES) return undefined;
    const [path = ''] = request.url.split('?', 1);
    return `${coding} ${etag} ${path}`;
  }

  find(key: string): Promise<Buffer> | undefined {
    return this.#packed.get(key);
  }

  keep(key: string, packing: Promise<Buffer>): Promise<Buffer> {
    if (this.#bytes >= MOST_KEPT_BYTES) return packing;
    this.#packed.set(key, packing);
    packing.then(
      ({ length }) => {
        this.#bytes += length;
      },
      () => this.#packed.delete(key),
    );
    return packing;
  }
}

/** The coding that the client likes best; undefined where that is none. */
export function preferredCoding({ headers }: FastifyRequest): Coding | undefined {
  if (headers['accept-encoding'] === undefined) return undefined;
  const best = new Negotiator({ headers }).encoding([...CODINGS, 'identity'], { preferred: CODINGS });
  return CODINGS.find((coding) => coding === best);
}

/** Is it, or may it become, more than a packet? A stream says how long it is, or is long. */
function isLarge(reply: FastifyReply, payload: unknown): payload is string | Buffer | Readable {
  if (typeof payload !== 'string' && !Buffer.isBuffer(payload) && !isStream(payload)) return false;
  return lengthOf(reply, payload) >= LEAST_BYTES;
}

/** The length of a payload before it is packed; that of a stream which does not say it is infinite. */
function lengthOf(reply: FastifyReply, payload: string | Buffer | Readable): number {
  return isStream(payload) ? Number(reply.getHeader('content-length') ?? Number.POSITIVE_INFINITY) : payload.length;
}

function isStream(payload: unknown): payload is Readable {
  return typeof (payload as Readable | null)?.pipe === 'function';
}

const NUMBERS: readonly string[] = [JSON_TYPE, ...NDJSON_TYPES];
const TEXTS: readonly string[] = ['image/svg+xml', 'application/problem+json', 'application/yaml', 'application/javascript', ...NUMBERS];

function isPacked(reply: FastifyReply, numbers: boolean): boolean {
  if (reply.hasHeader('content-encoding') || reply.statusCode === 206) return false;
  const type = typeOf(reply);
  return (type.startsWith('text/') || TEXTS.includes(type)) && (numbers || !isNumbers(reply));
}

/** An answer in JSON is numbers; JSON that is fetched is a document. */
function isNumbers(reply: FastifyReply): boolean {
  return reply.request.method === 'POST' && reply.statusCode < 400 && NUMBERS.includes(typeOf(reply));
}

/** The media type of a reply, without parameters. */
function typeOf(reply: FastifyReply): string {
  const [type = ''] = `${reply.getHeader('content-type')}`.split(';', 1);
  return type;
}
