// The running stack with an issuer of every profile: the vendors' tokens, and the snippets by which jobs use them.
import './profiles/ci-snippets.ts';
import './profiles/exchange.ts';
