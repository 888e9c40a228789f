/** How fast this machine is, so that an experiment can say what it will cost. */
import { probe } from '../../../../documents/experiments/probe.js';

export default probe;
