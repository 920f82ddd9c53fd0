/** A value that was parsed once at the door: a `Serial` is text, but not any text is a `Serial`. */

declare const brand: unique symbol;

export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
