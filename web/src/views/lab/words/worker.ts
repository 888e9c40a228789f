export { attendWords as default } from '../../../words/attend.js';
