import { Arcs } from './arcs.ts';
import { Change } from './change.ts';
import { Contributions } from './contributions.ts';
import { Diagnosis } from './diagnosis.ts';
import { Heads } from './heads.ts';
import { Planes } from './planes.ts';
import type { Actions, View } from './scene.ts';
import { Softmax } from './softmax.ts';
import { Worked } from './worked.ts';

/** Every picture of the page, from the top to the bottom. A new one is an entry here. */
export const PICTURES: readonly ((actions: Actions) => View)[] = [
  () => new Change(),
  (actions) => new Heads(actions),
  (actions) => new Worked(actions),
  (actions) => new Arcs(actions),
  (actions) => new Planes(actions),
  () => new Softmax(),
  () => new Contributions(),
  (actions) => new Diagnosis(actions),
];
