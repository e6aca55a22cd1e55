import { chooseCodec, codecOf } from '../src/runtime/codec.ts';

/** JSON_CODEC=portable runs every test without the codec in WebAssembly. */
export const JSON_CODEC = process.env['JSON_CODEC'] === 'portable' ? 'portable' : 'auto';

/** The codec of threads that a test starts, and the one of the test's own thread. */
export const chosenCodec = chooseCodec(JSON_CODEC);
export const codec = codecOf(chosenCodec);
