/** Bounds of tokens, for the server and for the command line, which says them in its help. */

export const tokenDaysDefault = 90;
/** Long enough for a robot that is renewed once a year; a token without an end is one that nobody remembers. */
export const tokenDaysMax = 366;
export const tokenNameCharactersMax = 64;
export const tokenNetworksMax = 16;
/** Expired and revoked ones count until they are swept. */
export const tokensMax = 1_000;
