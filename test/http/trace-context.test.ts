import { expect, test } from 'vitest';
import { readTraceparent } from '../../src/http/trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);

test.each([
  ['of this version', `00-${TRACE}-${SPAN}-01`],
  ['that is not sampled', `00-${TRACE}-${SPAN}-00`],
  ['of a version to come', `01-${TRACE}-${SPAN}-01`],
  ['of a version to come that says more', `cc-${TRACE}-${SPAN}-01-more`],
])('a traceparent %s says where a request stands in its trace', (_what, header) => {
  expect(readTraceparent(header)).toEqual({ trace_id: TRACE, span_id: SPAN });
});

test.each([
  ['that is absent', undefined],
  ['that came twice', [`00-${TRACE}-${SPAN}-01`, `00-${TRACE}-${SPAN}-01`]],
  ['that is empty', ''],
  ['of version ff, which is none', `ff-${TRACE}-${SPAN}-01`],
  ['of this version that says more', `00-${TRACE}-${SPAN}-01-more`],
  ['of a version to come that says more without a dash', `01-${TRACE}-${SPAN}-01more`],
  ['after something else', `x00-${TRACE}-${SPAN}-01`],
  ['in upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
  ['without a trace', `00-${NO_TRACE}-${SPAN}-01`],
  ['without a span', `00-${TRACE}-${NO_SPAN}-01`],
  ['with a trace too short', `00-${TRACE.slice(1)}-${SPAN}-01`],
  ['with a span too long', `00-${TRACE}-${SPAN}0-01`],
  ['without flags', `00-${TRACE}-${SPAN}`],
  ['with flags of one digit', `00-${TRACE}-${SPAN}-1`],
  ['with a version of one digit', `0-${TRACE}-${SPAN}-01`],
])('one %s says nothing', (_what, header) => {
  expect(readTraceparent(header)).toBeUndefined();
});
