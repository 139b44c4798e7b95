/* Parts of a character class, for regular expressions with the flag `u`. Without zod: printers use them, too. */

/** What breaks a line or is no character. */
export const CONTROLS = String.raw`\p{Cc}\p{Cs}\p{Zl}\p{Zp}`;

/**
 * Invisible characters: two names that look the same must be the same. Unicode does not call all of them ignorable: not
 * a Braille cell without dots, a null notehead, the marks of annotations, and the controls of hieroglyphs.
 */
export const INVISIBLE = String.raw`\p{Default_Ignorable_Code_Point}\u2800\uFFF9-\uFFFB\u{1D159}\u{13430}-\u{1343F}`;

/** What no id and no name has. */
export const IN_NO_ID = CONTROLS + INVISIBLE;
