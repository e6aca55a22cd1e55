import type { IncomingMessage } from 'node:http';
import type { Readable, Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { Failure } from '../engine/failure.ts';
import { ClientGone } from './gone.ts';

/** The codings of a body that are read here (RFC 9110, 8.4.1). */
export const ENCODINGS = ['gzip', 'deflate', 'br', 'zstd'] as const;
export type Encoding = (typeof ENCODINGS)[number];

/** A frame may ask for a window of up to 2 GB; RFC 8878 wants 8 MiB to be read, and curl and browsers ask for no more. */
const ZSTD_WINDOW_LOG = 23;

/** gzip and zstd allow several members one after another; of the others, bytes after the end are a fault. */
const UNPACKERS: Readonly<Record<Encoding, () => Transform>> = {
  gzip: () => createGunzip(),
  deflate: () => createInflate({ rejectGarbageAfterEnd: true }),
  br: () => createBrotliDecompress({ rejectGarbageAfterEnd: true }),
  zstd: () => createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG } }),
};

/** What unpackers failed with, and whose fault it was: the bytes'. */
const faults = new WeakSet<Error>();

/**
 * The body as it was before it was packed. It has a listener for 'error' from the first: whoever reads it may stop
 * listening, and bytes that are still being unpacked may fail after that. `raw` is left alone when unpacking fails, so
 * that the connection can carry the refusal.
 */
export function unpack(raw: IncomingMessage, encoding: Encoding): Readable {
  const unpacker = UNPACKERS[encoding]();
  unpacker.on('error', (error: NodeJS.ErrnoException) => {
    if (!(error instanceof ClientGone) && error.code !== 'Z_MEM_ERROR') faults.add(error);
  });
  const onGone = (): void => {
    if (!raw.complete) unpacker.destroy(new ClientGone('the connection closed before the body was here'));
  };
  raw.on('error', onGone).on('close', onGone);
  return raw.pipe(unpacker);
}

/** A fault in the packed data, as the client's fault that it is; undefined where `error` is another. */
export function brokenEncoding(error: unknown): Failure | undefined {
  if (!(error instanceof Error && faults.has(error))) return undefined;
  return new Failure('malformed-json', `the body can’t be unpacked as its Content-Encoding says: ${error.message || 'the data is corrupt'}`);
}
