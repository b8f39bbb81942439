// Specifications, section by section, through a running stack: one stack for all of them.
import './rfc6749.ts';
import './rfc7523.ts';
import './rfc8693.ts';
import './rfc8705.ts';
import './rfc8707.ts';
import './rfc8725.ts';
import './rfc9068.ts';
