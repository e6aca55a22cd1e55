import { tellParent } from './parent.ts';
import { choose, type Mode } from './subject.ts';

/* How long the choice of a kernel takes in a fresh process, in milliseconds. */
tellParent(choose(process.argv[2] as Mode).milliseconds);
